"""Choices that regions decide: one map among several, and a threshold for each map.

They are made on validation images; with folds, for the images of one fold on the images of all others. So no image
takes part in a choice that it is then scored by, but validation images themselves.
"""

from dataclasses import dataclass, replace

import numpy as np

from stages.localize.baselines import BASELINES
from stages.localize.metrics import METRICS
from stages.localize.scores import Scores


@dataclass(frozen=True)
class Choice:
    """The chosen map.

    name: with folds, the one chosen for most folds.
    by, on: the metric and the images that decided; None where nothing did.
    folds: fold -> name; empty without folds.
    values: (units, metrics) of the map chosen for each unit.
    """

    name: str
    by: str | None
    on: str | None
    folds: dict[int, str]
    values: np.ndarray

    @property
    def title(self) -> str:
        """What the result is called: the map, or those that were chosen for different folds."""
        names = sorted(set(self.folds.values()))
        return f"{' or '.join(names)} (chosen fold by fold)" if len(names) > 1 else self.name


def fit_thresholds(scores: Scores) -> Scores:
    """Fill in iou_validation: the IoU at the threshold with the highest mean IoU, map by map.

    Where there is no image to choose on, it stays NaN for all.
    """
    parts = _parts(scores)
    if parts is None:
        return scores
    values = scores.values.copy()
    column = list(METRICS).index("iou_validation")
    for applies, decides in parts.values():
        best = scores.overlaps[decides].mean(axis=0, dtype=np.float64).argmax(axis=1)  # (names,)
        values[applies, :, column] = np.take_along_axis(scores.overlaps[applies], best[None, :, None], axis=2)[..., 0]
    return replace(scores, values=values)


def choose_map(scores: Scores, by: str) -> Choice:
    """The map with the highest mean of a metric; of equal ones the first. Baselines are not chosen."""
    maps = [name for name in scores.names if name not in BASELINES]
    parts = _parts(scores)
    if len(maps) == 1 or parts is None:  # the first stands
        return Choice(maps[0], None, None, {}, scores.values[:, 0])
    values = np.empty_like(scores.values[:, 0])
    column = list(METRICS).index(by)
    chosen = {}
    for part, (applies, decides) in parts.items():
        best = int(scores.values[decides, : len(maps), column].mean(axis=0).argmax())
        values[applies] = scores.values[applies, best]
        chosen[part] = maps[best]
    most = max(maps, key=list(chosen.values()).count)
    has_folds = -1 not in chosen
    return Choice(most, by, "other folds" if has_folds else "validation", chosen if has_folds else {}, values)


def _parts(scores: Scores) -> dict[int, tuple[np.ndarray, np.ndarray]] | None:
    """Fold (-1 without folds) -> the units a choice applies to, and those that decide it; None where one has none."""
    units = scores.units
    whole = (units["finding"] == "").to_numpy()
    folds = units["fold"].to_numpy()
    if (folds < 0).all():
        parts = {-1: (np.ones(len(units), bool), whole & (units["split"] == "validation").to_numpy())}
    else:
        parts = {int(fold): (folds == fold, whole & (folds != fold)) for fold in np.unique(folds)}
    return parts if all(decides.any() for _, decides in parts.values()) else None
