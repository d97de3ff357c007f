"""The images of a listing, checked one by one and stored: what all layouts share."""

import hashlib
import math
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from stages.common import console
from stages.common.errors import UserError
from stages.common.perceptual import perceptual_hash, thumbnail
from stages.common.tables import IMAGE_COLUMNS, REGION_COLUMNS
from stages.ingest import identity, labels, regions
from stages.ingest.decode import decode, encode
from stages.ingest.listing import FAULTS, LISTING_COLUMNS, REASONS, Listing, Rejection, UnfitError
from stages.ingest.picture import Picture
from stages.ingest.settings import Settings


@dataclass(frozen=True)
class Taken:
    """What came of a listing."""

    images: pd.DataFrame  # tables.IMAGE_COLUMNS
    regions: pd.DataFrame  # tables.REGION_COLUMNS
    rejected: list[Rejection]
    group_source: str  # in words; empty where each image is its own group


def take(listing: Listing, raw: Path, images: Path, masks: Path, settings: Settings, workers: int) -> Taken:
    """Check each listed image below `raw`, store it in the folder `images` and its masks in the folder `masks`.

    An image at fault is left out and named in `rejected`. The outcome does not depend on `workers`.

    Raises:
        UserError: a label or class does not fit the settings, or more files are at fault than ingest.max_rejected.
    """
    table = listing.images.reindex(columns=list(LISTING_COLUMNS)).fillna("").sort_values("source_path")
    table, excluded = labels.apply_classes(table, settings)
    table = table.assign(image_id=identity.image_ids(table["source_path"].tolist()))
    take_one = partial(_take_one, _Place(raw, images, masks), _boxes_by_image(listing), listing.masks, settings)
    rows, region_rows, rejected = [], [], [*listing.rejected, *excluded]
    with warnings.catch_warnings(), ThreadPoolExecutor(workers) as executor:
        warnings.simplefilter("ignore")  # of decoders: what matters is an error
        outcomes = executor.map(take_one, table.to_dict("records"))
        for outcome in console.progress(outcomes, len(table), "checking images"):
            if isinstance(outcome, Rejection):
                rejected.append(outcome)
            else:
                rows.append(outcome.image)
                region_rows += outcome.regions
    _refuse_too_many(rejected, len(rows), settings.max_rejected)
    taken = pd.DataFrame(rows, columns=list(IMAGE_COLUMNS))
    labels.refuse_empty_classes(taken, settings.classes)
    return Taken(
        taken, pd.DataFrame(region_rows, columns=list(REGION_COLUMNS)), rejected, _group_source(listing, taken)
    )


@dataclass(frozen=True)
class _Place:
    raw: Path
    images: Path
    masks: Path


@dataclass(frozen=True)
class _Outcome:
    image: dict  # a row of images.csv
    regions: list[dict]  # rows of regions.csv


def _boxes_by_image(listing: Listing) -> dict[str, pd.DataFrame]:
    return {} if listing.boxes is None else dict(iter(listing.boxes.groupby("source_path")))


def _take_one(
    place: _Place, boxes: dict[str, pd.DataFrame], masks: dict[str, list[str]], settings: Settings, row: dict
) -> _Outcome | Rejection:
    """Check and store one image; `row` has LISTING_COLUMNS, `class` and `image_id`."""
    image_id, source_path = row["image_id"], row["source_path"]
    finding = row["finding"] or row["label"]
    try:
        if not (place.raw / source_path).is_file():
            raise UnfitError("missing", "listed by the source")
        content = (place.raw / source_path).read_bytes()
        picture = decode(content)
        size = picture.image.size
        if min(size) < settings.min_size:
            raise UnfitError("too_small", f"{size[0]}x{size[1]}, ingest.min_size is {settings.min_size}")
        found = regions.box_rows(image_id, boxes.get(source_path), size, finding)
        mask_paths = [place.raw / path for path in masks.get(source_path, [])]
        found += regions.mask_rows(image_id, mask_paths, size, finding, place.masks)
    except UnfitError as error:
        return Rejection(source_path, error.reason, error.detail)
    stored, suffix = encode(content, picture)
    (place.images / f"{image_id}{suffix}").write_bytes(stored)
    return _Outcome(_image_row(row, f"{image_id}{suffix}", content, picture, settings.dicom_salt), found)


def _image_row(row: dict, path: str, content: bytes, picture: Picture, salt: str) -> dict:
    group_id = row["group_id"]
    if not group_id and picture.patient_id:
        group_id = identity.patient_group(picture.patient_id, salt)
    return {
        **{
            name: row[name] for name in ("image_id", "split", "view", "quality", "source_path", "source_url", "license")
        },
        "path": path,
        "label": row["class"],
        "group_id": group_id or row["image_id"],
        "width": picture.image.width,
        "height": picture.image.height,
        "sha256": hashlib.sha256(content).hexdigest(),
        "phash": perceptual_hash(thumbnail(picture.image)),
    }


def _refuse_too_many(rejected: list[Rejection], taken: int, most: float) -> None:
    """One file at fault never stops a run, unless none is allowed."""
    faults = sorted((one for one in rejected if one.reason in FAULTS), key=lambda one: one.source_path)
    total = taken + len(faults)
    if len(faults) > max(math.floor(most * total), 1 if most > 0 else 0):
        first = faults[0]
        why = f"{REASONS[first.reason]} ({first.detail})" if first.detail else REASONS[first.reason]
        raise UserError(
            f"{len(faults)} of {total} images cannot be used, more than ingest.max_rejected ({most:g}) allows; the "
            f"first is {first.source_path}: {why}. Mend or remove them, or raise ingest.max_rejected"
        )


def _group_source(listing: Listing, taken: pd.DataFrame) -> str:
    if listing.group_source or (taken["group_id"] == taken["image_id"]).all():
        return listing.group_source
    return "DICOM patient id, as a salted hash"
