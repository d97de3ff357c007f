"""The keys of `trust` in params.yaml."""

from typing import Annotated

from pydantic import Field

from stages.common.schema import Section


class Settings(Section):
    """Whether maps are faithful to the model (insertion, deletion), and depend on its weights (sanity)."""

    max_images: Annotated[int, Field(ge=0)] = 12
    """Images of the positive class that have maps, chosen as `attribute.max_images` does; 0: nothing is measured. Of
    fewer than 10 groups there are no intervals, and no map is called worse than random."""

    sanity_images: Annotated[int, Field(ge=2)] = 4
    """At most this many of them are explained again with shuffled weights."""

    steps: Annotated[int, Field(ge=2)] = 8
    """Steps of the curves of insertion and deletion; each takes two passes of the model for an image and a map."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the random order, of the shuffled weights and of the intervals."""
