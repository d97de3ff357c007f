"""One model cut in two gives the numbers of the whole, for every cut, head and loss."""

import numpy as np
import pytest

from stages.common.errors import UserError
from stages.extract.features import narrow
from stages.models import compose, front, runtime, trained
from tests import factories

CUTS = ("block1_pool", "block4_pool", "block5_conv3", "block5_pool", "input")
HEADS = ("fc", "score_map")
LOSSES = ("softmax", "sigmoid")
CASES = [(cut, head, loss) for cut in CUTS for head in HEADS for loss in LOSSES]


@pytest.fixture(scope="module", autouse=True)
def _started():
    runtime.start()


def composed(cut, head="fc", loss="softmax", **values):
    design = factories.design(backbone__cut=cut, head__kind=head, train__loss=loss, **values)
    parts = compose.compose(design)
    factories.randomize(parts.whole)
    return design, parts


def images(count=3):
    return np.stack([np.asarray(factories.picture(seed, (64, 64), "RGB")) for seed in range(count)]).astype(np.float32)


def kept(parts, batch, dtype="float16"):
    """What extract keeps of images."""
    return batch if parts.front is None else narrow(parts.front(batch).numpy(), dtype, "")


@pytest.mark.parametrize(
    ("cut", "head", "loss", "dtype"),
    [(*case, "float16") for case in CASES] + [("block5_pool", "fc", "softmax", "float32")],
)
def test_the_tail_on_kept_features_gives_what_the_whole_gives(cut, head, loss, dtype):
    design, parts = composed(cut, head, loss, extract__dtype=dtype)
    assert design.outputs == (1 if loss == "sigmoid" else 2)
    features = kept(parts, images(), dtype)
    logits = parts.tail(features.astype(np.float32)).numpy()
    assert logits.shape == (3, design.outputs)
    assert np.ptp(logits) > 0
    np.testing.assert_allclose(parts.whole(images()).numpy(), logits, rtol=1e-6, atol=1e-6 * np.abs(logits).max())


def test_the_whole_rounds_at_the_cut_and_would_differ_otherwise():
    _, half = composed("block5_pool", extract__dtype="float16")
    _, full = composed("block5_pool", extract__dtype="float32")
    assert np.abs(half.whole(images()).numpy() - full.whole(images()).numpy()).max() > 1e-6


@pytest.mark.parametrize("cut", ["block4_pool", "block5_conv1"])
def test_what_is_before_the_head_is_what_the_head_is_given(cut):
    _, parts = composed(cut, "score_map", head__standardize=False)
    before = parts.before_head(kept(parts, images()).astype(np.float32)).numpy()
    head = parts.tail.get_layer("head_scores")
    logits = head(before).numpy().mean(axis=(1, 2))
    np.testing.assert_allclose(logits, parts.tail(kept(parts, images()).astype(np.float32)).numpy(), rtol=1e-4)


def test_the_head_may_follow_the_cut_at_once_or_an_earlier_end():
    assert composed("block5_pool")[1].before_head is None
    _, parts = composed("block4_pool", backbone__end="block5_conv2")
    names = {layer.name for layer in parts.whole.layers}
    assert "block5_conv2" in names
    assert "block5_conv3" not in names
    _, parts = composed("input", backbone__end="block1_pool")
    assert {layer.name for layer in parts.whole.layers if layer.name.startswith("block")} == {
        "block1_conv1", "block1_conv2", "block1_pool",
    }  # fmt: skip


def test_the_model_is_flat_and_every_name_is_explicit():
    _, first = composed("block4_pool")
    _, second = composed("block4_pool")
    names = [layer.name for layer in first.whole.layers]
    assert names == [layer.name for layer in second.whole.layers]
    assert not [layer for layer in first.whole.layers if hasattr(layer, "layers")]
    assert len(front.named_weights(first.whole)) == len(first.whole.weights)


def test_front_and_tail_have_all_weights_of_the_whole_once():
    for cut in CUTS:
        _, parts = composed(cut)
        behind = set(front.named_weights(parts.tail))
        before = set(front.named_weights(parts.front)) if parts.front else set()
        assert behind | before == set(front.named_weights(parts.whole))
        assert not behind & before


def test_the_seed_of_the_head_gives_its_first_weights():
    def first(seed):
        parts = compose.compose(factories.design(head__seed=seed))
        return {
            name: np.asarray(value)
            for name, value in front.named_weights(parts.tail).items()
            if name.startswith("head") and name.endswith("kernel")
        }

    same, again, other = first(0), first(0), first(1)
    for name in same:
        np.testing.assert_array_equal(same[name], again[name])
        assert (same[name] != other[name]).any()
    assert not np.array_equal(first(0)["head_dense/kernel"][:2, :2], first(0)["head_logits/kernel"][:2, :2])


def test_assigning_an_array_of_another_shape_is_an_error():
    _, parts = composed("block5_pool")
    with pytest.raises(ValueError, match="head_logits/bias: the model wants"):
        front.assign(parts.tail, {"head_logits/bias": np.zeros(7, np.float32)})


