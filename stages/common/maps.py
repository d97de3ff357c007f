"""Reading data/maps/<name>.h5, which stage attribute writes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import h5py
import numpy as np

from stages.common import files
from stages.common.errors import UserError

Part = Literal["positive", "absolute"]


@dataclass(frozen=True)
class MapFile:
    """One file of maps, sorted by image; the maps themselves are read one by one.

    part: which part of a signed map is measured and drawn.
    target: the class that each map explains.
    contrast: the class whose logit is taken off that of the target, or None.
    status: "ok", or why a map is empty.
    """

    path: Path
    name: str
    method: str
    part: Part
    unit: str
    description: str
    contrast: str | None
    image_ids: list[str]
    target: list[str]
    status: list[str]

    def read(self, row: int) -> np.ndarray:
        """The raw map (h, w), float32, on the input grid."""
        with h5py.File(self.path, "r") as file:
            return file["maps"][row]


def open_maps(path: Path) -> MapFile:
    """Read all of a file of maps but the maps.

    Raises:
        UserError: the file is missing, or is no file of maps.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path} is missing; run `dvc repro attribute@{path.stem}`")
    try:
        with h5py.File(path, "r") as file:
            words = {key: str(file.attrs[key]) for key in ("method", "part", "unit", "description")}
            contrast = json.loads(str(file.attrs["settings"])).get("contrast")
            words["contrast"] = None if contrast is None else contrast.removeprefix("class:")
            columns = {key: files.texts(file[key]) for key in ("target", "status")}
            return MapFile(path=path, name=path.stem, image_ids=files.texts(file["image_id"]), **words, **columns)
    except (OSError, KeyError) as error:
        raise UserError(f"{path} cannot be read ({error}); run `dvc repro -f attribute@{path.stem}`") from error


def measured_part(values: np.ndarray, part: Part) -> np.ndarray:
    """The part of a raw map that is measured and drawn, never negative."""
    return np.abs(values) if part == "absolute" else np.maximum(values, 0)
