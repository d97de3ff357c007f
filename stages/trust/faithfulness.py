"""Insertion and deletion (Petsiuk et al. 2018, arXiv:1806.07421): does the logit live where the map says?

Deletion covers an image's pixels, the most important first, and follows the probability of the explained class: the
sooner it falls, the smaller the area. Insertion uncovers them: the sooner it rises, the larger the area. What matters
is the difference to pixels in random order, as a cover is an image that the model has never seen.
"""

from collections.abc import Iterator

import numpy as np

CURVES = ("deletion", "insertion")


def order(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The pixels of a map (h, w) as flat indices (h * w), the largest value first, equal ones in random order."""
    flat = values.ravel()
    return np.lexsort((random.permutation(flat.size), -flat))


def copies(image: np.ndarray, cover: np.ndarray, pixels: np.ndarray, steps: int) -> Iterator[np.ndarray]:
    """The 2 * steps images (h, w, 3) of both curves: more and more covered, then more and more uncovered.

    The two ends, the image and the cover, are the first and the last of the covered ones; both curves share them.
    """
    for share in range(steps + 1):
        yield _mixed(image, cover, pixels[: share * len(pixels) // steps])
    for share in range(1, steps):
        yield _mixed(cover, image, pixels[: share * len(pixels) // steps])


def curves(values: np.ndarray) -> np.ndarray:
    """What the model gives on `copies` (..., 2 * steps) -> deletion and insertion (..., 2, steps + 1)."""
    steps = values.shape[-1] // 2
    deletion, inner = values[..., : steps + 1], values[..., steps + 1 :]
    insertion = np.concatenate([deletion[..., -1:], inner, deletion[..., :1]], axis=-1)
    return np.stack([deletion, insertion], axis=-2)


def areas(lines: np.ndarray) -> np.ndarray:
    """The areas under curves (..., steps + 1) over shares from 0 to 1, by trapezoids."""
    return np.trapezoid(lines, dx=1 / (lines.shape[-1] - 1), axis=-1)


def _mixed(image: np.ndarray, other: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """An image whose `pixels` are those of another."""
    changed = image.reshape(-1, image.shape[-1]).copy()
    changed[pixels] = other.reshape(changed.shape)[pixels]
    return changed.reshape(image.shape)
