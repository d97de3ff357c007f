"""The values of a layer's cells, and from there to the input grid."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.common.geometry import upsample
from stages.models.backbones import INPUT
from stages.models.image import ImageSettings

if TYPE_CHECKING:
    import keras

    from stages.attribute.methods.base import Subject


def from_kept(subject: "Subject", output: "keras.KerasTensor") -> Callable[[np.ndarray], np.ndarray]:
    """From kept features, or with `cut: input` from images, to a tensor behind the cut."""
    import keras

    from stages.models import runtime

    whole = subject.parts.whole
    source = whole.input if subject.model.design.cut == INPUT else whole.get_layer("cut").output
    return runtime.compiled(keras.Model(source, output))


def on_input_grid(cells: np.ndarray, view: ImageSettings) -> np.ndarray:
    """Values of cells (n, h, w), or with tiles (n * tiles, h, w) -> (n, height, width), float32.

    Bilinear between the cells of the image, or of a tile; the mean where tiles overlap, 0 where there is none.
    """
    if view.tiling is None:
        return upsample(cells, view.size)
    tiles = upsample(cells, view.seen)
    return view.tiling.stitch(tiles.reshape(-1, view.tiling.count, *view.seen), fill=0.0)


def apart(arranged: np.ndarray, view: ImageSettings) -> np.ndarray:
    """The map of a bag's tiles side by side (n, rows * h, columns * w) -> (n * tiles, h, w); else as it is."""
    if view.tiling is None:
        return arranged
    rows, columns = view.tiling.grid
    n, height, width = arranged.shape
    h, w = height // rows, width // columns
    return arranged.reshape(n, rows, h, columns, w).transpose(0, 1, 3, 2, 4).reshape(-1, h, w)
