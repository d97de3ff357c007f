"""The same image, or nearly the same, in groups that a split may part.

Two images are `identical` when their files are, byte for byte, and `near_duplicate` when their perceptual hashes are
within split.near_duplicate_distance and `likeness` finds that they are one.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stages.common import console
from stages.common.perceptual import close_pairs, nearest_pairs
from stages.common.tables import INTEGER, REAL, TEXT
from stages.split.likeness import SAME_COARSE, SAME_FINE, SAME_GREY, agreement, fine_detail, likeness, look

T = TypeVar("T")

CANDIDATES, LISTED = 60, 20  # pairs with the nearest hashes; those of them that are most alike
LEAK_COLUMNS = {
    "image_id": TEXT,
    "other_id": TEXT,
    "group_id": TEXT,  # as the source has it, before any merging
    "other_group_id": TEXT,
    "side": TEXT,  # train, validation, test or fold <k>
    "other_side": TEXT,
    "kind": TEXT,  # identical, near_duplicate, or similar: listed only because no pair across sides is nearer
    "distance": INTEGER,  # bits of the perceptual hashes that differ
    "grey": REAL,  # agreement of the grey levels, -1 to 1
    "likeness": REAL,  # agreement of the fine detail, -1 to 1
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
    looks = _read(pairs, images, folder, workers, look)
    pairs = pairs.assign(grey=_compared(pairs, looks, lambda one, other: agreement(one.grey, other.grey)))
    coarse = _compared(pairs, looks, lambda one, other: agreement(one.coarse, other.coarse))
    is_sure = (pairs["kind"] == "identical") | (pairs["grey"] >= SAME_GREY)
    pairs = _with_likeness(pairs[is_sure | (coarse >= SAME_COARSE)], images, folder, workers)
    return pairs[is_sure[pairs.index] | (pairs["likeness"] >= SAME_FINE)]


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
    looks = _read(nearest, images, folder, workers, look)
    nearest = nearest.assign(grey=_compared(nearest, looks, lambda one, other: agreement(one.grey, other.grey)))
    nearest = _with_likeness(nearest, images, folder, workers)
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


def _read(
    pairs: pd.DataFrame, images: pd.DataFrame, folder: Path, workers: int, what: Callable[[Image.Image], T]
) -> dict[str, T]:
    """Something of each image that stands in a pair, by image_id."""
    asked = sorted({*pairs["image_id"], *pairs["other_id"]})
    paths = images.set_index("image_id")["path"].loc[asked]

    def read(path: str) -> T:
        with Image.open(folder / path) as image:
            return what(image)

    with ThreadPoolExecutor(workers) as executor:
        found = list(console.progress(executor.map(read, paths), len(paths), "comparing images"))
    return dict(zip(asked, found, strict=True))


def _compared(pairs: pd.DataFrame, of: dict[str, T], compare: Callable[[T, T], float]) -> np.ndarray:
    """A number for each pair, rounded."""
    ends = zip(pairs["image_id"], pairs["other_id"], strict=True)
    return np.array([compare(of[one], of[other]) for one, other in ends], dtype=np.float64).round(4)


def _with_likeness(pairs: pd.DataFrame, images: pd.DataFrame, folder: Path, workers: int) -> pd.DataFrame:
    fine = _read(pairs, images, folder, workers, fine_detail)
    return pairs.assign(likeness=_compared(pairs, fine, likeness))


def _sides(split: pd.DataFrame) -> pd.Series:
    """The side of each image, by image_id: its fold where there are folds, else its part."""
    fold = "fold " + split["fold"].astype(str)
    return pd.Series(np.where(split["fold"] >= 0, fold, split["split"]), index=split["image_id"])
