"""Which synthetic images there will be."""

from collections import Counter

import pytest
from pydantic import ValidationError

from stages.fetch.phantom.plan import plan
from stages.fetch.phantom.settings import Settings


def test_more_patients_leave_the_earlier_ones_as_they_were():
    few, many = plan(Settings(patients=7)), plan(Settings(patients=50))
    assert many[: len(few)] == few


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.29, 0.5, 1.0])
def test_labels_keep_the_asked_balance(fraction):
    items = plan(Settings(patients=200, abnormal_fraction=fraction))
    abnormal = {item.patient for item in items if item.label == "abnormal"}
    assert abs(len(abnormal) - 200 * fraction) <= 1


def test_each_patient_has_one_label_and_one_to_three_images():
    items = plan(Settings(patients=120))
    counts = Counter(item.patient_id for item in items)
    assert set(counts.values()) == {1, 2, 3}
    assert len({(item.patient_id, item.label) for item in items}) == 120
    assert all(item.view == "PA" for item in items)


def test_only_the_folder_tells_the_class():
    items = plan(Settings(patients=400))
    assert len({item.path for item in items}) == len(items)
    assert all(item.path == f"{item.label}/{item.patient_id}_{item.number}.png" for item in items)
    numbers = {label: [item.patient for item in items if item.label == label] for label in ("normal", "abnormal")}
    means = [sum(values) / len(values) for values in numbers.values()]
    assert abs(means[0] - means[1]) < 12
    odd = [sum(value % 2 for value in values) / len(values) for values in numbers.values()]
    assert abs(odd[0] - odd[1]) < 0.2


def test_seeds_draw_other_labels():
    labels = [[item.label for item in plan(Settings(patients=40, seed=seed)) if item.number == 1] for seed in (0, 1)]
    assert labels[0] != labels[1]


@pytest.mark.parametrize("wrong", [{"patients": 1}, {"size": 8}, {"abnormal_fraction": 1.5}, {"patient": 3}])
def test_bad_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**wrong)
