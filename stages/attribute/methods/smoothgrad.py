"""SmoothGrad (Smilkov et al. 2017, arXiv:1706.03825): the mean gradient over noisy copies of the image."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stages.attribute.gradients import gradients
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject, of_images
from stages.attribute.methods.base import explains_all as problems  # noqa: F401 -- the methods' interface
from stages.attribute.methods.base import needs_images as needs  # noqa: F401
from stages.attribute.noise import generator

DESCRIPTION = "the mean gradient over noisy copies of the image, the largest absolute value of the colour channels"
EXPLAINS = "all models"
UNIT = "logit per grey level"


class Settings(MapSettings):
    """The keys of a map with `method: smoothgrad`."""

    method: Literal["smoothgrad"]
    samples: Annotated[int, Field(ge=1)] = 32
    """Noisy copies of each image."""

    noise: Annotated[float, Field(gt=0, le=1)] = 0.15
    """The noise's standard deviation, as a fraction of the image's range; the paper's is 0.1 to 0.2."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the noise."""


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:
    """A function from a batch of images to maps, none of them negative."""
    gradient = gradients(partial(subject.parts.whole, training=False))

    def explain(images: np.ndarray, weights: np.ndarray) -> Result:
        return Result(np.stack([one(image, weight) for image, weight in zip(images, weights, strict=True)]))

    def one(image: np.ndarray, weight: np.ndarray) -> np.ndarray:
        shape = (settings.samples, *image.shape)
        noise = generator(settings.seed, image).standard_normal(shape, np.float32)
        copies = image + settings.noise * np.ptp(image) * noise
        mean = gradient(copies, np.tile(weight, (settings.samples, 1))).mean(axis=0, dtype=np.float64)
        return np.abs(mean).max(axis=-1).astype(np.float32)

    return of_images(explain)
