"""Step sizes by hand."""

import pytest

from stages.train.schedule import factor
from stages.train.settings import ScheduleSettings


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, [1, 1, 1, 1]),
        ({"warmup": 3}, [0.25, 0.5, 0.75, 1]),
        ({"kind": "cosine"}, [1, 0.853553, 0.5, 0.146447]),
        ({"kind": "cosine", "warmup": 2}, [1 / 3, 2 / 3, 1, 0.5]),
        ({"kind": "step", "every": 2, "decay": 0.1}, [1, 1, 0.1, 0.1]),
        ({"kind": "exponential", "every": 2, "decay": 0.25}, [1, 0.5, 0.25, 0.125]),
    ],
)
def test_factors_of_four_epochs(keys, expected):
    settings = ScheduleSettings(**keys)
    assert [factor(settings, epoch, 4) for epoch in (1, 2, 3, 4)] == pytest.approx(expected, abs=1e-6)


def test_a_warmup_longer_than_the_training_only_grows():
    factors = [factor(ScheduleSettings(kind="cosine", warmup=9), epoch, 4) for epoch in (1, 2, 3, 4)]
    assert factors == pytest.approx([0.1, 0.2, 0.3, 0.4])
