"""The keys of `shortcuts` in params.yaml."""

from typing import Annotated

from pydantic import Field

from stages.common.schema import Section


class Settings(Section):
    """Whether the model needs the finding: its AUC with the regions hidden, and from the image's border alone."""

    max_images: Annotated[int, Field(ge=0)] = 200
    """At most this many test and as many validation images, chosen as `attribute.max_images` does; each takes up to
    four passes of the model. 0: nothing is measured."""

    dilation: Annotated[float, Field(ge=0, le=0.5)] = 0.03
    """How far regions are grown before they are hidden, as a share of the image's shorter side."""

    border: Annotated[float, Field(ge=0.02, lt=0.5)] = 0.1
    """Width of the image's border, as a share of each side."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of whose region an image without one is lent, and of the intervals."""
