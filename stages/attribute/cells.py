"""From the cells of a layer to the input grid."""

import numpy as np

from stages.common.geometry import upsample
from stages.models.image import ImageSettings


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
