"""Class activation map (Zhou et al. 2016, arXiv:1512.04150): the head's own map of scores.

With mean pooling the mean of the map is the logit: exactly CAM, its bias included. With the other poolings of
`score_map` it is the score map that they pool. With `gem` it is what each cell adds to the logit, activation times
gradient (HiResCAM, Draelos and Carin 2020, arXiv:2011.08891): for a generalised mean, too, that sums to the logit but
for a constant (Euler's theorem). The constant is spread evenly, and the mean of the map is the logit again. Where the
head does not look (`head.border`), the map is zero.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from stages.attribute.cells import apart, from_kept, on_input_grid
from stages.attribute.methods import gradcam
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject
from stages.models.backbones import INPUT
from stages.models.heads.score_map import SCORES

if TYPE_CHECKING:
    from stages.common.params import Params
    from stages.models.backbones.settings import Architecture

Cells = Callable[[np.ndarray, np.ndarray], np.ndarray]  # inputs, weights (n, outputs) -> maps (n, h, w) of cells

DESCRIPTION = "class activation map: the head's score of every cell"
EXPLAINS = "models with `head.kind: score_map` or gem"
UNIT = "logit"


class Settings(MapSettings):
    """The keys of a map with `method: cam`."""

    method: Literal["cam"]


def problems(settings: Settings, params: "Params") -> list[str]:  # noqa: ARG001 -- the methods' interface
    """What does not fit, in words."""
    if params.head.kind not in ("score_map", "gem"):
        return [f"cam needs `head.kind: score_map` or gem, this is {params.head.kind}; deeplift and gradcam explain it"]
    return []


def needs(settings: Settings, backbone: "Architecture", cut: str, end: str) -> str:  # noqa: ARG001 -- the methods' interface
    """Kept features are enough, unless they are the images."""
    return "images" if cut == INPUT else "features"


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:  # noqa: ARG001
    """A function from a batch to maps on the input grid, bilinear between the cells."""
    make = _contributions if subject.model.design.head == "gem" else _scores
    cells = make(subject)

    def explain(batch: Batch) -> Result:
        inputs = batch.images if batch.features is None else batch.features
        return Result(on_input_grid(cells(inputs, batch.weights), subject.model.design))

    return explain


def _scores(subject: Subject) -> Cells:
    """The head's map of scores, as a function of inputs and weights on the logits."""
    scores = from_kept(subject, subject.parts.whole.get_layer(SCORES).output)

    design = subject.model.design
    rim = (design.border, design.border)

    def cells(inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
        within = np.einsum("nhwk,nk->nhw", scores(inputs), weights)
        return apart(np.pad(within, ((0, 0), rim, rim)), design)

    return cells


def _contributions(subject: Subject) -> Cells:
    """What each cell of the backbone's end adds to the logit, times the number of cells."""
    design = subject.model.design
    logits = from_kept(subject, subject.parts.whole.output)
    added = gradcam.compiled(subject.parts.whole, design.end, design.cut, lambda gradient, values: gradient)  # noqa: ARG005

    def cells(inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
        maps = added(inputs, weights)
        seen = np.broadcast_to(gradcam.seen(maps.shape[1:], design.border), maps.shape)
        rows, seen = (each.reshape(len(weights), -1) for each in (maps, seen))
        constant = (logits(inputs) * weights).sum(axis=1) - rows.sum(axis=1)
        return np.where(seen, rows * seen.sum(axis=1, keepdims=True) + constant[:, None], 0).reshape(maps.shape)

    return cells
