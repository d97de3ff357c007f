"""The keys of `train.augment` in params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from stages.common.schema import Section

Share = Annotated[float, Field(ge=0, lt=1)]


class Settings(Section):
    """Random changes of the training images, other ones in each epoch; only where the cut is the input. All at rest by
    default. What a change uncovers is filled with the nearest pixel."""

    flip: Literal["none", "horizontal", "vertical", "both"] = "none"
    """Mirrored with a chance of one half, in each direction named."""

    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Turned by up to so many degrees, either way."""

    shear: Share = 0.0
    """Sheared by up to this share of the side."""

    zoom: Share = 0.0
    """Enlarged or shrunk by up to this share, the aspect kept."""

    shift: Share = 0.0
    """Moved by up to this share of the height and of the width, by whole pixels."""

    crop: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the height and of the width that is cut out at a random place, and enlarged to the input; 1: all."""

    brightness: Share = 0.0
    """Made lighter or darker by up to this share of white."""

    @property
    def active(self) -> bool:
        """Whether anything is changed."""
        return self != Settings()
