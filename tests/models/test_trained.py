"""A trained model on disk, and what its logits mean."""

import json

import numpy as np
import pytest

from stages.common import files
from stages.common.errors import UserError
from stages.models import compose, front, runtime, trained
from tests import factories


@pytest.fixture(scope="module")
def model():
    runtime.start()
    design = factories.design(backbone__cut="block5_conv3")
    parts = compose.compose(design)
    factories.randomize(parts.whole)
    arrays = {name: np.asarray(value) for name, value in front.named_weights(parts.tail).items()}
    return factories.trained_model(design, arrays)


def bare(outputs, classes, positive):
    loss = "sigmoid" if outputs == 1 else "softmax"
    return trained.Trained(factories.design(train__loss=loss), classes, positive, loss, {}, {})


def test_saving_twice_gives_the_same_bytes(model, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        trained.save(model, tmp_path / name)
    names = {path.name for path in (tmp_path / "first").iterdir()}
    assert names == {"model.json", "weights.h5"}
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_a_model_comes_back_whole(model, tmp_path):
    trained.save(model, tmp_path)
    found = trained.load(tmp_path)
    assert found.design == model.design
    assert (found.classes, found.positive_class, found.loss) == (model.classes, model.positive_class, model.loss)
    assert found.provenance == model.provenance
    assert files.digest(found.arrays) == files.digest(model.arrays)
    assert {"head_standardize/mean", "head_standardize/deviation", "head_dense/kernel", "head_logits/bias"} <= set(
        found.arrays
    )


def test_a_model_that_lacks_a_weight_is_refused_and_not_filled_up(model, tmp_path):
    arrays = {name: value for name, value in model.arrays.items() if name != "head_logits/kernel"}
    with pytest.raises(UserError, match="head_logits/kernel"):
        trained.build(factories.trained_model(model.design, arrays), None)
    with pytest.raises(UserError, match="block1_conv1/"):
        files.write_arrays(tmp_path / "vgg16.h5", {"block1_conv1/bias": np.zeros(4, np.float32)}, {})
        trained.build(model, tmp_path)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "model.json").unlink(), "holds no model"),
        (lambda folder: (folder / "model.json").write_text("{"), "holds no model"),
        (lambda folder: (folder / "weights.h5").write_text("x"), "holds no model"),
        (lambda folder: edit(folder, schema_version=99), "schema 99"),
        (lambda folder: edit(folder, design={"backbone": "vgg16"}), "holds no model"),
    ],
)
def test_what_is_no_model_is_told_so(model, tmp_path, spoil, said):
    trained.save(model, tmp_path)
    spoil(tmp_path)
    with pytest.raises(UserError, match=said):
        trained.load(tmp_path)


def edit(folder, **values):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_softmax_by_hand():
    found = trained.probabilities(np.array([[0, np.log(3)], [1000, 0]], np.float32), bare(2, ["a", "b"], "b"))
    np.testing.assert_allclose(found, [[0.25, 0.75], [1, 0]], rtol=1e-6)
    assert found.dtype == np.float64


@pytest.mark.parametrize(("positive", "wanted"), [("b", [0.25, 0.75]), ("a", [0.75, 0.25])])
def test_a_single_logit_is_the_positive_class_s(positive, wanted):
    found = trained.probabilities(np.array([[np.log(3)]], np.float32), bare(1, ["a", "b"], positive))
    np.testing.assert_allclose(found, [wanted], rtol=1e-6)


def test_extreme_logits_stay_finite():
    found = trained.probabilities(np.array([[-1e4], [1e4]], np.float32), bare(1, ["a", "b"], "b"))
    np.testing.assert_array_equal(found, [[1, 0], [0, 1]])


def test_folds_are_found_by_number(tmp_path):
    assert trained.folders(tmp_path) == {-1: tmp_path}
    for fold in (0, 2, 10):
        (tmp_path / f"fold-{fold}").mkdir()
    assert trained.folders(tmp_path) == {fold: tmp_path / f"fold-{fold}" for fold in (0, 2, 10)}


def test_pooled_features_are_means_over_the_map(tmp_path):
    features = np.random.default_rng(0).random((40, 2, 3, 5)).astype(np.float16)
    path = factories.feature_file(tmp_path / "features.h5", features)
    found = trained.pooled(path, ["0039", "0002"])
    np.testing.assert_allclose(found, features[[39, 2]].astype(np.float64).mean(axis=(1, 2)))
