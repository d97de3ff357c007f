"""DeepLIFT maps: what every pixel adds to a logit, compared with a reference image. See `stages.attribute.rescale`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from stages.attribute import references
from stages.attribute.methods.base import Batch, ClassName, MapSettings, Result, Subject, is_target, of_images
from stages.attribute.methods.base import needs_images as needs  # noqa: F401 -- the methods' interface

if TYPE_CHECKING:
    from stages.common.params import Params

DESCRIPTION = "DeepLIFT, Rescale rule, summed over the colour channels"
EXPLAINS = "all models but those with `head.kind: attention`"
UNIT = "logit"


class Settings(MapSettings):
    """The keys of a map with `method: deeplift`."""

    method: Literal["deeplift"]
    reference: references.Kind = "black"
    """What the image is compared with: black, the mean training image, or itself blurred."""

    minus: ClassName | None = None
    """The Open-i ancestor's contrast: the map minus the positive part of this class's map, clipped at 0 (class:<name>).
    The result no longer sums to a difference of logits."""


def problems(settings: Settings, params: "Params") -> list[str]:
    """What does not fit, in words."""
    if params.head.kind == "attention":
        return ["deeplift has no rule for `head.kind: attention`; attention and gradcam explain it"]
    if settings.minus is None:
        return []
    if settings.minus.removeprefix("class:") not in params.ingest.classes:
        return [f"minus: {settings.minus} is not among `ingest.classes`: {', '.join(params.ingest.classes)}"]
    if is_target(settings, settings.minus, params):
        return ["minus is the target itself, and nothing would be left; name another class"]
    if params.train.loss == "sigmoid":
        return ["minus needs a logit for each class; set `train.loss: softmax`"]
    return []


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:
    """A function from a batch of images to maps, their deltas and their errors of completeness."""
    from stages.attribute.rescale import DeepLift

    explain = DeepLift(subject.parts.whole, references.shared(subject, settings.reference))

    def contributions(images: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        own = references.blurred(images) if settings.reference == "blurred" else None
        parts, delta = explain(images, weights, own)
        return parts.sum(axis=-1, dtype=np.float64), delta

    def maps(images: np.ndarray, weights: np.ndarray) -> Result:
        values, delta = contributions(images, weights)
        if settings.minus is None:
            return Result(values.astype(np.float32), delta, (values.sum(axis=(1, 2)) - delta).astype(np.float32))
        other = np.zeros_like(weights)
        other[:, subject.model.classes.index(settings.minus.removeprefix("class:"))] = 1
        against, _ = contributions(images, other)
        return Result(np.maximum(values - np.maximum(against, 0), 0).astype(np.float32))

    return of_images(maps)
