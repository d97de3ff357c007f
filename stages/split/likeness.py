"""Whether two images are one: copies under another size, format, exposure or crop, told from images of one kind.

Chest X-rays of two patients are much more alike than two photographs, and two drawn phantoms more still. What tells
copies from them is fine detail, once the images lie exactly on one another. On the test data that agrees to 0.9 or more
in copies (JPEG of quality 30, resizing, brightness, gamma, 1 % cut off), and to at most 0.87 in images of different
patients.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from stages.common.perceptual import detail, grey_levels, thumbnail

SIDE, BLUR = 128, 3  # of the fine detail, pixels
MOST_ZOOM, MOST_SHIFT = 0.06, 0.04  # as parts of the image
STEPS = ((2.0, 8), (0.0, 6))  # blur while aligning, steps at most
SAME_GREY = 0.995  # decides alone: a smooth image has little detail but noise
SAME_COARSE, SAME_FINE = 0.88, 0.9  # together; the first saves most of the work


@dataclass(frozen=True)
class Look:
    """What is compared of an image at first; each (32, 32), of mean 0 and norm 1."""

    grey: np.ndarray
    """Its grey levels."""
    coarse: np.ndarray
    """Its detail."""


def look(image: Image.Image) -> Look:
    """What is compared of an image, of any mode, at first."""
    small = thumbnail(image)
    return Look(_normalised(small), detail(small))


def fine_detail(image: Image.Image) -> np.ndarray:
    """What is compared of an image when that agrees: (128, 128), of mean 0 and norm 1."""
    levels = grey_levels(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return detail(np.asarray(levels, dtype=np.float32), BLUR)


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation, -1 to 1, of what has mean 0 and norm 1."""
    return float((one * other).sum())


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """How far the fine detail of two images agrees (correlation) where they lie on one another best."""
    moved = _normalised(_warped(other, _align(one, other)))
    return max(agreement(one, other), agreement(one, moved))


def _align(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray:
    """Zoom (y, x) and shift (y, x; pixels) that bring `moving` onto `fixed`: Gauss-Newton, coarse to fine.

    After Lucas and Kanade 1981, with a factor for the contrast.
    """
    place = np.zeros(4)
    most = np.array([MOST_ZOOM, MOST_ZOOM, MOST_SHIFT * SIDE, MOST_SHIFT * SIDE])
    across = np.arange(SIDE) - (SIDE - 1) / 2
    for blur, steps in STEPS:
        target, source = (ndimage.gaussian_filter(values, blur) if blur else values for values in (fixed, moving))
        for _ in range(steps):
            warped = _warped(source, place)
            along_y, along_x = np.gradient(warped)
            slopes = np.stack([along_y * across[:, None], along_x * across, along_y, along_x]).reshape(4, -1)
            contrast = (target * warped).sum() / max(float((warped**2).sum()), 1e-12)
            slopes *= contrast
            step = np.linalg.lstsq(slopes @ slopes.T, slopes @ (target - contrast * warped).ravel(), rcond=None)[0]
            place = np.clip(place + step, -most, most)
            if (np.abs(step) < 1e-2 * np.array([1 / SIDE, 1 / SIDE, 1, 1])).all():
                break
    return place


def _warped(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    zoom, shift = place[:2], place[2:]
    return ndimage.affine_transform(values, 1 + zoom, shift - zoom * (SIDE - 1) / 2, order=1, mode="nearest")


def _normalised(values: np.ndarray) -> np.ndarray:
    """Mean 0 and norm 1; all 0 if it is plain."""
    centred = values - values.mean()
    norm = np.linalg.norm(centred)
    return centred / norm if norm > 1e-6 else np.zeros_like(centred)
