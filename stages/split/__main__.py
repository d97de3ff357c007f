"""Stage split: which images are trained on, chosen on and scored, without leaks between them."""

import pandas as pd

from stages.common import console, params, paths, tables
from stages.common.errors import UserError
from stages.split import leaks
from stages.split.divide import divide
from stages.split.settings import Settings


def main() -> str:
    """Divide the images, look for the same image on two sides, write split.csv and leaks.csv, and say what came out."""
    p = params.load()
    images = tables.read(paths.IMAGE_TABLE, tables.IMAGE_COLUMNS)
    distance, workers = p.split.near_duplicate_distance, p.compute.workers
    duplicates = leaks.find_duplicates(images, paths.IMAGES, distance, workers)
    split = divide(_merged(images, duplicates, p.split), p.split)
    found = leaks.list_leaks(duplicates, images, split, paths.IMAGES, workers)
    tables.write(paths.LEAK_TABLE, found, leaks.LEAK_COLUMNS)
    across = leaks.across_sides(found)
    if p.split.near_duplicates != "ignore" and p.split.kind != "image_level_leaky" and len(across):
        raise UserError(_in_words(across, p.split.kind))
    tables.write(paths.SPLIT_TABLE, split, tables.SPLIT_COLUMNS)
    return _summary(split, len(duplicates), len(across))


def _merged(images: pd.DataFrame, duplicates: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    if settings.near_duplicates != "merge":
        return images
    if settings.kind == "prescribed":  # no merging mends what the source puts on two sides
        part = images.set_index("image_id")["split"]
        duplicates = duplicates[duplicates["image_id"].map(part) == duplicates["other_id"].map(part)]
    return leaks.merge_groups(images, duplicates)


def _in_words(across: pd.DataFrame, kind: str) -> str:
    listed = "; ".join(
        f"{row.image_id} in {row.side}, {row.other_id} in {row.other_side}" for row in across[:3].itertuples()
    )
    mend = "remove one of each" if kind == "prescribed" else "set split.near_duplicates to merge, or remove one of each"
    return (
        f"{len(across)} pair(s) of (nearly) the same image stand on two sides of the split: {listed}; all are in "
        f"{paths.LEAK_TABLE}. To go on, {mend}; if they are not the same, set split.near_duplicates to ignore"
    )


def _summary(split: pd.DataFrame, duplicates: int, across: int) -> str:
    folds = split["fold"].nunique()
    sizes = ", ".join(f"{size} {name}" for name, size in split["split"].value_counts().items())
    parts = f"{folds} folds" if folds > 1 else sizes
    return (
        f"{len(split)} images in {split['group_id'].nunique()} groups: {parts}; {duplicates} pairs of near-duplicates "
        f"in different groups, {across} of them on two sides"
    )


if __name__ == "__main__":
    console.run("split", main)
