"""Scores with their intervals: a statistic of weighted images, computed once as they are and once a replicate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from stages.common import bootstrap, files

Statistic = Callable[
    [np.ndarray], dict[str, np.ndarray]
]  # weights (r, n) -> values, each (r,) or (r, m), NaN undefined

CHUNK = 4_000_000  # weights held at once (32 MB), so that memory does not grow with images times replicates
PERFECT = "no interval: the same in every replicate, so that the bootstrap cannot tell how sure it is"
UNDEFINED = {
    "roc_auc": "undefined: it needs images of every class",
    "average_precision": "undefined: it needs images of every class",
    "precision": "undefined: the class is neither seen nor predicted",
    "recall": "undefined: no image of this class",
    "f1": "undefined: the class is neither seen nor predicted",
    "sensitivity": "undefined: no positive image",
    "specificity": "undefined: no negative image",
    "ppv": "undefined: no image is called positive",
    "npv": "undefined: no image is called negative",
}


@dataclass(frozen=True)
class Estimate:
    """Named values () or (m,), and the same in each replicate, (replicates,) or (replicates, m).

    replicates is empty where there are too few groups.
    """

    points: dict[str, np.ndarray]
    replicates: dict[str, np.ndarray]

    def score(self, name: str, *place: int) -> dict[str, float | None]:
        """`{"mean", "low", "high"}` of one value.

        A value that is undefined is null. Its interval is null also where it is undefined in half of the replicates or
        more, and where it is 0 or 1 in all of them: a bootstrap cannot tell how sure a perfect score is.
        """
        low, high = np.nan, np.nan
        defined = self.replicates and not np.isnan(self.points[name][place]) and self._defined(name, *place) > 0.5
        if defined and not self._perfect(name, *place):
            low, high = bootstrap.percentiles(self.replicates[name][(slice(None), *place)])
        return {"mean": number(self.points[name][place]), "low": number(low), "high": number(high)}

    def scores(self, names: Sequence[str]) -> dict[str, dict]:
        """The score of each of the names."""
        return {name: self.score(name) for name in names}

    def note(self, name: str, *place: int) -> str | None:
        """Why a value or its interval is null, or how many replicates were dropped because it is undefined in them."""
        if np.isnan(self.points[name][place]):
            return UNDEFINED[name.removeprefix("per_class.")]
        if not self.replicates:
            return None
        if self._perfect(name, *place):
            return PERFECT
        if self._defined(name, *place) == 1:
            return None
        total = len(self.replicates[name])
        dropped = total - round(self._defined(name, *place) * total)
        return f"{dropped} of {total} replicates dropped: {UNDEFINED[name.removeprefix('per_class.')]}"

    def notes(self, names: Sequence[str]) -> dict[str, str]:
        """The notes of those of the names that have one."""
        return {name: note for name in names if (note := self.note(name))}

    def minus(self, other: "Estimate", names: Sequence[str]) -> "Estimate":
        """The paired difference, replicate by replicate; both must come from the same resample."""
        return Estimate(
            {name: self.points[name] - other.points[name] for name in names},
            {name: self.replicates[name] - other.replicates[name] for name in names if self.replicates},
        )

    def _perfect(self, name: str, *place: int) -> bool:
        """Every replicate in which the value is defined has 0, or every one has 1."""
        values = self.replicates[name][(slice(None), *place)]
        values = values[~np.isnan(values)]
        return bool((values == 0).all() or (values == 1).all())

    def _defined(self, name: str, *place: int) -> float:
        """The share of replicates in which a value is defined."""
        return float(np.mean(~np.isnan(self.replicates[name][(slice(None), *place)])))


def estimate(statistic: Statistic, drawn: bootstrap.Resample) -> Estimate:
    """The statistic of the images as they are, and in every replicate of `drawn`."""
    points = {name: values[0] for name, values in statistic(np.ones((1, len(drawn.index)))).items()}
    if drawn.weights is None:
        return Estimate(points, {})
    rows = max(1, CHUNK // len(drawn.index))
    chunks = [
        statistic(drawn.weights[start : start + rows, drawn.index].astype(np.float64))
        for start in range(0, len(drawn.weights), rows)
    ]
    return Estimate(points, {name: np.concatenate([chunk[name] for chunk in chunks]) for name in points})


def number(value: float) -> float | None:
    """A number as it stands in a metrics file: 6 significant digits, null for NaN."""
    return None if np.isnan(value) else files.significant(value)
