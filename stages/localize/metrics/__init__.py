"""How well one map points at the regions of one image.

All metrics take `values` (h, w), float32, not negative, on the stored image's grid, and `inside` (h, w), bool, the
pixels of the regions; both have at least one pixel. They give numbers in 0..1, more is better.
"""

from dataclasses import dataclass

import numpy as np

from stages.common.regions import grown
from stages.localize.metrics.energy import energy
from stages.localize.metrics.overlap import LEVELS, expected_overlaps, overlaps
from stages.localize.metrics.pointing import pointing
from stages.localize.metrics.ranking import expected_average_precision, ranking


@dataclass(frozen=True)
class Metric:
    """title and meaning are for readers; `empty` is the value of an empty map."""

    title: str
    meaning: str
    empty: float = 0.0
    box_supervised: bool = False


METRICS = {
    "pointing": Metric("Pointing game", "whether the map's maximum lies in a region; tied maxima share"),
    "energy": Metric("Energy in region", "the share of the map's sum that lies in the regions"),
    "pixel_auc": Metric("Pixel AUC", "how often a pixel inside has a higher value than one outside", empty=0.5),
    "average_precision": Metric("Pixel average precision", "mean precision over thresholds, pixels as examples"),
    "iou_otsu": Metric("IoU (Otsu)", "overlap of the regions and what is above Otsu's threshold"),
    "iou_validation": Metric(
        "IoU (fitted threshold)",
        "overlap of the regions and what is above a fraction of the map's maximum, chosen by regions",
        box_supervised=True,
    ),
}
DIRECT = tuple(name for name, metric in METRICS.items() if not metric.box_supervised)


@dataclass(frozen=True)
class Measured:
    """Of one map on one image: the metrics that need no choice, and the IoU at LEVELS fractions of its maximum."""

    values: dict[str, float]
    overlaps: np.ndarray


def measure(values: np.ndarray, inside: np.ndarray, radius: float) -> Measured:
    """Measure one map; `radius` is the pointing game's tolerance in pixels. A map without positive values is empty."""
    if not 0 < values.max() < np.inf:
        return empty()
    auc, average_precision = ranking(values, inside)
    iou_otsu, at_levels = overlaps(values, inside)
    numbers = (pointing(values, inside, radius), energy(values, inside), auc, average_precision, iou_otsu)
    return Measured(dict(zip(DIRECT, numbers, strict=True)), at_levels)


def empty() -> Measured:
    """What an empty map is worth: nothing is found, and nothing is ranked."""
    return Measured({name: METRICS[name].empty for name in DIRECT}, np.zeros(LEVELS, np.float32))


def expected(inside: np.ndarray, radius: float) -> Measured:
    """What a map of independent uniform random pixels is worth: expected values; of the IoUs, for many pixels."""
    area = float(inside.mean())
    near = float(grown(inside, radius).mean())
    iou_otsu, at_levels = expected_overlaps(area)
    numbers = (near, area, 0.5, expected_average_precision(inside), iou_otsu)
    return Measured(dict(zip(DIRECT, numbers, strict=True)), at_levels)
