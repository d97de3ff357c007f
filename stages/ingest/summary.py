"""data/ingest.json: what was found, for the report."""

from collections import Counter

import pandas as pd

from stages.ingest.take import Taken


def summary(taken: Taken, layout: str, classes: list[str]) -> dict:
    """Counts of images, groups, rejections and regions, and the images that are the same file."""
    images = taken.images
    regions = Counter(taken.regions["kind"])
    return {
        "layout": layout,
        "group_source": taken.group_source,
        "classes": {name: _count(images[images["label"] == name]) for name in classes},
        "rejected": dict(sorted(Counter(one.reason for one in taken.rejected).items())),
        "exact_duplicates": sorted(sorted(same) for _, same in images.groupby("sha256")["image_id"] if len(same) > 1),
        "regions": {"box": regions["box"], "mask": regions["mask"]},
    }


def _count(images: pd.DataFrame) -> dict:
    return {"images": len(images), "groups": images["group_id"].nunique()}
