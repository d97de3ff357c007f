"""The mosaic of attention-based multiple-instance learning: every tile of the image times its attention weight.

Ilse et al. 2018, arXiv:1802.04712, figure 5 (d). The weights of a bag are rescaled as in their section 4.3,
(weight - least) / (greatest - least), so that the least tile is black and the greatest is left as it is. What is in no
tile of the bag is black. Where tiles overlap, a pixel's weight is the mean of theirs.
"""

from collections.abc import Iterable

import numpy as np

from stages.common.maps import MapFile
from stages.render.scale import Ends
from stages.render.settings import Settings

METHOD = "attention"
WHITE = 255


def applies(method: str, settings: Settings) -> bool:
    """Whether the maps of a method are drawn as mosaics; that there are tiles is checked with the parameters."""
    return method == METHOD and settings.attention == "mosaic"


def colors() -> np.ndarray:
    """(256, 4), uint8: black, from opaque to clear. Laid over an image, it is the image times 0 to 1."""
    return np.stack([*np.zeros((3, 256)), np.arange(256)[::-1]], axis=1).astype(np.uint8)


def shown_colors() -> np.ndarray:
    """(256, 4), uint8: what the colours make of a white pixel, for colour bars."""
    return np.stack([*[np.arange(256)] * 3, np.full(256, WHITE)], axis=1).astype(np.uint8)


def own_ends(weights: np.ndarray) -> Ends | None:
    """The ends for one map of weights (h, w) on the input grid; None where nothing has weight."""
    return _ends([weights])


def shared_ends(file: MapFile, settings: Settings) -> Ends | None:
    """For `scale: set`: the ends over all maps of a file that are not empty; None for other policies or without any."""
    if settings.scale != "set":
        return None
    return _ends(file.read(row) for row, status in enumerate(file.status) if status == "ok")


def policy(settings: Settings) -> str:
    """What the two ends mean. `scale: percentile` is as `image`: no single pixel stands out from its tile."""
    whose = "the greatest weight of all images" if settings.scale == "set" else "each image's own greatest weight"
    return f"{whose}, where the image is left as it is; the least weight is black"


def _ends(maps: Iterable[np.ndarray]) -> Ends | None:
    """From the least to the greatest weight; from 0 where all are equal, as each then counts fully."""
    there = [weights[weights > 0] for weights in maps]
    there = [weights for weights in there if len(weights)]
    if not there:
        return None
    low, high = min(float(weights.min()) for weights in there), max(float(weights.max()) for weights in there)
    return Ends(low if low < high else 0.0, high)
