"""The keys of `report` in params.yaml."""

from typing import Annotated

from pydantic import Field

from stages.common.schema import Section


class Settings(Section):
    """What the report shows and how large it may get."""

    max_images: Annotated[int, Field(ge=0)] = 500
    """Images in the gallery. Of more, each part, class and outcome gives evenly, by the SHA-256 of the image ids."""

    image_side: Annotated[int, Field(ge=64, le=4096)] = 640
    """Longest side in pixels of an image in the gallery; larger ones are shrunk."""

    image_quality: Annotated[int, Field(ge=1, le=100)] = 80
    """WebP quality of the images and heat layers in the gallery."""
