"""Means over images with intervals over groups, and paired differences."""

import itertools

import numpy as np
import pandas as pd

from stages.common import bootstrap
from stages.common.bootstrap import Resample

Interval = dict[str, float | int | None]


def intervals(values: np.ndarray, drawn: Resample) -> list[Interval]:
    """Mean over images of values (n, m) with its percentile interval, for each of the m columns."""
    means = values.mean(axis=0)
    lows, highs = _ends(values, drawn)
    return [_interval(*numbers, len(values)) for numbers in zip(means, lows, highs, strict=True)]


def all_pairs(values: np.ndarray, names: list[str], drawn: Resample) -> pd.DataFrame:
    """First minus second for every pair of names (n, names), with simultaneous intervals.

    The intervals hold for all pairs together (single-step max-T, Westfall and Young 1993): each is the difference plus
    or minus its bootstrap standard error times the 95 % point of the largest standardised deviation over the pairs.

    Returns:
        `first, second, mean, low, high, n`.
    """
    pairs = list(itertools.combinations(range(len(names)), 2))
    first, second = np.array(pairs, dtype=int).reshape(-1, 2).T
    differences, half = simultaneous(values[:, first] - values[:, second], drawn)
    return pd.DataFrame(
        {
            "first": [names[i] for i in first],
            "second": [names[i] for i in second],
            "mean": differences,
            "low": differences - half,
            "high": differences + half,
            "n": len(values),
        }
    )


def simultaneous(differences: np.ndarray, drawn: Resample) -> tuple[np.ndarray, np.ndarray]:
    """Means of paired differences (n, m), and half the widths of intervals that hold for all m together (`all_pairs`).

    NaN where there are too few groups.
    """
    means = differences.mean(axis=0)
    if drawn.weights is None:
        return means, np.full_like(means, np.nan)
    return means, _max_t_half_widths(drawn.means(differences) - means)


def _ends(values: np.ndarray, drawn: Resample) -> tuple[np.ndarray, np.ndarray]:
    if drawn.weights is None:
        return (np.full(values.shape[1], np.nan),) * 2
    return bootstrap.percentiles(drawn.means(values))


def _interval(mean: float, low: float, high: float, n: int) -> Interval:
    return {"mean": float(mean), "low": _or_none(low), "high": _or_none(high), "n": n}


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _max_t_half_widths(deviations: np.ndarray) -> np.ndarray:
    """From the deviations (replicates, m) of resampled means."""
    errors = deviations.std(axis=0)
    moving = errors > 1e-12  # equal maps differ by nothing, always
    if not moving.any():
        return errors
    largest = (np.abs(deviations[:, moving]) / errors[moving]).max(axis=1)
    return np.quantile(largest, bootstrap.LEVEL) * errors
