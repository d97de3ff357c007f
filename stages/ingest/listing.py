"""What a layout module finds in data/raw: the one shape that all layouts give."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from stages.common.tables import REAL, TEXT

LISTING_COLUMNS = {
    "source_path": TEXT,  # below data/raw
    "label": TEXT,  # the source's own label, before ingest.class_map
    "group_id": TEXT,  # empty: the image is its own group
    "split": TEXT,  # train, validation, test or empty
    "view": TEXT,
    "quality": TEXT,
    "source_url": TEXT,
    "license": TEXT,
}
BOX_COLUMNS = {"source_path": TEXT, "finding": TEXT, "x": REAL, "y": REAL, "width": REAL, "height": REAL}

REASONS = {
    "unreadable": "the file is not an image that can be decoded whole",
    "not_an_image": "the file is something else, such as an HTML page",
    "too_small": "a side is shorter than ingest.min_size",
    "multi_frame": "the file holds several frames or pages",
    "missing": "a table names the file, but it is not there",
    "excluded": "ingest.class_map or the label policy drops its label",
    "unlabelled": "there is no label for it",
    "unindexed": "the source has not indexed it",
    "technical_quality": "the source marks only its technical quality",
    "view": "its view is not among those asked for",
}


@dataclass(frozen=True)
class Rejection:
    """An input that is left out. `reason` is a key of REASONS, `detail` one short text for a person."""

    source_path: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Listing:
    """The images of a source as its layout reads them; nothing is decoded yet."""

    images: pd.DataFrame  # LISTING_COLUMNS
    layout: str  # what was found, in words, for the log and the report
    rejected: list[Rejection] = field(default_factory=list)
    boxes: pd.DataFrame | None = None  # BOX_COLUMNS, in pixels of the source image as shown (after EXIF rotation)
    masks: Path | None = None  # folder below data/raw that mirrors source_path (any image suffix)
    group_source: str = ""  # where group_id comes from, in words; empty where each image is its own group
