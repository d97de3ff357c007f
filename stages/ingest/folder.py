"""The folder layout: class folders, class folders within split folders, or a labels.csv."""

import re
from pathlib import Path, PurePosixPath

import pandas as pd

from stages.common.errors import UserError
from stages.common.formats import files_below, is_image
from stages.ingest import folder_regions, user_table
from stages.ingest.listing import LISTING_COLUMNS, Listing, Rejection
from stages.ingest.settings import FolderSettings

LABELS = "labels.csv"
SPLITS = {
    **dict.fromkeys(("train", "training", "balanced"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""The names of the parts as people write them, in lower case."""
GROUP_COLUMNS = ("patient_id", "group_id")


def read(raw: Path, settings: FolderSettings) -> Listing:
    """What the folder `raw` holds.

    - `labels.csv` with columns path and label, and as you like: a group column, split, view, quality, finding; or
    - `<split>/<class>/...` where every top folder is a split (SPLITS, in any case); or `<class>/...`.
    - Beside them boxes.csv and masks: see `folder_regions`.

    Raises:
        UserError: the layout is none of these, a table lacks a column or holds a wrong value, or a group is missing.
    """
    paths = files_below(raw)
    labels = user_table.read(raw / LABELS, ["path", "label"]) if LABELS in paths else None
    named = set() if labels is None else set(labels["source_path"])
    names = [path for path in paths if path in named or is_image(raw, path)]
    tables = (LABELS, folder_regions.BOXES)
    rejected = [Rejection(path, "other_file") for path in sorted(set(paths) - set(names) - set(tables))]
    images, masks, lone_masks = folder_regions.tell_masks(names, named)
    table, layout, unlabelled = _from_folders(images) if labels is None else _from_table(labels, images)
    boxes, lone_boxes = folder_regions.read_boxes(raw, images)
    group_ids, group_source = _groups(table, settings)
    table = table.assign(group_id=group_ids).reindex(columns=list(LISTING_COLUMNS), fill_value="")
    return Listing(table, layout, rejected + lone_masks + unlabelled + lone_boxes, boxes, masks, group_source)


def _from_table(table: pd.DataFrame, images: list[str]) -> tuple[pd.DataFrame, str, list[Rejection]]:
    twice = table.loc[table["source_path"].duplicated(), "source_path"]
    if len(twice):
        raise UserError(f"{LABELS} names {twice.iloc[0]} twice; leave one row for each image")
    is_there = table["source_path"].isin(images)
    user_table.refuse_if_none_is_there(table, is_there, LABELS)
    missing, table = table.loc[~is_there, "source_path"], table[is_there]
    is_empty = table["label"] == ""
    empty, table = table.loc[is_empty, "source_path"], table[~is_empty]
    if "split" in table:
        splits = [_split(name, path) for name, path in zip(table["split"], table["source_path"], strict=True)]
        table = table.assign(split=splits)
    unnamed = sorted(set(images) - set(table["source_path"]) - set(empty))
    rejected = [Rejection(name, "missing", f"named in {LABELS}") for name in missing]
    rejected += [Rejection(name, "unlabelled", f"its label in {LABELS} is empty") for name in empty]
    rejected += [Rejection(name, "unlabelled", f"not in {LABELS}") for name in unnamed]
    return table, LABELS, rejected


def _split(name: str, path: str) -> str:
    if name and name.lower() not in SPLITS:
        raise UserError(f"{LABELS}: the split of {path} is {name!r}; allowed are train, validation, test or nothing")
    return SPLITS[name.lower()] if name else ""


def _from_folders(images: list[str]) -> tuple[pd.DataFrame, str, list[Rejection]]:
    in_splits = _has_split_folders(images)
    depth = 2 if in_splits else 1
    rows, rejected = [], []
    for name in images:
        *folders, _ = name.split("/")
        if len(folders) < depth:
            rejected.append(Rejection(name, "unlabelled", "it lies in no class folder"))
        else:
            rows.append((name, folders[depth - 1], SPLITS[folders[0].lower()] if in_splits else ""))
    layout = "split folders with class folders" if in_splits else "class folders"
    return pd.DataFrame(rows, columns=["source_path", "label", "split"]), layout, rejected


def _has_split_folders(images: list[str]) -> bool:
    """Whether the top folders are splits, rather than classes."""
    tops = sorted({name.split("/")[0] for name in images if "/" in name})
    if not tops:
        raise UserError(f"there are no labels: have one folder of images a class, or a {LABELS} with path,label")
    splits = [top for top in tops if top.lower() in SPLITS]
    others = [top for top in tops if top not in splits]
    if splits and others:
        raise UserError(f"{', '.join(others)} lie(s) beside {', '.join(splits)}; have only splits at the top, or none")
    if len(tops) == 1 and not splits and all(name.count("/") > 1 for name in images):
        raise UserError(f"all images lie in folders within the one folder {tops[0]}; set source.path to that one")
    return bool(splits)


def _groups(table: pd.DataFrame, settings: FolderSettings) -> tuple[list[str], str]:
    """The group of each image, and where it comes from in words."""
    if settings.group_pattern is not None:
        pattern = re.compile(settings.group_pattern)
        return [_matched(pattern, name) for name in table["source_path"]], "file name, by ingest.folder.group_pattern"
    column = settings.group_column or next((name for name in GROUP_COLUMNS if name in table), None)
    if column is None:
        return [""] * len(table), ""
    if column not in table:
        has = f"{LABELS} has only {', '.join(table)}" if "path" in table else f"there is no {LABELS}"
        raise UserError(f"ingest.folder.group_column is {column!r}, but {has}; name a column, or set it to null")
    empty = table.loc[table[column] == "", "source_path"]
    if len(empty):
        raise UserError(f"{LABELS}: column {column} is empty for {empty.iloc[0]}; write the group that it belongs to")
    return table[column].tolist(), f"column {column} of {LABELS}"


def _matched(pattern: re.Pattern, path: str) -> str:
    found = pattern.search(PurePosixPath(path).name)
    group = found and (found["group"] if "group" in pattern.groupindex else found[1])
    if not group:
        raise UserError(f"ingest.folder.group_pattern {pattern.pattern!r} finds no group in the file name of {path}")
    return group
