"""Occlusion (Zeiler and Fergus 2014, arXiv:1311.2901): how much the logit falls when a window is covered.

A pixel's value is the mean fall over the windows that cover it. Windows start every `step` pixels, and the last ones
end at the far rim.
"""

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from stages.attribute import references
from stages.attribute.changed import Forward
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject, of_images
from stages.attribute.methods.base import needs_images as needs  # noqa: F401 -- the methods' interface
from stages.common.geometry import Size

if TYPE_CHECKING:
    from stages.common.params import Params

DESCRIPTION = "the mean fall of the logit over the covered windows that a pixel is in"
EXPLAINS = "all models"
UNIT = "logit"


class Settings(MapSettings):
    """The keys of a map with `method: occlusion`."""

    method: Literal["occlusion"]
    window: Annotated[int, Field(ge=1)] = 24
    """Side of the covered square, in pixels of the input."""

    step: Annotated[int, Field(ge=1)] = 10
    """Pixels from one window to the next."""

    reference: references.Kind = "black"
    """What covers: black, the mean training image, or the image itself blurred."""


def problems(settings: Settings, params: "Params") -> list[str]:
    """What does not fit, in words."""
    shorter = min(params.image.height, params.image.width)
    if settings.window > shorter:
        return [f"window: {settings.window} is larger than the input ({shorter} pixels)"]
    if settings.step > settings.window:
        return [f"step: {settings.step} leaves gaps between windows of {settings.window}; at most that many"]
    return []


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:
    """A function from a batch of images to maps."""
    forward, size = Forward(subject), subject.model.design.size
    reference = references.for_each(subject, settings.reference)
    windows = windows_of(size, settings.window, settings.step)
    covering = _summed(windows, np.ones(len(windows)), size)

    def explain(images: np.ndarray, weights: np.ndarray) -> Result:
        covers = reference(images)
        pairs = itertools.product(range(len(images)), windows)
        copies = (_covered(images[row], covers[row], window) for row, window in pairs)
        logits, hidden = np.split(forward(itertools.chain(images, copies)), [len(images)])
        falls = logits[:, None] - hidden.reshape(len(images), len(windows), -1)
        falls = np.einsum("nmk,nk->nm", falls, weights)
        return Result(np.stack([_summed(windows, each, size) / covering for each in falls]))

    return of_images(explain)


def windows_of(size: Size, side: int, step: int) -> list[tuple[slice, slice]]:
    """The windows, row by row: every `step` pixels, and one at the far rim; together they cover the input."""
    ys, xs = ([*range(0, length - side, step), length - side] for length in size)
    return [(slice(y, y + side), slice(x, x + side)) for y in ys for x in xs]


def _covered(image: np.ndarray, cover: np.ndarray, window: tuple[slice, slice]) -> np.ndarray:
    changed = image.copy()
    changed[window] = cover[window]
    return changed


def _summed(windows: list[tuple[slice, slice]], values: np.ndarray, size: Size) -> np.ndarray:
    """The sum (h, w), float64, of the values of those windows that each pixel is in."""
    total = np.zeros(size)
    for window, value in zip(windows, values, strict=True):
        total[window] += value
    return total
