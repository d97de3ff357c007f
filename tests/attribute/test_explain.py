"""What is explained on each image, and what became of its map."""

import numpy as np
import pytest

from stages.attribute import explain
from stages.attribute.methods import METHODS
from stages.attribute.methods.base import Batch, Result, Subject
from tests import factories

THREE = ["a", "b", "c"]


def model(classes=factories.CLASSES, loss="softmax", positive=None):
    positive = positive or classes[-1]
    keys = {"ingest__classes": classes, "ingest__positive_class": positive, "train__loss": loss}
    return factories.trained_model(factories.design(**keys), {}, loss, classes, positive)


def test_the_class_that_is_explained():
    logits = np.array([[3, 1, 2], [0, 0, 5]])
    for target, wanted in [
        ("predicted", ["a", "c"]), ("true", ["b", "a"]), ("positive", ["b", "b"]), ("class:c", ["c", "c"]),
    ]:  # fmt: skip
        assert explain.target_classes(target, model(THREE, positive="b"), logits, ["b", "a"]) == wanted


def test_weights_of_a_logit_for_each_class():
    found = explain.logit_weights(["c", "a"], None, model(THREE))
    np.testing.assert_array_equal(found, [[0, 0, 1], [1, 0, 0]])
    assert found.dtype == np.float32


def test_a_contrast_is_subtracted():
    np.testing.assert_array_equal(explain.logit_weights(["c", "a"], "class:b", model(THREE)), [[0, -1, 1], [1, -1, 0]])
    np.testing.assert_array_equal(explain.logit_weights(["b"], "class:b", model(THREE)), [[0, 0, 0]])


@pytest.mark.parametrize("positive", ["normal", "abnormal"])
def test_a_single_logit_is_the_positive_class_s_and_its_negative_the_other_s(positive):
    other = {"normal": "abnormal", "abnormal": "normal"}[positive]
    single = model(loss="sigmoid", positive=positive)
    np.testing.assert_array_equal(explain.logit_weights([positive, other], None, single), [[1], [-1]])
    np.testing.assert_array_equal(explain.logit_weights([positive], f"class:{other}", single), [[1]])
    np.testing.assert_array_equal(explain.logit_weights([other], f"class:{positive}", single), [[-1]])


@pytest.mark.parametrize(
    ("values", "part", "wanted"),
    [
        ([[1, -1]], "positive", "ok"),
        ([[-1, -2]], "positive", "all_negative"),
        ([[0, -2]], "positive", "all_negative"),
        ([[-1, -2]], "absolute", "ok"),
        ([[0, 0]], "absolute", "constant"),
        ([[3, 3]], "positive", "constant"),
        ([[np.nan, 1]], "positive", "not_finite"),
        ([[np.inf, 1]], "absolute", "not_finite"),
    ],
)
def test_the_status_of_a_map(values, part, wanted):
    assert explain.status(np.array(values, np.float32), part) == wanted


class Told:
    """A method that answers with what it was given."""

    def __init__(self):
        self.batches = []

    def explainer(self, _subject, _settings):
        def function(batch: Batch) -> Result:
            self.batches.append(batch)
            given = batch.images if batch.features is None else batch.features
            delta = given.sum(axis=(1, 2, 3))
            return Result(given[..., 0], delta, delta * 0 + 0.5)

        return function


@pytest.mark.parametrize("kind", ["images", "features"])
def test_batches_are_padded_and_rows_stay_in_order(monkeypatch, kind):
    told, subject = Told(), Subject(model(), None, None)
    settings = METHODS["gradcam"].Settings(method="gradcam", target="true")
    monkeypatch.setitem(METHODS, "gradcam", told)
    arrays = np.random.default_rng(0).integers(0, 255, (7, 2, 2, 3), dtype=np.uint8)
    labels = ["normal", "abnormal"] * 3 + ["abnormal"]
    found = list(explain.explain(subject, settings, [arrays[:4], arrays[4:]], kind, 4, np.zeros((7, 2)), labels))
    assert [each.target for each in found] == labels
    for each, array in zip(found, arrays, strict=True):
        np.testing.assert_array_equal(each.values, array[..., 0])
        assert each.delta == array.sum()
        assert each.error == 0.5
    for batch in told.batches:
        given, absent = (batch.images, batch.features) if kind == "images" else (batch.features, batch.images)
        assert given.shape == (4, 2, 2, 3)
        assert given.dtype == np.float32
        assert absent is None
        assert batch.weights.shape == (4, 2)
    np.testing.assert_array_equal(told.batches[1].weights, [[1, 0], [0, 1], [0, 1], [0, 0]])


def explained(delta, error, values=((1.0, 1.0),), status="ok"):
    return explain.Explained(np.array(values), "a", status, delta, error)


def test_a_map_is_complete_within_the_promised_tolerance():
    assert explained(10, 0.0099).complete
    assert not explained(10, 0.0101).complete
    assert explained(-10, -0.0099).complete
    assert explained(0, 1.9e-5).complete
    assert not explained(0, 2.1e-5).complete


def test_the_summary_counts():
    notes = [explained(10, 0.0), explained(10, 1.0), explained(1, 0.0, status="all_negative")]
    assert explain.summary(notes) == "1 all_negative, 2 ok; the sum meets the logit's difference in 2 of 3"
    assert explain.summary([explained(None, None)]) == "1 ok"
