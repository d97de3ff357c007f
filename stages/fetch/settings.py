"""The keys of `source` in params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from stages.common.schema import Section
from stages.fetch.openi.settings import Settings as OpenISettings
from stages.fetch.phantom.settings import Settings as PhantomSettings


class Settings(Section):
    """Where the images come from."""

    kind: Literal["phantom", "folder", "openi"] = "phantom"
    """phantom draws synthetic radiographs, folder takes the images in `source.path`, openi the Indiana chest X-rays."""

    path: Annotated[str, Field(min_length=1)] = "data/inbox"
    """The user's folder: images for the source folder, files already at hand for others; absolute, or from here."""

    phantom: PhantomSettings = PhantomSettings()
    openi: OpenISettings = OpenISettings()
