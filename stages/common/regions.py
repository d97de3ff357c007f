"""Regions (ground-truth boxes and masks) as pixels of the stored image, and what lies near them."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from scipy import ndimage

from stages.common.errors import UserError
from stages.common.geometry import Size

MASK_THRESHOLD = 127


def region_mask(regions: pd.DataFrame, size: Size, masks: Path) -> np.ndarray:
    """The pixels (bool, `size`) in any of one image's regions.

    Args:
        regions: rows of regions.csv, all of one image.
        size: height and width of the stored image.
        masks: the folder of the masks, data/masks.

    Raises:
        UserError: a mask is missing or of another size than its image, or no pixel is marked.
    """
    inside = np.zeros(size, bool)
    for region in regions.itertuples():
        if region.kind == "mask":
            inside |= read_mask(Path(masks) / region.mask_path, size)
        else:
            inside[box_slices(region.x, region.y, region.width, region.height, size)] = True
    if not inside.any():
        names = ", ".join(sorted(set(regions["image_id"])))
        raise UserError(f"the regions of {names} mark no pixel; mend boxes.csv or the mask and run `dvc repro`")
    return inside


def read_mask(path: Path, size: Size) -> np.ndarray:
    """A stored mask as bool, `size`."""
    try:
        with Image.open(path) as image:
            mask = np.asarray(image.convert("L")) > MASK_THRESHOLD
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error}); run `dvc repro -f ingest`") from error
    if mask.shape != tuple(size):
        raise UserError(f"{path} is {mask.shape[1]}x{mask.shape[0]}, its image {size[1]}x{size[0]}; they must be equal")
    return mask


def grown(inside: np.ndarray, radius: float) -> np.ndarray:
    """The pixels (bool) at most `radius` pixels from a region (h, w), from centre to centre."""
    if not radius:
        return inside
    near = np.zeros_like(inside)
    window = around(inside, radius)
    near[window] = ndimage.distance_transform_edt(~inside[window]) <= radius
    return near


def around(inside: np.ndarray, radius: float) -> tuple[slice, slice]:
    """The rows and columns that can be within the radius of a region (h, w) of at least one pixel."""
    places = (np.flatnonzero(inside.any(axis=1 - axis)) for axis in (0, 1))
    reach = math.ceil(radius)
    rows, columns = (slice(max(line[0] - reach, 0), line[-1] + reach + 1) for line in places)
    return rows, columns


def box_slices(x: float, y: float, width: float, height: float, size: Size) -> tuple[slice, slice]:
    """The pixels whose centres a box holds; at least the one at its middle, however small the box."""
    return _covered(y, height, size[0]), _covered(x, width, size[1])


def _covered(start: float, length: float, limit: int) -> slice:
    first, end = round_half_up(start), round_half_up(start + length)
    if end <= first:
        first = int(np.floor(start + length / 2))
        end = first + 1
    return slice(max(first, 0), max(min(end, limit), 0))


def round_half_up(value: float) -> int:
    """Pixel i has its centre at i + 0.5: the first one at or behind `value`."""
    return int(np.ceil(value - 0.5))
