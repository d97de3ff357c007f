"""The keys of `attribute` in params.yaml."""

from typing import Annotated, Literal, Union

from pydantic import Field

from stages.attribute.methods import METHODS
from stages.common.schema import Section

AnyMap = Annotated[Union[tuple(method.Settings for method in METHODS.values())], Field(discriminator="method")]  # noqa: UP007
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)]


class Settings(Section):
    """Which images are explained, and by which maps."""

    splits: Annotated[list[Literal["train", "validation", "test"]], Field(min_length=1)] = ["validation", "test"]
    """Parts of the split whose images are explained. With folds every image is a test image of one model."""

    images: Annotated[list[str], Field(min_length=1)] | None = None
    """The image_ids of those that are explained; null: all of the splits."""

    max_images: Annotated[int, Field(ge=1)] | None = 500
    """At most this many, drawn evenly from each split and class, in the order of the SHA-256 of the image_id."""

    maps: Annotated[dict[Name, AnyMap], Field(min_length=1)] = {
        "gradcam": METHODS["gradcam"].Settings(method="gradcam")
    }
    """The maps by name, each a method with its settings."""
