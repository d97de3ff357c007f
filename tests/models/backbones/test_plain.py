"""The small networks have the sizes that their papers and systems give."""

import pytest

from stages.models import front, runtime
from stages.models.backbones import BACKBONES
from stages.models.backbones.settings import Architecture
from stages.models.image import ImageSettings


def built(name, side, **settings):
    runtime.start()
    architecture = Architecture(name=name, **settings)
    return front.build(
        architecture, BACKBONES[name].layer_names(architecture)[-1], ImageSettings(height=side, width=side)
    )


@pytest.mark.parametrize(
    ("name", "side", "shape", "parameters"),
    [
        ("small_cnn", 300, (35, 35, 64), 896 + 9_248 + 18_496),
        ("patch_cnn", 40, (7, 7, 50), 1_520 + 25_050),
        ("leaky_cnn", 40, (2, 2, 128), 1_792 + 36_928 + 73_856 + 147_584 + 147_584),
    ],
)
def test_shapes_and_parameters(name, side, shape, parameters):
    model = built(name, side)
    assert model.output_shape[1:] == shape
    assert model.count_params() == parameters


def test_a_tile_of_the_ancestor_gives_the_800_values_of_its_dense_layer():
    """28 -> 24 -> 12 -> 8 -> 4."""
    view = ImageSettings(height=448, width=700, tiles={"size": 28})
    runtime.start()
    model = front.build(Architecture(name="patch_cnn"), "pool2", view)
    assert model.output_shape[1:] == (16 * 25, 4, 4, 50)


@pytest.mark.parametrize(
    ("name", "widths"), [("small_cnn", [4, 5]), ("small_cnn", None), ("patch_cnn", None), ("leaky_cnn", None)]
)
def test_the_smallest_input_leaves_one_cell(name, widths):
    network, architecture = BACKBONES[name], Architecture(name=name, widths=widths)
    side = network.smallest_input(architecture)
    cells = side
    for _, pooled in network.plan(architecture):
        cells = cells - network.kernel + 1
        cells = cells // 2 if pooled else cells
    assert cells == 1
    assert {"small_cnn": 22, "patch_cnn": 16, "leaky_cnn": 28}[name] == side or widths


def test_widths_say_how_deep_the_small_network_is():
    model = built("small_cnn", 64, widths=[3, 4, 5, 6])
    assert [layer.filters for layer in model.layers if hasattr(layer, "filters")] == [3, 4, 5, 6]
