"""DropBlock's settings (Ghiasi et al. 2018, arXiv:1810.12890); the layer is `stages.models.layers.DropBlock`."""

from typing import Annotated, Literal

from pydantic import Field

from stages.common.schema import Section


class Settings(Section):
    """DropBlock: training drops squares of feature maps instead of single values."""

    keep: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of each map's cells that is kept; 1: none is dropped. The paper's best is 0.9."""

    size: Annotated[int, Field(ge=1)] = 7
    """Side of the squares in cells; a smaller map is one square."""

    shared: bool = False
    """Whether all channels of an image lose the same squares."""

    ramp: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Part of the epochs in which the dropped share grows, in equal steps, from nothing; 0: it is whole at once."""

    place: Literal["backbone", "head", "both"] = "both"
    """backbone: after the convolutions of its last two stages that are behind the cut; head: on the head's input."""

    def at(self, place: Literal["backbone", "head"]) -> bool:
        """Whether anything is dropped at a place."""
        return self.keep < 1 and self.place in (place, "both")
