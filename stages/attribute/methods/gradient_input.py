"""Gradient x input (Shrikumar et al. 2016, arXiv:1605.01713): what each pixel would add were the model linear.

A pixel is measured from black: where the image is black, so is the map.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np

from stages.attribute.gradients import gradients
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject, of_images
from stages.attribute.methods.base import explains_all as problems  # noqa: F401 -- the methods' interface
from stages.attribute.methods.base import needs_images as needs  # noqa: F401

DESCRIPTION = "the gradient of the logit by the pixel times the pixel, summed over the colour channels"
EXPLAINS = "all models"
UNIT = "logit"


class Settings(MapSettings):
    """The keys of a map with `method: gradient_input`."""

    method: Literal["gradient_input"]


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:  # noqa: ARG001
    """A function from a batch of images to maps."""
    gradient = gradients(partial(subject.parts.whole, training=False))

    def explain(images: np.ndarray, weights: np.ndarray) -> Result:
        return Result((gradient(images, weights) * images).sum(axis=-1))

    return of_images(explain)
