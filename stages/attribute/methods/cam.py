"""Class activation map (Zhou et al. 2016, arXiv:1512.04150): the head's own map of scores.

With mean pooling the mean of the map is the logit: exactly CAM, its bias included. With the other poolings it is the
score map that they pool.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from stages.attribute.cells import apart, on_input_grid
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject
from stages.models.backbones import INPUT
from stages.models.heads.score_map import SCORES

if TYPE_CHECKING:
    from stages.common.params import Params
    from stages.models.backbones.settings import Architecture

DESCRIPTION = "class activation map: the head's score of every cell"
UNIT = "logit"


class Settings(MapSettings):
    """The keys of a map with `method: cam`."""

    method: Literal["cam"]


def problems(settings: Settings, params: "Params") -> list[str]:  # noqa: ARG001 -- the methods' interface
    """What does not fit, in words."""
    if params.head.kind != "score_map":
        return [f"cam needs `head.kind: score_map`, this is {params.head.kind}; deeplift and gradcam explain it"]
    return []


def needs(settings: Settings, backbone: "Architecture", cut: str, end: str) -> str:  # noqa: ARG001 -- the methods' interface
    """Kept features are enough, unless they are the images."""
    return "images" if cut == INPUT else "features"


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:  # noqa: ARG001
    """A function from a batch to maps on the input grid, bilinear between the cells."""
    import keras

    from stages.models import runtime

    design = subject.model.design
    whole = subject.parts.whole
    source = whole.input if design.cut == INPUT else whole.get_layer("cut").output
    scores = runtime.compiled(keras.Model(source, whole.get_layer(SCORES).output))

    def explain(batch: Batch) -> Result:
        values = scores(batch.images if batch.features is None else batch.features)
        cells = np.einsum("nhwk,nk->nhw", values, batch.weights)
        return Result(on_input_grid(apart(cells, design), design))

    return explain
