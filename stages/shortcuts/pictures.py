"""Images with something hidden: pure functions of arrays on the input grid.

Everywhere: image and mean (h, w, 3), float32; masks (h, w), bool; `seen` are the pixels that hold the image, not the
black around it.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from stages.common.geometry import Placement, fit_image
from stages.common.regions import around, grown

TRUNCATE = 4.0  # deviations after which the Gaussian ends
CELLS_ACROSS = 2  # cells that the border is wide, where it is made into numbers


def on_input_grid(inside: np.ndarray, placement: Placement, dilation: float) -> np.ndarray:
    """A mask of the stored image, or of any other of the same shape in relative terms, on the input grid, grown.

    Every pixel of which anything is inside counts; `dilation` is a share of the image's shorter side.
    """
    mask = Image.fromarray(np.where(inside, np.uint8(255), np.uint8(0)))
    if inside.shape != placement.stored:
        mask = mask.resize(placement.stored[::-1], Image.Resampling.BOX)
    fitted = np.asarray(fit_image(mask, placement)) > 0
    seen = placement.shown()
    shorter = min(seen.any(axis=1).sum(), seen.any(axis=0).sum())
    if not fitted.any():  # it lies in what the network does not see
        return fitted
    return grown(fitted, dilation * shorter) & seen


def filled(image: np.ndarray, covered: np.ndarray, seen: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The image with the covered pixels filled from those around them.

    Each is the mean of the image's other pixels, weighted by a Gaussian as wide as the hole is deep (normalised
    convolution, Knutsson and Westin 1993). Nothing of what was there is left, and there is no patch with edges of its
    own, which a patch of one colour would be. Where nothing is around, the mean image stands in.
    """
    if not covered.any():
        return image
    deviation = ndimage.distance_transform_edt(np.pad(covered[around(covered, 0)], 1)).max() / 2
    near = around(covered, TRUNCATE * deviation)
    known = (seen & ~covered)[near].astype(np.float64)[..., None]
    spread = {"sigma": (deviation, deviation, 0), "mode": "constant", "truncate": TRUNCATE}
    weights = ndimage.gaussian_filter(known, **spread)
    colours = ndimage.gaussian_filter(image[near] * known, **spread)
    fill = np.where(weights > 1e-9, colours / np.maximum(weights, 1e-9), mean[near])
    result = image.astype(np.float32)
    result[near] = np.where((covered & seen)[near][..., None], fill, image[near])
    return result


def border(seen: np.ndarray, share: float) -> np.ndarray:
    """The image's outer pixels: a frame as wide as this share of each side, at least a pixel."""
    inner = np.zeros_like(seen)
    rows, columns = (_inner(seen.any(axis=1 - axis), share) for axis in (0, 1))
    inner[rows, columns] = True
    return seen & ~inner


def alone(image: np.ndarray, kept: np.ndarray, seen: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The kept pixels of an image, the others those of the mean image; what is around the image stays black."""
    return np.where((seen & ~kept)[..., None], mean, image)


def border_cells(image: np.ndarray, seen: np.ndarray, share: float) -> np.ndarray:
    """The border as numbers (f,): the colours of a ring of cells, two deep, the same count for all images."""
    count = max(round(CELLS_ACROSS / share), 2 * CELLS_ACROSS + 1)
    shown = image[around(seen, 0)]
    small = Image.fromarray(np.rint(shown).astype(np.uint8)).resize((count, count), Image.Resampling.BOX)
    ring = np.ones((count, count), bool)
    ring[CELLS_ACROSS:-CELLS_ACROSS, CELLS_ACROSS:-CELLS_ACROSS] = False
    return np.asarray(small)[ring].astype(np.float64).ravel()


def _inner(line: np.ndarray, share: float) -> slice:
    """What a frame leaves of the pixels along one side."""
    places = np.flatnonzero(line)
    width = max(1, round(share * len(places)))
    return slice(places[0] + width, max(places[0] + width, places[-1] + 1 - width))
