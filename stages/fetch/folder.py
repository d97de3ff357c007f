"""The images of a folder, as their owner laid them out."""

import os
import shutil
from pathlib import Path, PurePosixPath

from ruamel.yaml import YAML

from stages.common import console, files
from stages.common.errors import UserError
from stages.common.formats import files_below, is_image
from stages.fetch import keep

LOCK = Path("dvc.lock")


def fetch(source: Path, raw: Path) -> dict:
    """Make `raw` a copy of the folder `source`, which is only read. Returns the metrics.

    What is there with the same bytes is kept, what is missing is copied, what does not belong is removed; hidden files
    and what file managers leave behind are passed over.

    A queued experiment's workspace and a colleague's clone have no images in `source`, but those of `raw`, by dvc: they
    are used where dvc.lock says that they came from this folder.

    Raises:
        UserError: the folder is missing, holds `raw`, or there is no image in either.
    """
    paths = _listed(source, raw)
    if not paths:
        kept = files_below(raw)
        print(f"fetch: source.path {source} holds no images; the {len(kept)} files of {raw} are used")
        return _metrics(raw, kept)
    for path in console.progress(paths, len(paths), "copying"):
        if not keep.same_bytes(source / path, raw / path):
            _make_room(raw, path)
            with files.atomic(raw / path) as temporary:
                shutil.copyfile(source / path, temporary)
    keep.remove_others(raw, paths)
    return _metrics(raw, paths)


def _metrics(raw: Path, paths: list[str]) -> dict:
    return {"files": len(paths), "bytes": sum((raw / path).stat().st_size for path in paths)}


def _listed(source: Path, raw: Path) -> list[str]:
    """The files of `source`; none where it holds no image, but `raw` does."""
    if not source.is_dir():
        raise UserError(f"source.path {source} is not a folder; create it and put images in, or set source.path")
    real, target = Path(os.path.realpath(source)), Path(os.path.realpath(raw))
    if real.is_relative_to(target) or target.is_relative_to(real):
        raise UserError(
            f"source.path {source} and {raw} lie one in the other; set source.path to a folder apart from it"
        )
    paths = files_below(source)
    if not any(is_image(source, path) for path in paths):
        if _is_kept_from(source) and any(is_image(raw, path) for path in files_below(raw)):
            return []
        raise UserError(
            f"source.path {source} holds no images; put images in or set source.path (in a queued experiment: run "
            "`dvc repro` and `git add dvc.lock` first, so that it has those of data/raw)"
        )
    return paths


def _is_kept_from(source: Path) -> bool:
    """Whether dvc's last fetch was from this folder."""
    if not LOCK.exists():
        return False
    known = YAML(typ="safe").load(LOCK.read_text(encoding="utf-8"))["stages"].get("fetch", {}).get("params", {})
    values = known.get("params.yaml", {})
    return values.get("source.kind") == "folder" and Path(values.get("source.path", "")) == source


def _make_room(raw: Path, path: str) -> None:
    """What was a file may now be a folder, and the other way round."""
    for parent in list(PurePosixPath(path).parents)[:-1]:
        if (raw / parent).is_symlink() or (raw / parent).is_file():
            (raw / parent).unlink()
    if (raw / path).is_dir() and not (raw / path).is_symlink():
        shutil.rmtree(raw / path)
