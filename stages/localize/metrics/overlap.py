"""Intersection over union of the regions and the part of the map above a threshold."""

import numpy as np

BINS = 256  # of the histogram between 0 and the map's maximum
LEVELS = 64  # thresholds to choose from: k / LEVELS of the maximum


def overlaps(values: np.ndarray, inside: np.ndarray) -> tuple[float, np.ndarray]:
    """IoU above Otsu's threshold, and (LEVELS,) at or above each fraction k / LEVELS of the maximum."""
    places = np.minimum(values * np.float32(BINS / values.max()), BINS - 1).astype(np.uint8)
    everywhere = np.bincount(places.ravel(), minlength=BINS)
    within = np.bincount(places[inside], minlength=BINS)
    marked, hit = (counts[::-1].cumsum()[::-1] for counts in (everywhere, within))  # in this bin or a higher one
    at_bins = hit / (marked + within.sum() - hit)
    return float(at_bins[otsu(everywhere)]), at_bins[:: BINS // LEVELS].astype(np.float32)


def otsu(histogram: np.ndarray) -> int:
    """The lowest bin of the upper class (Otsu 1979): the variance between the two classes is largest there."""
    n, total = histogram.sum(), (histogram * np.arange(len(histogram))).sum()
    lower = histogram.cumsum()[:-1].astype(np.float64)
    lower_sum = (histogram * np.arange(len(histogram))).cumsum()[:-1]
    upper = n - lower
    both = (lower > 0) & (upper > 0)
    if not both.any():
        return int(np.flatnonzero(histogram)[0])  # one value only: everything is above
    lower, upper, lower_sum = lower[both], upper[both], lower_sum[both]
    between = lower * upper * (lower_sum / lower - (total - lower_sum) / upper) ** 2
    return int(np.flatnonzero(both)[np.argmax(between)]) + 1


def expected_overlaps(area: float) -> tuple[float, np.ndarray]:
    """The same for independent uniform pixels, a fraction `area` inside; Otsu's threshold is then the middle."""
    shares = 1 - np.arange(LEVELS) / LEVELS
    at_levels = area * shares / (area + shares - area * shares)
    return float(at_levels[LEVELS // 2]), at_levels.astype(np.float32)
