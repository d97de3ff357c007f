"""Prediction as a function, for notebooks and programs."""

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.common import files, paths, tables
from stages.common.errors import UserError

AnyPath = str | os.PathLike
DEFAULT_MAPS = ("gradcam",)


class Prediction(NamedTuple):
    """What came of the files.

    table: predictions.csv, one row an image, sorted by image_id (see `stages.predict`).
    maps: raw maps (n, h, w), float32, on the input grid, by name, in the order of the table.
    rejected: source_path, reason and detail of what cannot be used.
    """

    table: pd.DataFrame
    maps: dict[str, np.ndarray]
    rejected: pd.DataFrame


def predict(
    images: AnyPath | Sequence[AnyPath],
    model: AnyPath = paths.DATA,
    weights: AnyPath | None = None,
    maps: Sequence[str] | Mapping[str, Mapping] = DEFAULT_MAPS,
    out: AnyPath | None = None,
) -> Prediction:
    """Predict images with a trained model. What a reader must know before the numbers is told as Python warnings.

    Args:
        images: an image or a folder of images, or several.
        model: the folder with `model/`, `weights/` and `calibration.json`.
        weights: the folder of the backbone's weights, where it is elsewhere.
        maps: names of methods or YAML files, or maps as under `attribute.maps`; empty for none.
        out: write all that the command writes to this folder too.

    Raises:
        UserError: the model, the maps or what is named do not fit, or no file can be used.
    """
    from stages.predict import run

    named = [Path(images)] if isinstance(images, (str, os.PathLike)) else [Path(path) for path in images]
    weights = None if weights is None else Path(weights)
    with run.work_folder() as folder:
        if out is None:
            (folder / "work").mkdir()
            outcome, _ = run.predict(named, Path(model), weights, maps, folder, folder / "work")
        else:
            outcome = run.write(named, Path(model), weights, maps, Path(out))
        where = (folder if out is None else Path(out)) / paths.MAPS.name
        found = {name: files.read_arrays(where / f"{name}.h5")["maps"] for name in outcome.maps}
    for sentence in outcome.warnings():
        warnings.warn(sentence, stacklevel=2)
    if outcome.table is None:
        raise UserError(outcome.useless())
    rejected = pd.DataFrame(map(astuple, outcome.rejected), columns=list(tables.REJECTED_COLUMNS))
    return Prediction(outcome.table, found, rejected)
