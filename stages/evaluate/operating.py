"""The operating point: a threshold on the positive class's probability, chosen on validation images."""

from typing import Literal

import numpy as np


def choose(
    positive: np.ndarray, probability: np.ndarray, rule: Literal["youden", "sensitivity"], sensitivity: float
) -> tuple[float | None, str | None]:
    """The threshold, or None with the reason.

    An image is called positive where its probability is at least the threshold. `youden` takes the greatest
    sensitivity + specificity (Youden 1950), of equal ones the most sensitive; `sensitivity` the highest threshold
    whose sensitivity is at least the wanted one. Thresholds lie half way between neighbouring probabilities, the
    lowest half way to 0.

    Args:
        positive: (n,) bool.
        probability: (n,) of the positive class.
        rule: how to choose.
        sensitivity: the wanted one, used by its rule alone.
    """
    if not positive.any():
        return None, "no positive image to choose a threshold on"
    if positive.all():
        return None, "no negative image to choose a threshold on"
    levels = np.unique(probability)
    thresholds = (levels + np.append(0.0, levels[:-1])) / 2
    sensitivities = _share_at_least(probability[positive], levels)
    if rule == "sensitivity":
        return float(thresholds[sensitivities >= sensitivity - 1e-12][-1]), None
    false_alarms = _share_at_least(probability[~positive], levels)
    gain = np.round(sensitivities - false_alarms, 12)  # equal but for the last bits is equal
    return float(thresholds[gain.argmax()]), None


def _share_at_least(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """For each level, the share of the values that reach it."""
    return 1 - np.searchsorted(np.sort(values), levels, side="left") / len(values)
