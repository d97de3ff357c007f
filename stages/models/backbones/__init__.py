"""Backbones by name.

A backbone is a module, or the object NETWORK of one whose family has a class, with

- PREPROCESSING: a name in `stages.models.layers.PREPROCESSING`;
- PUBLISHED: the name of its ImageNet weights in `stages.weights.published`, or None;
- DEPTHS: the least and the largest number of `backbone.widths`;
- STRIDES: the values that `backbone.output_stride` may have besides null;
- BATCH_NORMALIZED: whether it has batch normalisation;
- `layer_names(architecture)`: where it may be cut or ended, first to last;
- `smallest_input(architecture)`: the least height and width, in pixels;
- `build(x, architecture, at, drop)`: passes the output of each of its layers through `at(name, tensor)` and goes on
  with what comes back, and that of a layer after which a DropBlock may stand through `drop(name, tensor)` too; where
  `backbone.views` are to turn something else than the pixels, it passes that through `at(VIEWED, tensor)`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stages.models.backbones import (
    background_cnn,
    leaky_cnn,
    patch_cnn,
    resnet50,
    resnet50_dilated,
    small_cnn,
    vgg16,
    vgg19,
)

if TYPE_CHECKING:
    import keras

    Pass = Callable[[str, keras.KerasTensor], keras.KerasTensor]

BACKBONES = {
    "background_cnn": background_cnn,
    "leaky_cnn": leaky_cnn.NETWORK,
    "patch_cnn": patch_cnn.NETWORK,
    "resnet50": resnet50,
    "resnet50_dilated": resnet50_dilated,
    "small_cnn": small_cnn.NETWORK,
    "vgg16": vgg16.NETWORK,
    "vgg19": vgg19.NETWORK,
}
INPUT = "input"
VIEWED = "viewed"  # what several views turn, where that is not the pixels
AVERAGED = "views"  # the layer that averages what is seen from several sides
