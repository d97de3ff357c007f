"""The pointing game (Zhang et al. 2018, arXiv:1608.00507)."""

import math

import numpy as np

from stages.common.regions import grown


def pointing(values: np.ndarray, inside: np.ndarray, radius: float = 0.0) -> float:
    """The share of the map's maxima that lie in a region, or at most `radius` pixels from one; 0 or 1 without ties."""
    hits = values == values.max()
    if not radius:
        return float(inside[hits].mean())
    ys, xs = np.nonzero(hits)
    if len(ys) > 64:  # a plateau: one distance for all pixels is the cheaper way
        return float(grown(inside, radius)[hits].mean())
    return float(np.mean([_near(inside, y, x, radius) for y, x in zip(ys, xs, strict=True)]))


def _near(inside: np.ndarray, y: int, x: int, radius: float) -> bool:
    reach = math.floor(radius)
    top, left = max(y - reach, 0), max(x - reach, 0)
    ys, xs = np.nonzero(inside[top : y + reach + 1, left : x + reach + 1])
    return bool(((ys + top - y) ** 2 + (xs + left - x) ** 2 <= radius**2).any())
