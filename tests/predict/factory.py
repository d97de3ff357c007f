"""A small workspace with a trained model, made by the stages themselves."""

import contextlib
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from stages.common import paths, tables
from tests import factories
from tests.ingest import factory as images

STAGES = ("fetch", "ingest", "split", "weights", "extract", "train", "evaluate")
SETTINGS = {
    **factories.SMALL,
    "source__kind": "folder",
    "ingest__min_size": 16,
    "image__fit": "letterbox",
    "split__validation": 0.25,
    "split__near_duplicates": "ignore",
    "head__fc__width": 8,
    "train__epochs": 1,
    "train__batch_size": 8,
    "evaluate__replicates": 200,
    "evaluate__temperature_minimum": 4,
    "evaluate__baselines": ["majority"],
    "attribute__maps": {"gradcam": {"method": "gradcam"}},
}
KINDS = {
    "frozen": {"image__height": 64},
    "fine_tuned": {"backbone__cut": "block4_pool", "train__loss": "sigmoid"},
    "from_pixels": {"backbone__cut": "input", "backbone__name": "small_cnn", "backbone__widths": [4, 4, 4]},
    "tiles": {"image__width": 96, "image__tiles": {"size": 32, "stride": None, "background": None}},
    "folds": {"split__kind": "kfold", "split__folds": 3, "head__kind": "score_map"},
}


def workspace(root: Path, **settings: object) -> Path:
    """Run the stages up to `evaluate` on the images of `inbox`; gives the workspace."""
    root.mkdir(parents=True)
    inbox(root / "data/inbox")
    values = SETTINGS | {"compute__cache_dir": str(root / "store")} | settings
    factories.write_params(root / "params.yaml", **values)
    with arguments(), contextlib.chdir(root):
        for stage in STAGES:
            importlib.import_module(f"stages.{stage}.__main__").main()
    return root


@contextlib.contextmanager
def arguments(*words: str) -> Iterator[None]:
    """The command line of a stage that is called as a function."""
    kept, sys.argv = sys.argv, ["stage", *words]
    try:
        yield
    finally:
        sys.argv = kept


def inbox(root: Path) -> Path:
    """24 images in two class folders, in every kind that a folder may hold; the abnormal ones are brighter."""
    for number in range(24):
        label = factories.CLASSES[number % 2]
        values = (images.pixels(seed=number) // (2 - number % 2)).astype(np.uint8)
        images.write(root / label, {f"{number:02}{suffix(number)}": content(number, values)})
    return root


def suffix(number: int) -> str:
    """The kind of file that an image comes in: plain PNG most often."""
    return {3: ".dcm", 5: ".dcm", 7: ".tif", 9: ".jpg", 11: ".bmp"}.get(number % 20, ".png")


def content(number: int, values: np.ndarray) -> bytes:
    """The bytes of that file; one DICOM is dark at high values, one has 12 bits, one PNG 16."""
    if number % 20 == 3:
        return images.dicom(255 - values, PhotometricInterpretation="MONOCHROME1")
    if number % 20 == 5:
        return images.dicom(values.astype(np.uint16) * 16, BitsStored=12, HighBit=11)
    if number % 20 == 13:
        return images.encoded(values.astype(np.uint16) * 257)
    kind = {".tif": "TIFF", ".jpg": "JPEG", ".bmp": "BMP"}.get(suffix(number), "PNG")
    return images.encoded(values, kind)


def predictions(root: Path):
    """data/predictions.csv of a workspace, by image_id."""
    return tables.read(root / paths.PREDICTIONS, tables.PREDICTION_COLUMNS).set_index("image_id")
