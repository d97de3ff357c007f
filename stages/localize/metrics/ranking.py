"""Pixels as examples: how the map ranks those inside over those outside."""

import numpy as np
from scipy import special


def ranking(values: np.ndarray, inside: np.ndarray) -> tuple[float, float]:
    """Area under the ROC curve and average precision of the pixels; ties count half, and as one threshold.

    Both are means over the pixels inside, of what a sorted copy of all pixels says about each: AUC, the share of
    the pixels outside that are lower (the Mann-Whitney statistic); average precision, the precision at its value as
    the threshold. They equal scikit-learn's `roc_auc_score` and `average_precision_score`. Where nothing is
    outside, the AUC is 0.5.
    """
    all_values = np.sort(values, axis=None)
    distinct, counts = np.unique(values[inside], return_counts=True)
    n, n_inside = all_values.size, counts.sum()
    below, up_to = (np.searchsorted(all_values, distinct, side) for side in ("left", "right"))
    positives_below = np.cumsum(counts) - counts
    precision = (n_inside - positives_below) / (n - below)
    average_precision = float((counts * precision).sum() / n_inside)
    if n == n_inside:
        return 0.5, average_precision
    outside_below = below - positives_below
    outside_tied = up_to - below - counts
    auc = (counts * (outside_below + outside_tied / 2)).sum() / (n_inside * (n - n_inside))
    return float(auc), average_precision


def expected_average_precision(inside: np.ndarray) -> float:
    """The mean of average precision over all orders of the pixels.

    With P of N pixels inside: a pixel inside at rank r has, on average, 1 + (r - 1)(P - 1)/(N - 1) pixels inside among
    the first r; divided by r and averaged over r = 1..N.
    """
    n, positives = inside.size, int(inside.sum())
    if n == positives:
        return 1.0
    harmonic = float(special.digamma(n + 1) + np.euler_gamma)  # the sum of 1 / r
    return (harmonic + (positives - 1) / (n - 1) * (n - harmonic)) / n
