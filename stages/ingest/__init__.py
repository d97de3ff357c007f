"""How the files of a source become labelled images: one module a layout, loaded only when it is the one asked for.

To add a layout, write its module with `read` and its `Settings`, a function here and a line in LAYOUTS.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stages.ingest.listing import Listing
    from stages.ingest.settings import Settings


def _breakhis(raw: Path, settings: "Settings") -> "Listing":
    from stages.ingest import breakhis

    return breakhis.read(raw, settings.breakhis)


def _folder(raw: Path, settings: "Settings") -> "Listing":
    from stages.ingest import folder

    return folder.read(raw, settings.folder)


def _openi(raw: Path, settings: "Settings") -> "Listing":
    from stages.ingest import openi

    return openi.read(raw, settings.openi)


LAYOUTS: dict[str, Callable[[Path, "Settings"], "Listing"]] = {
    "breakhis": _breakhis,
    "folder": _folder,
    "openi": _openi,
}
"""What reads data/raw, by the name of the layout."""
