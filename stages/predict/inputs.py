"""What is to be predicted: the files that were named, and the images in the folders that were named."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.common.errors import UserError
from stages.common.formats import files_below, is_image
from stages.ingest.identity import image_ids
from stages.ingest.listing import Rejection


@dataclass(frozen=True)
class Input:
    """A file to be read as an image. `source_path` is below the folder that holds all that was named."""

    image_id: str
    source_path: str
    file: Path


def find(named: Sequence[Path]) -> tuple[list[Input], list[Rejection]]:
    """The files to be read, sorted by image_id, and those in folders that are no images by their names.

    A file that is named itself is read whatever its name. One named twice is read once.

    Raises:
        UserError: something named is not there, a name is not UTF-8, or there is nothing to read.
    """
    if gone := [path for path in named if not path.exists()]:
        raise UserError(f"{gone[0]} is not there; name images or folders of images")
    places = [_place(path) for path in named]
    root = Path(os.path.commonpath([place if place.is_dir() else place.parent for place in places]))
    found, others = {}, []
    for place in places:
        if not place.is_dir():
            found[_below(root, place)] = place
            continue
        for path in files_below(place):
            if is_image(place, path):
                found[_below(root, place / path)] = place / path
            else:
                others.append(_below(root, place / path))
    if not found:
        raise UserError(f"{named[0]} holds no images; name images or folders of images")
    names = sorted(found)
    inputs = [Input(image_id, name, found[name]) for image_id, name in zip(image_ids(names), names, strict=True)]
    rejected = [Rejection(name, "other_file") for name in sorted(set(others) - set(found))]
    return sorted(inputs, key=lambda each: each.image_id), rejected


def _place(path: Path) -> Path:
    """Where a file or folder is; a link to a file keeps its own name."""
    return path.resolve() if path.is_dir() else path.parent.resolve() / path.name


def _below(root: Path, file: Path) -> str:
    name = file.relative_to(root).as_posix()
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        shown = name.encode("utf-8", "replace").decode()
        raise UserError(f"the name of the file {shown} is not UTF-8; rename it") from None
    return name
