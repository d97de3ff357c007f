"""The images of a folder, as their owner laid them out."""

import os
import shutil
from pathlib import Path, PurePosixPath

from stages.common import console, files
from stages.common.errors import UserError
from stages.common.formats import files_below, is_image
from stages.fetch import keep


def fetch(source: Path, raw: Path) -> dict:
    """Make `raw` a copy of the folder `source`, which is only read. Returns the metrics.

    What is there with the same bytes is kept, what is missing is copied, what does not belong is removed; hidden files
    and what file managers leave behind are passed over.

    Raises:
        UserError: the folder is missing, holds no image, or holds `raw`.
    """
    paths = _listed(source, raw)
    for path in console.progress(paths, len(paths), "copying"):
        if not keep.same_bytes(source / path, raw / path):
            _make_room(raw, path)
            with files.atomic(raw / path) as temporary:
                shutil.copyfile(source / path, temporary)
    keep.remove_others(raw, paths)
    return {"files": len(paths), "bytes": sum((raw / path).stat().st_size for path in paths)}


def _listed(source: Path, raw: Path) -> list[str]:
    if not source.is_dir():
        raise UserError(f"source.path {source} is not a folder; create it and put images in, or set source.path")
    real, target = Path(os.path.realpath(source)), Path(os.path.realpath(raw))
    if real.is_relative_to(target) or target.is_relative_to(real):
        raise UserError(
            f"source.path {source} and {raw} lie one in the other; set source.path to a folder apart from it"
        )
    paths = files_below(source)
    if not any(is_image(source, path) for path in paths):
        raise UserError(f"source.path {source} holds no images; put images in or set source.path")
    return paths


def _make_room(raw: Path, path: str) -> None:
    """What was a file may now be a folder, and the other way round."""
    for parent in list(PurePosixPath(path).parents)[:-1]:
        if (raw / parent).is_symlink() or (raw / parent).is_file():
            (raw / parent).unlink()
    if (raw / path).is_dir() and not (raw / path).is_symlink():
        shutil.rmtree(raw / path)
