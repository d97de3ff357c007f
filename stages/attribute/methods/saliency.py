"""Saliency (Simonyan et al. 2014, arXiv:1312.6034): how strongly the logit reacts to each pixel."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np

from stages.attribute.gradients import gradients
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject, of_images
from stages.attribute.methods.base import explains_all as problems  # noqa: F401 -- the methods' interface
from stages.attribute.methods.base import needs_images as needs  # noqa: F401

DESCRIPTION = "the gradient of the logit by the pixel, the largest absolute value of the colour channels"
EXPLAINS = "all models"
UNIT = "logit per grey level"


class Settings(MapSettings):
    """The keys of a map with `method: saliency`."""

    method: Literal["saliency"]


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:  # noqa: ARG001
    """A function from a batch of images to maps, none of them negative."""
    gradient = gradients(partial(subject.parts.whole, training=False))

    def explain(images: np.ndarray, weights: np.ndarray) -> Result:
        return Result(np.abs(gradient(images, weights)).max(axis=-1))

    return of_images(explain)
