"""Expected gradients, as shap's GradientExplainer (Lundberg and Lee 2017, arXiv:1705.07874; Erion et al. 2019,
arXiv:1906.10670): integrated gradients from many training images at once, by sampling.

Each sample is a point at a random place between the image and a training image. The places are spread evenly over the
way, and the training images over the set, which lowers the noise of shap's independent draws; the expectation is the
same. Here an image's draws do not depend on those that came before it. The map's sum meets the logit minus the mean
over the references in expectation only; the completeness error tells how far it is off.
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
from stages.attribute.noise import generator

DESCRIPTION = "expected gradients between training images and the image, summed over the colour channels"
EXPLAINS = "all models"
UNIT = "logit"


class Settings(MapSettings):
    """The keys of a map with `method: gradient_shap`."""

    method: Literal["gradient_shap"]
    samples: Annotated[int, Field(ge=1)] = 64
    """Gradients an image."""

    references: Annotated[int, Field(ge=1)] = 16
    """Training images that the image is compared with, evenly spaced in the order of their image_ids."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the samples."""


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:
    """A function from a batch of images to maps, their deltas and their errors of completeness."""
    run = partial(subject.parts.whole, training=False)
    gradient, value = gradients(run), values(run)
    starts = references.some(subject, settings.references)
    outputs = subject.parts.whole.output_shape[-1]
    mean_logits = np.stack([value(starts, np.tile(unit, (len(starts), 1))) for unit in np.eye(outputs)]).mean(axis=1)

    def explain(images: np.ndarray, weights: np.ndarray) -> Result:
        maps = np.stack([one(*each) for each in zip(images, weights, strict=True)])
        delta = value(images, weights) - weights @ mean_logits
        return Result(maps.astype(np.float32), delta, maps.sum(axis=(1, 2)) - delta)

    def one(image: np.ndarray, weight: np.ndarray) -> np.ndarray:
        random = generator(settings.seed, image)
        count = settings.samples
        chosen = starts[random.permutation(max(count, len(starts)))[:count] % len(starts)]
        ways = ((np.arange(count) + random.uniform(size=count)) / count).astype(np.float32)[:, None, None, None]
        change = image - chosen
        found = gradient(chosen + ways * change, np.tile(weight, (count, 1)))
        return (found * change).mean(axis=0, dtype=np.float64).sum(axis=-1)

    return of_images(explain)
