"""The section `localize` of params.yaml."""

from typing import Literal

from pydantic import Field

from stages.common.schema import Section


class Settings(Section):
    """How the maps are measured against the regions, and how one map is chosen."""

    tolerance: float = Field(0.0, ge=0.0, le=0.5)
    """The pointing game also counts a maximum this near to a region, as a fraction of the stored image's diagonal."""

    choose_by: Literal["pointing", "energy", "pixel_auc", "average_precision", "iou_otsu"] = "pointing"
    """The map with the highest mean of this metric on validation images is the result."""

    regions_complete: bool = True
    """False: the regions mark only some of an image's findings, so what lies outside them is not called an error."""

    center_sigma: float = Field(0.25, gt=0.0, le=2.0)
    """Standard deviation of the baseline `center`, as a fraction of the image's height and width."""

    replicates: int = Field(2000, ge=100, le=100_000)
    """Bootstrap replicates of the groups for the intervals."""

    seed: int = Field(0, ge=0)
    """Seed of the bootstrap."""
