"""Percentile bootstrap over whole groups (patients, reports, slides), seeded.

Images of one group are not independent, so groups are drawn, not images (Davison and Hinkley 1997, section 3.8).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MIN_GROUPS = 10
LEVEL = 0.95


@dataclass(frozen=True)
class Resample:
    """How often each group is drawn in each replicate.

    index: the place (n,) of each image's group among the sorted groups.
    weights: counts (replicates, groups), each row sums to the number of groups; None under MIN_GROUPS groups.
    """

    index: np.ndarray
    groups: int
    weights: np.ndarray | None

    @property
    def reason(self) -> str | None:
        """Why there are no intervals, or None."""
        if self.weights is not None:
            return None
        return f"no intervals: {self.groups} groups, at least {MIN_GROUPS} are needed"

    def means(self, values: np.ndarray) -> np.ndarray:
        """The mean over images of values (n, m) in each replicate, (replicates, m).

        Raises:
            ValueError: there are too few groups.
        """
        if self.weights is None:
            raise ValueError(self.reason)
        sums = np.zeros((self.groups, values.shape[1]))
        np.add.at(sums, self.index, values)
        sizes = np.bincount(self.index, minlength=self.groups)
        weights = self.weights.astype(np.float64)
        return (weights @ sums) / (weights @ sizes)[:, None]


def resample(groups: Sequence[str], replicates: int, seed: int) -> Resample:
    """Draw the groups of n images with replacement; the same groups, in any order of images, give the same draws."""
    names, index = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    count = len(names)
    if count < MIN_GROUPS:
        return Resample(index, count, None)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=replicates)
    return Resample(index, count, draws.astype(np.uint16))


def percentiles(statistics: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two ends of the interval at LEVEL of statistics (replicates, ...); replicates that are NaN are left out."""
    tail = (1 - LEVEL) / 2 * 100
    low, high = np.nanpercentile(statistics, [tail, 100 - tail], axis=0)
    return low, high
