"""The same image, or nearly the same, in groups that a split may part.

Two images are `identical` when their files are, byte for byte, and `near_duplicate` when their perceptual hashes are
within split.near_duplicate_distance and the detail of their thumbnails agrees (`likeness`, -1 to 1) to LIKENESS or
more. Re-encoding (JPEG quality 30), resizing, brightness and gamma leave 0.94 or more; no two patients among the 240
chest X-rays of the test data reach 0.82.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stages.common import console
from stages.common.perceptual import close_pairs, detail, nearest_pairs, thumbnail
from stages.common.tables import INTEGER, REAL, TEXT

LIKENESS = 0.9
CANDIDATES, LISTED = 200, 20  # pairs with the nearest hashes; those of them that are most alike
LEAK_COLUMNS = {
    "image_id": TEXT,
    "other_id": TEXT,
    "group_id": TEXT,  # as the source has it, before any merging
    "other_group_id": TEXT,
    "side": TEXT,  # train, validation, test or fold <k>
    "other_side": TEXT,
    "kind": TEXT,  # identical, near_duplicate, or similar: listed only because no pair across sides is nearer
    "distance": INTEGER,  # bits of the perceptual hashes that differ
    "likeness": REAL,
}


def find_duplicates(images: pd.DataFrame, folder: Path, distance: int, workers: int) -> pd.DataFrame:
    """All pairs of duplicates in different groups: LEAK_COLUMNS without the sides.

    Args:
        images: rows of images.csv.
        folder: where their `path`s are.
        distance: bits in which the hashes of near-duplicates differ at most.
        workers: threads that read images.
    """
    images = images.reset_index(drop=True)
    pairs = _pairs(images, close_pairs(images["phash"].tolist(), distance))
    pairs = pairs[pairs["group_id"] != pairs["other_group_id"]]
    pairs = pairs.assign(likeness=_likeness(pairs, images, folder, workers))
    return pairs[(pairs["kind"] == "identical") | (pairs["likeness"] >= LIKENESS)]


def merge_groups(images: pd.DataFrame, duplicates: pd.DataFrame) -> pd.DataFrame:
    """The images with all groups that share duplicates made one, which takes the first of their names."""
    codes, names = pd.factorize(images["group_id"], sort=True)
    code = dict(zip(names, range(len(names)), strict=True))
    ends = [duplicates[column].map(code).to_numpy(dtype=np.int64) for column in ("group_id", "other_group_id")]
    links = coo_array((np.ones(len(duplicates)), tuple(ends)), shape=(len(names), len(names)))
    _, merged = connected_components(links, directed=False)
    _, first = np.unique(merged, return_index=True)
    return images.assign(group_id=names.to_numpy()[first[merged[codes]]])


def list_leaks(
    duplicates: pd.DataFrame, images: pd.DataFrame, split: pd.DataFrame, folder: Path, workers: int
) -> pd.DataFrame:
    """The duplicates, and the pairs that look most alike of all on two sides (LEAK_COLUMNS)."""
    images = images.reset_index(drop=True)
    sides = images["image_id"].map(_sides(split))
    nearest = _pairs(images, nearest_pairs(images["phash"].tolist(), pd.factorize(sides)[0], CANDIDATES))
    nearest = nearest.assign(likeness=_likeness(nearest, images, folder, workers))
    nearest = nearest.sort_values(["likeness", "image_id", "other_id"], ascending=[False, True, True])[:LISTED]
    nearest.loc[nearest["kind"] != "identical", "kind"] = "similar"
    leaks = pd.concat([duplicates, nearest]).drop_duplicates(["image_id", "other_id"])
    side = sides.set_axis(images["image_id"])
    leaks = leaks.assign(side=leaks["image_id"].map(side), other_side=leaks["other_id"].map(side))
    return leaks.sort_values("other_id")[list(LEAK_COLUMNS)]


def across_sides(leaks: pd.DataFrame) -> pd.DataFrame:
    """The duplicates on two sides of the split."""
    return leaks[(leaks["kind"] != "similar") & (leaks["side"] != leaks["other_side"])]


def _pairs(images: pd.DataFrame, found: tuple[np.ndarray, np.ndarray, np.ndarray]) -> pd.DataFrame:
    """Pairs of rows as a table, the smaller image_id first."""
    first, second, distance = found
    names = images["image_id"].to_numpy()
    swap = names[first] > names[second]
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    sha256, groups = images["sha256"].to_numpy(), images["group_id"].to_numpy()
    return pd.DataFrame(
        {
            "image_id": names[first],
            "other_id": names[second],
            "group_id": groups[first],
            "other_group_id": groups[second],
            "kind": np.where(sha256[first] == sha256[second], "identical", "near_duplicate"),
            "distance": distance,
        }
    )


def _likeness(pairs: pd.DataFrame, images: pd.DataFrame, folder: Path, workers: int) -> np.ndarray:
    """How far the detail of two thumbnails agrees: their correlation, rounded (only images in a pair are read)."""
    asked = sorted({*pairs["image_id"], *pairs["other_id"]})
    paths = images.set_index("image_id")["path"].loc[asked]

    def read(path: str) -> np.ndarray:
        with Image.open(folder / path) as image:
            return detail(thumbnail(image)).ravel()

    with ThreadPoolExecutor(workers) as executor:
        details = list(console.progress(executor.map(read, paths), len(paths), "comparing images"))
    place = {name: number for number, name in enumerate(asked)}
    ends = zip(pairs["image_id"].map(place), pairs["other_id"].map(place), strict=True)
    return np.array([float(details[one] @ details[other]) for one, other in ends]).round(4)


def _sides(split: pd.DataFrame) -> pd.Series:
    """The side of each image, by image_id: its fold where there are folds, else its part."""
    fold = "fold " + split["fold"].astype(str)
    return pd.Series(np.where(split["fold"] >= 0, fold, split["split"]), index=split["image_id"])
