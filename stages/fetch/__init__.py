"""Where images come from: one module a source, loaded only when it is the one asked for.

To add a source, write its module, a `Settings` for its keys, a function here and a line in SOURCES.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stages.fetch.settings import Settings


def _phantom(source: "Settings", raw: Path, workers: int) -> dict:
    from stages.fetch import phantom_folder

    return phantom_folder.fetch(source.phantom, raw, workers)


def _folder(source: "Settings", raw: Path, workers: int) -> dict:  # noqa: ARG001 (all sources are called alike)
    from stages.fetch import folder

    return folder.fetch(Path(source.path), raw)


def _openi(source: "Settings", raw: Path, workers: int) -> dict:  # noqa: ARG001
    from stages.fetch import openi

    return openi.fetch(source.openi, Path(source.path), raw)


SOURCES: dict[str, Callable[["Settings", Path, int], dict]] = {"phantom": _phantom, "folder": _folder, "openi": _openi}
"""What makes data/raw complete and returns the metrics, by `source.kind`."""
