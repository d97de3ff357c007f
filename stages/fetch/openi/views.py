"""Frontal or lateral, as a table made by hand says: file names and the DICOM field are often wrong."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from stages.common.errors import UserError
from stages.fetch.openi import records

UNKNOWN = "unknown"
VIEWS = ("frontal", "lateral", UNKNOWN)


def read(path: Path | None) -> dict[str, str]:
    """The view of each file named in a projections table, by `records.archive_key`; empty without a table.

    The table is a CSV with the columns `filename` (such as `1_IM-0001-4001.dcm.png`) and `projection`.

    Raises:
        UserError: a column is missing, or a row says something else than frontal or lateral.
    """
    if path is None:
        return {}
    try:
        table = pd.read_csv(path, dtype="str", keep_default_na=False)
        names, projections = table["filename"], table["projection"].str.lower()
    except (KeyError, ValueError, pd.errors.ParserError):
        raise UserError(f"{path} is not a CSV with the columns filename and projection") from None
    wrong = sorted(set(projections) - {"frontal", "lateral"})
    if wrong:
        raise UserError(f"{path}: the projection {wrong[0]!r} is neither Frontal nor Lateral")
    return {records.archive_key(name) or name: view for name, view in zip(names, projections, strict=True)}


def of(image_ids: Iterable[str], table: dict[str, str]) -> list[str]:
    """The view of each image: frontal, lateral or unknown."""
    return [table.get(records.archive_key(image_id) or image_id, UNKNOWN) for image_id in image_ids]
