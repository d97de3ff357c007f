"""What all attribution methods share: their settings, what they are given, and what they give."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from stages.common.schema import Section

if TYPE_CHECKING:
    from stages.common.params import Params
    from stages.models.backbones.settings import Architecture
    from stages.models.compose import Parts
    from stages.models.trained import Trained

Target = Annotated[str, Field(pattern=r"^(positive|predicted|true|class:.+)$")]
ClassName = Annotated[str, Field(pattern=r"^class:.+$")]


class MapSettings(Section):
    """The keys that every map has."""

    target: Target = "positive"
    """The class whose logit is explained: positive, predicted, true, or class:<name>."""

    contrast: ClassName | None = None
    """class:<name>: explain the target's logit minus this one's. null: the target's alone."""

    smooth: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Deviation of the Gaussian that smooths the map, as a share of the shorter side of the input; its sum stays. A
    finding's centre then beats a bright point of its rim."""

    part: Literal["positive", "absolute"] = "positive"
    """The part of the signed map that is measured and drawn; the raw values are kept."""


@dataclass(frozen=True)
class Subject:
    """The model to be explained. `training_images` gives batches (b, h, w, 3) uint8 of its training images."""

    model: "Trained"
    parts: "Parts"
    training_images: Callable[[], "object"]


@dataclass(frozen=True)
class Batch:
    """A padded batch. One of `images` (n, h, w, 3), RGB in 0..255, and `features` (n, ...) is there, both float32.

    `weights` (n, outputs), float32: how much of each logit is explained; a row of a plain target is one-hot.
    """

    images: np.ndarray | None
    features: np.ndarray | None
    weights: np.ndarray


@dataclass(frozen=True)
class Result:
    """Raw maps (n, h, w) float32 on the input grid. `delta` (n) where the method promises that the map sums to it."""

    maps: np.ndarray
    delta: np.ndarray | None = None
    error: np.ndarray | None = None


def is_target(settings: MapSettings, name: str, params: "Params") -> bool:
    """Whether class:<name> is, whatever the image, the class that the map explains."""
    target = f"class:{params.ingest.positive_class}" if settings.target == "positive" else settings.target
    return name == target


def explains_all(settings: MapSettings, params: "Params") -> list[str]:  # noqa: ARG001 -- the methods' interface
    """The `problems` of a method that explains every model: none."""
    return []


def needs_images(settings: MapSettings, backbone: "Architecture", cut: str, end: str) -> str:  # noqa: ARG001
    """What a method `needs` that goes back to the pixels."""
    return "images"


def of_images(explain: Callable[[np.ndarray, np.ndarray], Result]) -> Callable[[Batch], Result]:
    """A method that is a function of images (n, h, w, 3) and weights (n, outputs), as a function of a batch.

    Rows without any weight, as padding has none, are not computed: their maps are zero.
    """

    def maps(batch: Batch) -> Result:
        rows = np.flatnonzero(batch.weights.any(axis=1))
        rows = rows if len(rows) else np.zeros(1, int)
        found = explain(batch.images[rows], batch.weights[rows])
        return Result(*(_spread(part, rows, len(batch.weights)) for part in (found.maps, found.delta, found.error)))

    return maps


def _spread(values: np.ndarray | None, rows: np.ndarray, count: int) -> np.ndarray | None:
    if values is None:
        return None
    whole = np.zeros((count, *values.shape[1:]), np.float32)
    whole[rows] = values
    return whole
