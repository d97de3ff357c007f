"""The CSV tables between stages: UTF-8, sorted, Unix line ends, the same bytes for the same rows.

Text columns are read as `str` with empty cells as `""`, so that an id such as `007` or `NA` stays what it is.
"""

from pathlib import Path

import pandas as pd

from stages.common import files
from stages.common.errors import UserError

TEXT, INTEGER, REAL = "str", "int64", "float64"

IMAGE_COLUMNS = {
    "image_id": TEXT,  # safe in file names, unique
    "path": TEXT,  # of the stored image, below data/images
    "label": TEXT,  # one of ingest.classes
    "group_id": TEXT,  # patient, report or slide
    "split": TEXT,  # what the source prescribes: train, validation, test or nothing
    "width": INTEGER,  # of the stored image, pixels
    "height": INTEGER,
    "sha256": TEXT,  # of the source file
    "phash": TEXT,  # 64-bit perceptual hash of the stored image, 16 hexadecimal digits
    "view": TEXT,
    "quality": TEXT,
    "source_path": TEXT,  # below data/raw
    "source_url": TEXT,
    "license": TEXT,
}
REGION_COLUMNS = {
    "image_id": TEXT,
    "finding": TEXT,
    "kind": TEXT,  # box or mask
    "x": REAL,  # left edge in pixels of the stored image; of a mask: its bounding box
    "y": REAL,
    "width": REAL,
    "height": REAL,
    "mask_path": TEXT,  # below data/masks, empty for a box; an 8-bit PNG of the stored image's size, 0 and 255
}
REJECTED_COLUMNS = {"source_path": TEXT, "reason": TEXT, "detail": TEXT}
SPLIT_COLUMNS = {
    "image_id": TEXT,
    "group_id": TEXT,
    "label": TEXT,
    "split": TEXT,  # train, validation or test; with folds test, as every image is held out once
    "fold": INTEGER,  # the fold that holds the image out; -1 without folds
}
PREDICTION_COLUMNS = {"image_id": TEXT, "split": TEXT, "fold": INTEGER, "label": TEXT, "predicted": TEXT}
LOCALIZATION_COLUMNS = {
    "image_id": TEXT,
    "group_id": TEXT,
    "split": TEXT,
    "map": TEXT,  # a name in attribute.maps, or a baseline: center, prior, random
    "metric": TEXT,
    "value": REAL,
    "status": TEXT,  # of the map: ok, or why it is empty
}
SORT_KEYS = ["image_id", "source_path", "finding", "kind", "x", "y", "map", "metric", "fold"]


def write(path: Path, table: pd.DataFrame, columns: dict[str, str]) -> None:
    """Write the named columns, then any further ones, sorted by `image_id` (else by what identifies a row).

    Raises:
        UserError: a text has a carriage return in it.
    """
    extra = [name for name in table.columns if name not in columns]
    table = table[[*columns, *extra]].astype(columns)
    keys = [key for key in SORT_KEYS if key in columns]
    table = table.sort_values(keys, kind="stable")
    text = table.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # which readers take for the end of a row, and Python's csv quotes only from 3.13 on
        row = next(line for line in text.split("\n") if "\r" in line)
        raise UserError(f"{path}: {row!r} has a carriage return in a name or text; rename the file or mend the text")
    files.write_text(path, text)


def read(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    """Read a table of `write`; columns beyond the named ones keep the type that pandas sees in them.

    Raises:
        UserError: a file edited by hand lacks a column or holds a value of the wrong type.
    """
    try:
        table = pd.read_csv(path, dtype=columns, keep_default_na=False, na_values={c: [""] for c in _numbers(columns)})
    except (ValueError, pd.errors.ParserError) as error:
        raise UserError(f"{path}: {error}; mend the file or rerun the stage that writes it") from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise UserError(f"{path} lacks the column(s) {', '.join(missing)}; rerun the stage that writes it")
    return table


def probability_columns(classes: list[str]) -> list[str]:
    """The columns of predictions.csv that hold the probabilities, in the order of the classes."""
    return [f"p_{name}" for name in classes]


def _numbers(columns: dict[str, str]) -> list[str]:
    return [name for name, kind in columns.items() if kind == REAL]
