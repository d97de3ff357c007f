"""What the two ends of the colours mean: the scale policies."""

from typing import NamedTuple

import numpy as np

from stages.common.maps import MapFile, measured_part
from stages.render.settings import Settings


class Ends(NamedTuple):
    """The values at the two ends of the colours, in the map's raw unit."""

    low: float
    high: float


def policy(settings: Settings) -> str:
    """What the strongest colour means, for readers."""
    return {
        "image": "each image's own maximum, so that images do not compare",
        "set": "the maximum over all images",
        "percentile": f"the {settings.percentile:g}th percentile of each image, so that images do not compare",
    }[settings.scale]


def shown_part(values: np.ndarray, part: str, signed: bool) -> np.ndarray:
    """What is drawn of a raw map: all of it where it is drawn signed, else the part that is measured."""
    return values if signed else measured_part(values, part)


def shared_ends(file: MapFile, settings: Settings) -> Ends | None:
    """For `scale: set`: the ends over all maps of a file that are not empty. None for other policies or without any."""
    if settings.scale != "set":
        return None
    rows = [row for row, status in enumerate(file.status) if status == "ok"]
    highest = max((float(_strength(file.read(row), file.part, settings.signed).max()) for row in rows), default=0.0)
    return _ends(highest, settings.signed) if highest > 0 else None


def own_ends(values: np.ndarray, settings: Settings) -> Ends | None:
    """The ends for one map, of what is shown (h, w); None where nothing is to be seen."""
    strength = np.abs(values) if settings.signed else values
    highest = float(strength.max())
    if settings.scale == "percentile":
        highest = float(np.percentile(strength, settings.percentile)) or highest  # a sparse map may have 0 there
    return _ends(highest, settings.signed) if 0 < highest < np.inf else None


def _strength(values: np.ndarray, part: str, signed: bool) -> np.ndarray:
    return np.abs(values) if signed else measured_part(values, part)


def _ends(highest: float, signed: bool) -> Ends:
    return Ends(-highest if signed else 0.0, highest)
