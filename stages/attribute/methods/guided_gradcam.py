"""Guided Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391): guided backpropagation where Grad-CAM is positive."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from stages.attribute import rectified
from stages.attribute.cells import on_input_grid
from stages.attribute.methods import gradcam
from stages.attribute.methods.base import Batch, Result, Subject, of_images
from stages.attribute.methods.base import needs_images as needs  # noqa: F401 -- the methods' interface

if TYPE_CHECKING:
    from stages.common.params import Params

DESCRIPTION = "the positive part of Grad-CAM times guided backpropagation, summed over the colour channels"
EXPLAINS = "all models but those of `backbone.name: leaky_cnn`, which has no ReLUs"
UNIT = "Grad-CAM times rectified gradient"


class Settings(gradcam.LayerSettings):
    """The keys of a map with `method: guided_gradcam`."""

    method: Literal["guided_gradcam"]


def problems(settings: Settings, params: "Params") -> list[str]:
    """What does not fit, in words."""
    return gradcam.problems(settings, params) + rectified.problems(settings.method, params)


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:
    """A function from a batch of images to maps."""
    whole, design = subject.parts.whole, subject.model.design
    layer = settings.layer or design.end
    cells = gradcam.compiled(whole, layer, design.cut, gradcam.mean_gradient, from_images=True)
    guided = of_images(rectified.summed(whole, "guided"))

    def explain(batch: Batch) -> Result:
        values = gradcam.within_border(cells(batch.images, batch.weights), layer, design)
        where = np.maximum(on_input_grid(values, design), 0)
        return Result(where * guided(batch).maps)

    return explain
