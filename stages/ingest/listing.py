"""What a layout module finds in data/raw: the one shape that all layouts give."""

from dataclasses import dataclass, field

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
    "finding": TEXT,  # what its masks show; empty: its label
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
    "not_chosen": "its magnification or fold is not the one asked for",
    "view": "its view is not among those asked for",
    "bad_region": "one of its boxes lies outside it, or one of its masks does not fit it",
    "region_without_image": "a box or a mask for an image that is not there",
    "other_file": "neither an image nor a table by its name",
}
FAULTS = frozenset(("unreadable", "not_an_image", "too_small", "multi_frame", "missing", "bad_region"))
"""What counts against ingest.max_rejected; the rest is left out on purpose, or is no image."""


@dataclass(frozen=True)
class Rejection:
    """An input that is left out. `reason` is a key of REASONS, `detail` one short text for a person."""

    source_path: str
    reason: str
    detail: str = ""


class UnfitError(Exception):
    """An image cannot be taken in. `reason` is a key of REASONS, `detail` one short text for a person."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Listing:
    """The images of a source as its layout reads them; nothing is decoded yet."""

    images: pd.DataFrame  # LISTING_COLUMNS; a column that is left out is empty
    layout: str  # what was found, in words, for the log and the report
    rejected: list[Rejection] = field(default_factory=list)
    boxes: pd.DataFrame | None = None  # BOX_COLUMNS, in pixels of the source image as shown (after EXIF rotation)
    masks: dict[str, list[str]] = field(default_factory=dict)  # source_path -> its mask files, below data/raw
    group_source: str = ""  # where group_id comes from, in words; empty where each image is its own group
