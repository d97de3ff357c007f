"""Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365): the gradient along the way from the reference.

The integral is a sum over the midpoints of equal steps; what it misses is the completeness error.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stages.attribute import references
from stages.attribute.gradients import gradients, values
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject, of_images
from stages.attribute.methods.base import explains_all as problems  # noqa: F401 -- the methods' interface
from stages.attribute.methods.base import needs_images as needs  # noqa: F401

DESCRIPTION = "gradients integrated from the reference to the image, summed over the colour channels"
EXPLAINS = "all models"
UNIT = "logit"


class Settings(MapSettings):
    """The keys of a map with `method: integrated_gradients`."""

    method: Literal["integrated_gradients"]
    steps: Annotated[int, Field(ge=1)] = 64
    """Gradients on the way: more make the sum meet the logit's difference more closely."""

    reference: references.Kind = "black"
    """What the image is compared with: black, the mean training image, or itself blurred."""


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:
    """A function from a batch of images to maps, their deltas and their errors of completeness."""
    run = partial(subject.parts.whole, training=False)
    reference = references.for_each(subject, settings.reference)
    gradient, value = gradients(run), values(run)
    ways = ((np.arange(settings.steps, dtype=np.float32) + 0.5) / settings.steps)[:, None, None, None]

    def explain(images: np.ndarray, weights: np.ndarray) -> Result:
        starts = reference(images)
        maps = np.stack([one(*each) for each in zip(images, starts, weights, strict=True)])
        delta = value(images, weights) - value(starts, weights)
        return Result(maps.astype(np.float32), delta, maps.sum(axis=(1, 2)) - delta)

    def one(image: np.ndarray, start: np.ndarray, weight: np.ndarray) -> np.ndarray:
        points = start + ways * (image - start)
        mean = gradient(points, np.tile(weight, (len(points), 1))).mean(axis=0, dtype=np.float64)
        return (mean * (image - start)).sum(axis=-1)

    return of_images(explain)
