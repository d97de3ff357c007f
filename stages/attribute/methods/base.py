"""What all attribution methods share: their settings, what they are given, and what they give."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from stages.common.schema import Section

if TYPE_CHECKING:
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