def test_preprocessing_is_that_of_keras():
    import keras

    _, parts = composed("block1_pool")
    batch = images()
    found = parts.whole.get_layer("preprocessing")(batch).numpy()
    np.testing.assert_allclose(found, keras.applications.vgg16.preprocess_input(batch.copy()), atol=1e-4)


def test_gradients_pass_the_rounding_at_the_cut():
    import tensorflow as tf

    from stages.models.layers import RoundTrip

    x = tf.constant([1.0001, 1e-9, -3.3333, 60000.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = RoundTrip("float16")(x)
    np.testing.assert_array_equal(y.numpy(), x.numpy().astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [1, 1, 1, 1])


def test_the_rounding_is_exact_for_every_float16():
    from stages.models.layers import RoundTrip

    random = np.random.default_rng(0)
    values = (random.standard_normal(100_000) * 10.0 ** random.uniform(-9, 4, 100_000)).astype(np.float32)
    found = RoundTrip("float16")(values).numpy()
    np.testing.assert_array_equal(found, values.astype(np.float16).astype(np.float32))


RELOADED = [CASES[4 * number + (3 * number) % 4] for number in range(len(CUTS))]  # each cut; both heads and losses
RELOAD = """
import sys
import numpy as np
from pathlib import Path
from stages.models import runtime, trained
runtime.start()
features = dict(np.load("features.npz"))
found = {}
for name in features:
    model = trained.load(Path(name))
    logits = trained.build(model, Path("weights")).whole(features[name]).numpy()
    found[name + "/whole"] = trained.probabilities(logits, model)
    if int(name) % 2 == 0:
        found[name + "/tail"] = trained.predict(Path(name), Path(name + ".h5"), ["0000", "0001", "0002"])
np.savez("found.npz", **found)
"""


def test_saved_models_give_the_same_probabilities_in_a_new_process(tmp_path):
    from stages.common import files

    (tmp_path / "weights").mkdir()
    batch, wanted = images(), {}
    for number, (cut, head, loss) in enumerate(RELOADED):
        design, parts = composed(cut, head, loss)
        if number == 0:
            everything = front.named_weights(composed("input")[1].whole)
            backbone = {name: np.asarray(value) for name, value in everything.items() if name.startswith("block")}
            files.write_arrays(tmp_path / "weights" / "vgg16.h5", backbone, {})
        front.assign(parts.whole, backbone)
        arrays = {name: np.asarray(value) for name, value in front.named_weights(parts.tail).items()}
        model = factories.trained_model(design, arrays, loss)
        folder = tmp_path / str(number)
        folder.mkdir()
        trained.save(model, folder)
        factories.feature_file(tmp_path / f"{number}.h5", kept(parts, batch))
        wanted[number] = trained.probabilities(parts.whole(batch).numpy(), model)
    np.savez(tmp_path / "features.npz", **{str(number): batch for number in wanted})
    result = factories.python("-c", RELOAD, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    found = np.load(tmp_path / "found.npz")
    for number, probabilities in wanted.items():
        np.testing.assert_array_equal(found[f"{number}/whole"], probabilities, err_msg=str(RELOADED[number]))
        if number % 2 == 0:
            np.testing.assert_allclose(found[f"{number}/tail"], probabilities, rtol=1e-5, atol=1e-6)


BACKGROUND = {
    "backbone__name": "background_cnn", "backbone__widths": [4, 4], "backbone__cut": "input",
    "backbone__train_statistics": True, "head__kind": "score_map",
}  # fmt: skip


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"head__kind": "attention", "head__border": 1}, "head.border` must be 0"),
        ({"head__border": 1, "image__tiles__size": 32}, "head.border` must be 0"),
        ({"head__kind": "gem", "train__drop_block__keep": 0.9}, "gem has pooled its map already"),
        ({"head__kind": "gem", "head__gem__p": 0.5}, "head.gem.p"),
        ({"backbone__cut": "input", "backbone__views": "mirror"}, "`backbone.views` turns what frozen layers see"),
        ({"image__width": 96, "backbone__views": "dihedral"}, "dihedral needs a square input"),
        ({**BACKGROUND, "image__width": 63}, "must be even with background_cnn"),
        (
            {
                **BACKGROUND,
                "backbone__views": "flips",
                "attribute__maps": {"early": {"method": "gradcam", "layer": "conv1"}},
            },
            "layer `conv1` sees the image from several sides",
        ),
        (
            {"backbone__hypercolumn": ["block4_pool"], "backbone__cut": "block4_pool"},
            "set `backbone.end` to the layer of",
        ),
        ({"backbone__hypercolumn": ["block9"]}, "`block9` is no layer before the cut; these are: block1_conv1"),
        (
            {
                "image__normalize": True,
                "image__tiles__size": 32,
                "image__tiles__background": 0.5,
                "head__kind": "attention",
            },
            "leave one out",
        ),
    ],
)
def test_heads_that_do_not_fit_are_refused(values, told):
    with pytest.raises(UserError, match=told):
        factories.design(**values)


def test_a_border_that_leaves_no_cell_is_refused():
    with pytest.raises(UserError, match="leaves nothing of the feature map of 2x2 cells"):
        compose.compose(factories.design(backbone__cut="block5_pool", head__kind="gem", head__border=1))
