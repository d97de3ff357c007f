"""Features from several sides, and from several layers."""

import keras
import numpy as np
import pytest

from stages.attribute.rescale import DeepLift
from stages.common.errors import UserError
from stages.models import compose, front, runtime
from tests import factories

SIZE = 64
TURNS = {  # what a view does to an image (h, w, c), and its inverse, in numpy's words
    "mirror": [(np.fliplr, np.fliplr)],
    "flips": [(np.fliplr, np.fliplr), (np.flipud, np.flipud), (lambda x: np.rot90(x, 2), lambda x: np.rot90(x, 2))],
    "dihedral": [
        (
            lambda x, turns=turns, flip=flip: flip(np.rot90(x, turns)),
            lambda x, turns=turns, flip=flip: np.rot90(flip(x), -turns),
        )
        for turns in range(4)
        for flip in (lambda x: x, np.fliplr)
    ][1:],
}


@pytest.fixture(scope="module", autouse=True)
def _started():
    runtime.start()


def composed(**values):
    return _randomized(
        compose.compose(
            factories.design(**{"backbone__cut": "block5_conv3", "backbone__end": "block5_conv3", **values})
        )
    )


def _randomized(parts):
    factories.randomize(parts.whole)
    return parts


def images(count=2, size=SIZE):
    return np.stack([np.asarray(factories.picture(seed, (size, size), "RGB")) for seed in range(count)]).astype(
        np.float32
    )


@pytest.mark.parametrize("views", TURNS)
def test_the_features_are_the_mean_of_what_is_seen_from_each_side_turned_back(views):
    one, several = composed(), composed(backbone__views=views)
    seen = images()
    wanted = [one.front(seen).numpy()]
    for turn, back in TURNS[views]:
        turned = np.stack([turn(image) for image in seen])
        wanted.append(np.stack([back(found) for found in one.front(turned).numpy()]))
    np.testing.assert_allclose(several.front(seen).numpy(), np.mean(wanted, axis=0), rtol=1e-4, atol=1e-6)


def test_a_turned_image_has_turned_features():
    parts = composed(backbone__views="dihedral")
    seen = images()
    found, turned = parts.front(seen).numpy(), parts.front(np.rot90(seen, axes=(1, 2)).copy()).numpy()
    np.testing.assert_allclose(np.rot90(found, axes=(1, 2)), turned, rtol=1e-3, atol=1e-6)
    assert np.abs(found - turned).max() > 1e-3


def test_a_hypercolumn_holds_each_layer_and_goes_with_views():
    parts = composed(backbone__hypercolumn=["block4_pool"], backbone__views="mirror")
    last, earlier = (
        composed(backbone__views="mirror"),
        composed(backbone__cut="block4_pool", backbone__end="block4_pool", backbone__views="mirror"),
    )
    for other in (last, earlier):
        front.assign(other.whole, {name: np.array(value) for name, value in front.named_weights(parts.front).items()})
    wanted = np.concatenate([earlier.front(images()).numpy(), last.front(images()).numpy()], axis=-1)
    np.testing.assert_allclose(parts.front(images()).numpy(), wanted, rtol=1e-5, atol=1e-7)


def test_extract_and_the_whole_model_see_the_same():
    design = factories.design(
        backbone__cut="block5_conv3",
        backbone__end="block5_conv3",
        backbone__views="flips",
        backbone__hypercolumn=["block5_conv1"],
    )
    parts = _randomized(compose.compose(design))
    alone = front.build(design.backbone, design.cut, design)
    front.assign(alone, {name: np.array(value) for name, value in front.named_weights(parts.whole).items()})
    np.testing.assert_array_equal(alone(images()).numpy(), parts.front(images()).numpy())
    kept = parts.front(images()).numpy().astype(np.float16).astype(np.float32)
    np.testing.assert_allclose(parts.tail(kept).numpy(), parts.whole(images()).numpy(), rtol=1e-5, atol=1e-6)


def test_each_tile_is_seen_from_all_sides():
    tiles = {
        "image__tiles__size": 32,
        "head__kind": "attention",
        "backbone__cut": "block4_pool",
        "backbone__end": "block4_pool",
    }
    bag = composed(**tiles, backbone__views="dihedral").front(images()).numpy()
    one = composed(
        image__height=32,
        image__width=32,
        backbone__cut="block4_pool",
        backbone__end="block4_pool",
        backbone__views="dihedral",
    )
    first = one.front(images()[:, :32, :32]).numpy()
    np.testing.assert_allclose(bag[:, 0], first, rtol=1e-4, atol=1e-6)
    assert np.abs(bag[:, 1] - first).max() > 1e-4


def test_a_hypercolumn_of_maps_of_other_sizes_is_refused():
    with pytest.raises(
        UserError, match=r"`backbone.hypercolumn`: the maps must have one size; they have block3_pool 8x8"
    ):
        composed(backbone__hypercolumn=["block3_pool"])


@pytest.mark.parametrize("head", ["gem", "score_map"])
def test_deeplift_is_complete_from_all_sides(head):
    parts = composed(
        backbone__views="dihedral",
        backbone__hypercolumn=["block4_pool"],
        head__kind=head,
        head__gem__rows=2,
        extract__dtype="float32",
    )
    contributions, delta = DeepLift(parts.whole, np.zeros((SIZE, SIZE, 3), np.float32))(images(), np.array([0, 1]))
    assert np.abs(delta).min() > 0
    np.testing.assert_allclose(
        contributions.sum(axis=(1, 2, 3)), delta, rtol=2e-3, atol=2e-5 * np.abs(contributions).sum()
    )


def test_a_trained_network_sees_what_its_background_leaves_from_each_side():
    """Training sees one side, with the same weights; the head is given the mean of all, turned back."""
    values = {
        "backbone__name": "background_cnn", "backbone__widths": [4, 6], "backbone__components": 2,
        "backbone__cut": "input", "backbone__train_statistics": True, "head__kind": "score_map",
    }  # fmt: skip
    design = factories.design(**values, backbone__views="flips")
    several, one = _randomized(compose.compose(design)), compose.compose(design.in_training)
    weights = {name: np.array(value) for name, value in front.named_weights(several.whole).items()}
    assert set(weights) == set(front.named_weights(one.whole))
    front.assign(one.whole, weights)
    behind, features = one.whole.get_layer("background").output, one.whole.get_layer("conv2").output
    left, network = keras.Model(one.whole.input, behind), keras.Model(behind, features)
    rest = left(images()).numpy()
    wanted = [network(rest).numpy()]
    wanted += [np.flip(network(np.flip(rest, axes).copy()).numpy(), axes) for axes in (1, 2, (1, 2))]
    seen = keras.Model(several.whole.input, several.whole.get_layer("views").output)(images())
    np.testing.assert_allclose(seen, np.mean(wanted, axis=0), rtol=1e-4, atol=1e-5)
    assert np.abs(wanted[0] - wanted[1]).max() > 1e-3
