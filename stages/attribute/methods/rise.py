"""RISE (Petsiuk et al. 2018, arXiv:1806.07421): the logit of images seen through random soft masks.

A pixel's value is the mean logit over the masks, weighted by how much of the pixel they show, minus the plain mean: 0
where showing the pixel makes no difference. (The paper leaves the mean in, which depends on the class alone.)
"""

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stages.attribute.changed import Forward
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject, of_images
from stages.attribute.methods.base import explains_all as problems  # noqa: F401 -- the methods' interface
from stages.attribute.methods.base import needs_images as needs  # noqa: F401
from stages.common.geometry import Size, upsample

DESCRIPTION = "the mean logit of randomly masked images that show the pixel, minus that of all"
EXPLAINS = "all models"
UNIT = "logit"
TOGETHER = 64  # masks that are held in memory at once


class Settings(MapSettings):
    """The keys of a map with `method: rise`."""

    method: Literal["rise"]
    masks: Annotated[int, Field(ge=1)] = 1000
    """Masked copies of each image, every one a pass of the model; the paper takes 4000 to 8000."""

    cells: Annotated[int, Field(ge=1)] = 7
    """Rows and columns of cells of a mask, which are shown or hidden."""

    shown: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of the cells that a mask shows."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the masks, which are the same for all images."""


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:
    """A function from a batch of images to maps."""
    forward, size = Forward(subject), subject.model.design.size

    def explain(images: np.ndarray, weights: np.ndarray) -> Result:
        weighted, scores = np.zeros((len(images), *size)), np.zeros((len(images), 1, 1))
        seen = np.zeros(size)
        for first in range(0, settings.masks, TOGETHER):
            masks = [mask(number, settings, size) for number in range(first, min(first + TOGETHER, settings.masks))]
            logits = forward(image * each[..., None] for image in images for each in masks)
            found = np.einsum("nmk,nk->nm", logits.reshape(len(images), len(masks), -1), weights)
            weighted += np.einsum("nm,mhw->nhw", found, masks)
            scores += found.sum(axis=1)[:, None, None]
            seen += np.sum(masks, axis=0, dtype=np.float64)
        return Result(np.divide(weighted, seen, out=np.zeros_like(weighted), where=seen > 0) - scores / settings.masks)

    return of_images(explain)


def mask(number: int, settings: Settings, size: Size) -> np.ndarray:
    """A mask (h, w), float32, 0 to 1: random cells, bilinear between them, moved by part of a cell."""
    random = np.random.default_rng([settings.seed, number])
    cells = (random.uniform(size=(settings.cells + 1, settings.cells + 1)) < settings.shown).astype(np.float32)
    step = [-(-length // settings.cells) for length in size]
    y, x = (int(random.integers(0, each)) for each in step)
    large = upsample(cells[None], tuple((settings.cells + 1) * each for each in step))[0]
    return large[y : y + size[0], x : x + size[1]]
