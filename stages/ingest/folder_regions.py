"""Ground truth in the folder layout: boxes.csv, a folder masks/, or mask files beside their images."""

import re
from collections import defaultdict
from pathlib import Path, PurePosixPath

import pandas as pd

from stages.common.errors import UserError
from stages.ingest import user_table
from stages.ingest.listing import BOX_COLUMNS, Rejection

BOXES, MASKS = "boxes.csv", "masks"
MASK_NAME = re.compile(r"(?P<image>.+)_mask(_\d+)?")


def tell_masks(names: list[str], labelled: set[str]) -> tuple[list[str], dict[str, list[str]], list[Rejection]]:
    """Part image files from mask files: the images, the masks of each, and the masks that belong to none.

    Masks lie in `masks/`, at the image's path with any suffix; or beside their image. A mask may be named as the
    image, or `<image>_mask`, `<image>_mask_1` and so on; an image with several has them united. What `labelled` names
    is an image.

    Raises:
        UserError: there are files in masks/, but none belongs to an image.
    """
    inner = [name for name in names if name.lower().startswith(f"{MASKS}/") and name not in labelled]
    outer = sorted(set(names) - set(inner))
    stems = {_stem(name) for name in outer}
    beside = [name for name in outer if _image_stem(_stem(name)) in stems and name not in labelled]
    images = sorted(set(outer) - set(beside))
    by_stem = defaultdict(list)
    for name in images:
        by_stem[_stem(name)].append(name)
    masks, lone = defaultdict(list), []
    for name in [*inner, *beside]:
        stem = _stem(name.split("/", 1)[1] if name in inner else name)
        owners = by_stem.get(stem) or by_stem.get(_image_stem(stem), [])
        for owner in owners:
            masks[owner].append(name)
        if not owners:
            lone.append(Rejection(name, "region_without_image", "no image has its path and name"))
    if inner and not masks:
        raise UserError(f"{inner[0]} belongs to no image, as all others in {MASKS}/; give each the path of its image")
    return images, dict(masks), lone


def read_boxes(raw: Path, images: list[str]) -> tuple[pd.DataFrame | None, list[Rejection]]:
    """The boxes of the images (BOX_COLUMNS; None without boxes.csv), and the images that boxes.csv names in vain.

    Raises:
        UserError: a column is missing, a number is none, or no box belongs to an image.
    """
    if not (raw / BOXES).is_file():
        return None, []
    table = user_table.read(raw / BOXES, ["path", "x", "y", "width", "height"])
    for column in ("x", "y", "width", "height"):
        numbers = pd.to_numeric(table[column], errors="coerce")
        if numbers.isna().any():
            row = table[numbers.isna()].iloc[0]
            raise UserError(f"{BOXES}: {column} of {row['path']} is {row[column]!r}; it must be a number of pixels")
        table[column] = numbers.astype("float64")
    is_there = table["source_path"].isin(images)
    user_table.refuse_if_none_is_there(table, is_there, BOXES)
    lone = table.loc[~is_there, "source_path"].unique()
    rejected = [Rejection(name, "region_without_image", f"named in {BOXES}") for name in lone]
    return table[is_there].reindex(columns=list(BOX_COLUMNS), fill_value=""), rejected


def _stem(path: str) -> str:
    """A path without its suffix."""
    return str(PurePosixPath(path).with_suffix(""))


def _image_stem(stem: str) -> str | None:
    """`a/b` of `a/b_mask` or `a/b_mask_1`; None if it is no mask's name."""
    found = MASK_NAME.fullmatch(stem)
    return found["image"] if found else None
