"""Backbones with published weights are the networks of keras.applications, to the number and the name."""

import keras
import numpy as np
import pytest

from stages.models import front, runtime
from stages.models.backbones import BACKBONES
from stages.models.backbones.settings import Architecture
from stages.models.image import ImageSettings
from stages.weights.published import PUBLISHED
from tests import factories

SIDE = 96


@pytest.fixture(scope="module", params=sorted(PUBLISHED))
def pair(request):
    """Keras's network without weights of its own, and those that ours is to have."""
    runtime.start()
    application = getattr(keras.applications, PUBLISHED[request.param].application)
    model = application(weights=None, include_top=False, input_shape=(SIDE, SIDE, 3))
    factories.randomize(model)
    return request.param, model, {name: np.asarray(value) for name, value in front.named_weights(model).items()}


def images(count=2):
    return np.random.default_rng(1).integers(0, 256, (count, SIDE, SIDE, 3)).astype(np.float32)


def ours(name, arrays, layer=None, **settings):
    architecture = Architecture(name=name, **settings)
    layer = layer or BACKBONES[name].layer_names(architecture)[-1]
    model = front.build(architecture, layer, ImageSettings(height=SIDE, width=SIDE))
    assert {key: value.shape for key, value in front.named_weights(model).items()} == {
        key: arrays[key].shape for key in front.named_weights(model)
    }
    front.assign(model, arrays)
    return model


def test_it_is_the_network_of_keras(pair):
    name, theirs, arrays = pair
    preprocess = getattr(keras.applications, PUBLISHED[name].application.lower(), keras.applications.resnet50)
    wanted = theirs(preprocess.preprocess_input(images().copy())).numpy()
    model = ours(name, arrays)
    assert set(front.named_weights(model)) == set(arrays)
    np.testing.assert_allclose(model(images()).numpy(), wanted, rtol=1e-4, atol=1e-4 * wanted.max())


@pytest.mark.parametrize("stride", [8, 16])
def test_a_lesser_output_stride_computes_the_same_cells_and_more_between(pair, stride):
    name, _, arrays = pair
    plain, dense = ours(name, arrays)(images()).numpy(), ours(name, arrays, output_stride=stride)(images()).numpy()
    assert dense.shape[1:3] == (SIDE // stride, SIDE // stride)
    step = 32 // stride
    np.testing.assert_allclose(dense[:, ::step, ::step], plain, rtol=1e-4, atol=1e-4 * plain.max())
    assert dense[:, 1].std() > 0


def test_the_dilated_one_takes_the_weights_of_resnet50_and_has_two_blocks_more():
    runtime.start()
    view = ImageSettings(height=64, width=64)
    dilated = front.build(Architecture(name="resnet50_dilated"), "conv5_block5_out", view)
    plain = front.build(Architecture(name="resnet50"), "conv5_block3_out", view)
    shapes = {name: tuple(value.shape) for name, value in front.named_weights(dilated).items()}
    known = {name: tuple(value.shape) for name, value in front.named_weights(plain).items()}
    assert known.items() <= shapes.items()
    assert {name.split("_")[1] for name in set(shapes) - set(known)} == {"block4", "block5"}
    assert dilated.output_shape[1:] == (8, 8, 2048)
    rates = [dilated.get_layer(f"conv5_block{block}_2_conv").dilation_rate[0] for block in range(1, 6)]
    assert rates == [2, 4, 4, 2, 1]
    assert dilated.get_layer("conv4_block6_2_conv").dilation_rate == (2, 2)
