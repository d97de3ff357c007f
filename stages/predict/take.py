"""Image files of any kind -> stored images and features at the cut, exactly as stages ingest and extract make them."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from stages.common import console, files
from stages.extract import features
from stages.extract.decode import fitted
from stages.ingest.decode import decode, encode
from stages.ingest.listing import Rejection, UnfitError
from stages.models import runtime
from stages.predict.inputs import Input

if TYPE_CHECKING:
    from stages.models.compose import Design, Parts

SMALLEST = 8  # pixels of a side; smaller images show nothing


@dataclass(frozen=True)
class Taken:
    """The images that can be used, sorted by image_id: the stored file of each, and a file of their features."""

    inputs: list[Input]
    stored: list[Path]
    features: Path
    rejected: list[Rejection]

    @property
    def image_ids(self) -> list[str]:
        """Of the images that can be used."""
        return [each.image_id for each in self.inputs]


def take(inputs: list[Input], design: "Design", parts: "Parts", work: Path) -> Taken:
    """Check, store and bring to the input grid each image while the network sees the ones before it.

    Args:
        inputs: sorted by image_id.
        design: the model's.
        parts: the model's; only what is in front of the cut is run.
        work: an empty folder, for the stored images and features.h5 (which is there if any image can be used).
    """
    (work / "images").mkdir()
    kept = _keep(design, parts)
    places = list(runtime.batches(len(inputs), design.batch_size))
    chunks = features.ahead(lambda place: [_take_one(each, work / "images", design) for each in inputs[place]], places)
    good, stored, rejected = [], [], []
    with warnings.catch_warnings(), files.create_hdf5(work / "features.h5", {}) as file:
        warnings.simplefilter("ignore")  # of decoders: what matters is an error
        steps = console.progress(chunks, len(places), "predict, batches")
        for place, outcomes in zip(places, steps, strict=True):
            pairs = list(zip(inputs[place], outcomes, strict=True))
            rejected += [outcome for _, outcome in pairs if isinstance(outcome, Rejection)]
            usable = [(each, outcome) for each, outcome in pairs if not isinstance(outcome, Rejection)]
            if usable:
                good += [each for each, _ in usable]
                stored += [path for _, (path, _) in usable]
                _append(file, kept(np.stack([pixels for _, (_, pixels) in usable])))
        if good:
            file.create_dataset("image_id", data=files.strings(each.image_id for each in good))
    return Taken(good, stored, work / "features.h5", rejected)


def _keep(design: "Design", parts: "Parts") -> Callable[[np.ndarray], np.ndarray]:
    """Pixels (rows, h, w, 3), uint8 -> what stage extract keeps of them."""
    if parts.front is None:
        return lambda pixels: pixels
    front = runtime.compiled(parts.front)

    def kept(pixels: np.ndarray) -> np.ndarray:
        (output,) = runtime.run(front, [pixels], design.batch_size)
        return features.narrow(output, design.dtype, design.cut)

    return kept


def _take_one(each: Input, folder: Path, design: "Design") -> tuple[Path, np.ndarray] | Rejection:
    """The stored file of an image and its pixels on the input grid."""
    try:
        content = each.file.read_bytes()
        picture = decode(content)
        if min(picture.image.size) < SMALLEST:
            raise UnfitError("too_small", f"{picture.image.width}x{picture.image.height} pixels")
    except OSError as error:
        return Rejection(each.source_path, "unreadable", error.strerror or type(error).__name__)
    except UnfitError as error:
        return Rejection(each.source_path, error.reason, error.detail)
    data, suffix = encode(content, picture)
    path = folder / f"{each.image_id}{suffix}"
    path.write_bytes(data)
    return path, fitted(picture.image, design)  # the stored file holds these very pixels


def _append(file: h5py.File, rows: np.ndarray) -> None:
    if "features" not in file:
        shape = rows.shape[1:]
        file.create_dataset("features", (0, *shape), rows.dtype, maxshape=(None, *shape), chunks=(1, *shape))
    dataset = file["features"]
    dataset.resize(len(dataset) + len(rows), axis=0)
    dataset[-len(rows) :] = rows
