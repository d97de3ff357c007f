"""Deconvolutional network (Zeiler and Fergus 2014, arXiv:1311.2901): a positive signal led back through every layer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from stages.attribute import rectified
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject, of_images
from stages.attribute.methods.base import needs_images as needs  # noqa: F401 -- the methods' interface

if TYPE_CHECKING:
    from stages.common.params import Params

DESCRIPTION = "the gradient by the pixel, kept positive at every ReLU, on or off, summed over the colour channels"
EXPLAINS = "all models but those of `backbone.name: leaky_cnn`, which has no ReLUs"
UNIT = "logit per grey level, rectified"


class Settings(MapSettings):
    """The keys of a map with `method: deconvnet`."""

    method: Literal["deconvnet"]


def problems(settings: Settings, params: "Params") -> list[str]:
    """What does not fit, in words."""
    return rectified.problems(settings.method, params)


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:  # noqa: ARG001
    """A function from a batch of images to maps."""
    return of_images(rectified.summed(subject.parts.whole, "deconvolution"))
