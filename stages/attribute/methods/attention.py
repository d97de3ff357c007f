"""Attention (Ilse et al. 2018, arXiv:1802.04712): how much each instance of the bag counts in the attention head.

A tile's weight fills its square, and where tiles overlap the mean is taken; without tiles the instances are the cells
of the feature map, and the map is bilinear between them. The weights are shares, and the same for every class.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from stages.attribute.cells import from_kept, on_input_grid
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject
from stages.models.backbones import INPUT
from stages.models.heads.attention import ATTENTION, INSTANCES

if TYPE_CHECKING:
    from stages.common.params import Params
    from stages.models.backbones.settings import Architecture

DESCRIPTION = "the attention head's weight of every instance; the weights of an image sum to 1"
EXPLAINS = "models with `head.kind: attention`"
UNIT = "share of the bag"


class Settings(MapSettings):
    """The keys of a map with `method: attention`. Target and contrast change nothing."""

    method: Literal["attention"]


def problems(settings: Settings, params: "Params") -> list[str]:
    """What does not fit, in words."""
    if params.head.kind != "attention":
        return [f"attention needs `head.kind: attention`, this is {params.head.kind}; deeplift and gradcam explain it"]
    if settings.contrast is not None:
        return ["attention is the same for every class; leave `contrast` out"]
    return []


def needs(settings: Settings, backbone: "Architecture", cut: str, end: str) -> str:  # noqa: ARG001 -- the methods' interface
    """Kept features are enough, unless they are the images."""
    return "images" if cut == INPUT else "features"


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:  # noqa: ARG001
    """A function from a batch to maps on the input grid, none of them negative."""
    whole, design = subject.parts.whole, subject.model.design
    attention = from_kept(subject, whole.get_layer(ATTENTION).output)
    cells = (1, 1) if design.tiling else whole.get_layer(INSTANCES).input.shape[1:3]

    def explain(batch: Batch) -> Result:
        weights = attention(batch.images if batch.features is None else batch.features)
        return Result(on_input_grid(weights.reshape(-1, *cells), design))

    return explain
