"""Which images are measured, and whose region an image is lent.

In most data only positive images have regions: were theirs alone filled, the filling would give the class away. So an
image without regions is lent those of another one. A positive image without regions is left out, as its finding would
stay in sight.
"""

import zlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.attribute.choose import choose

SHAPES = "regions of several classes: what is filled may tell these apart by its size and shape"
LENDERS = 2  # the fewest images with regions, so that each can be lent another one's


@dataclass(frozen=True)
class Chosen:
    """Images of one part: rows of split.csv, sorted by image_id.

    with_regions: how many have regions of their own. left_out: how many positive ones of the part have none.
    lender: for each image_id the image whose regions it is lent; empty where nothing can be hidden, as `reason` says.
    caveat: what hiding cannot hide, or None.
    """

    rows: pd.DataFrame
    with_regions: int
    left_out: int
    lender: dict[str, str]
    reason: str | None
    caveat: str | None


def chosen(rows: pd.DataFrame, marked: Collection[str], positive: str, most: int, seed: int) -> Chosen:
    """At most `most` of a part's rows of split.csv, by the rule of `attribute.max_images`.

    Args:
        rows: all of the part; at least one.
        marked: the image_ids that have regions.
        positive: the class that is the finding.
        most: at least 1.
        seed: of the lending.
    """
    is_positive, has_regions = rows["label"] == positive, rows["image_id"].isin(marked)
    hopeless = _reason(int(has_regions.sum()), bool((is_positive & has_regions).any()))
    kept = rows if hopeless else rows[has_regions | ~is_positive]
    few = choose(kept.assign(split=""), [""], None, most)
    lenders = [name for name in few["image_id"] if name in marked]
    reason = hopeless or _reason(len(lenders), bool((few["label"][few["image_id"].isin(lenders)] == positive).any()))
    lender = {} if reason else {name: _lender(name, lenders, seed) for name in few["image_id"]}
    several = few["label"][few["image_id"].isin(lenders)].nunique() > 1
    return Chosen(few, len(lenders), len(rows) - len(kept), lender, reason, SHAPES if lender and several else None)


def _reason(lenders: int, positive_too: bool) -> str | None:
    if lenders == 0:
        return "no image has a region"
    if not positive_too:
        return "no image of the positive class has a region"
    return None if lenders >= LENDERS else "only one image has regions, which cannot be lent to itself"


def _lender(image_id: str, lenders: list[str], seed: int) -> str:
    """One of the others, drawn by the image's own name: other images do not change it, only other lenders."""
    others = [name for name in lenders if name != image_id]
    return others[np.random.default_rng([seed, zlib.crc32(image_id.encode())]).integers(len(others))]
