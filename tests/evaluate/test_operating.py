import numpy as np
import pytest

from stages.evaluate import operating
from tests.evaluate import factories

POSITIVE = np.array([False, False, True, False, True, True])
PROBABILITY = np.array([0.1, 0.2, 0.3, 0.4, 0.8, 0.9])


def test_youden_by_hand():
    # at 0.3: sensitivity 1, specificity 2/3; at 0.8: 2/3 and 1: equal, so the more sensitive one
    assert operating.choose(POSITIVE, PROBABILITY, "youden", 0.9) == (pytest.approx(0.25), None)


def test_wanted_sensitivity_takes_the_highest_threshold_that_reaches_it():
    assert operating.choose(POSITIVE, PROBABILITY, "sensitivity", 2 / 3)[0] == pytest.approx(0.6)
    assert operating.choose(POSITIVE, PROBABILITY, "sensitivity", 0.67)[0] == pytest.approx(0.25)
    assert operating.choose(POSITIVE, PROBABILITY, "sensitivity", 1.0)[0] == pytest.approx(0.25)


@pytest.mark.parametrize("levels", [None, 8])
def test_youden_agrees_with_trying_every_threshold(levels):
    truth, probabilities = factories.predictions(200, 2, levels=levels)
    positive, probability = truth == 1, probabilities[:, 1]

    def gain(threshold):
        called = probability >= threshold
        return called[positive].mean() - called[~positive].mean()

    best = max(gain(threshold) for threshold in np.linspace(0, 1, 2001))
    threshold, _ = operating.choose(positive, probability, "youden", 0.9)
    assert gain(threshold) >= best - 1e-9


def test_one_class_gives_a_reason():
    assert operating.choose(np.zeros(5, bool), np.linspace(0, 1, 5), "youden", 0.9)[0] is None
    assert "no negative" in operating.choose(np.ones(5, bool), np.linspace(0, 1, 5), "youden", 0.9)[1]
    assert "no positive" in operating.choose(np.zeros(0, bool), np.zeros(0), "youden", 0.9)[1]
