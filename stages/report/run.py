"""All that the other stages wrote, read into one place; what a run does not have is empty."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.common import files, maps, paths, tables
from stages.common.errors import UserError
from stages.common.params import Params

EVALUATE = paths.METRICS / "evaluate.json"
LOCALIZE = paths.METRICS / "localize.json"
TRUST = paths.METRICS / "trust.json"
SHORTCUTS = paths.METRICS / "shortcuts.json"
FETCH = paths.METRICS / "fetch.json"
LEAK_COLUMNS = {
    "image_id": "str",
    "other_id": "str",
    "side": "str",
    "other_side": "str",
    "kind": "str",
    "likeness": "float64",
}
OVERLAY_COLUMNS = {
    "image_id": "str",
    "heat": "str",
    "status": "str",
    "target": "str",
    "low": "float64",
    "high": "float64",
}


@dataclass(frozen=True)
class Map:
    """One attribution map and how it was drawn.

    file: what stage attribute says of it.
    scale: data/overlays/<name>/scale.json, {} where nothing was drawn.
    overlays: overlays.csv by image id; its `heat` is a path below `folder`.
    """

    file: maps.MapFile
    scale: dict
    overlays: pd.DataFrame
    folder: Path

    @property
    def name(self) -> str:
        """The map's name in params.yaml."""
        return self.file.name


@dataclass(frozen=True)
class Run:
    """The results of one `dvc repro`: the tables of stages.common.tables, and JSON files, {} where there is none."""

    root: Path
    params: Params
    images: pd.DataFrame
    regions: pd.DataFrame
    rejected: pd.DataFrame
    split: pd.DataFrame
    predictions: pd.DataFrame
    localization: pd.DataFrame
    leaks: pd.DataFrame
    evaluate: dict
    localize: dict
    trust: dict
    shortcuts: dict
    fetch: dict
    ingest: dict
    weights: dict
    model: dict
    curves: dict[str, pd.DataFrame]  # plots/evaluate/<name>.csv
    training: dict[str, pd.DataFrame]  # plots/train/<name>.csv
    maps: list[Map]  # in the order of attribute.maps

    @property
    def classes(self) -> list[str]:
        """The ordered classes of the run."""
        return [name.removeprefix("p_") for name in self.predictions.columns if name.startswith("p_")]

    @property
    def positive(self) -> str:
        """The class that is the finding."""
        return self.evaluate["positive_class"]

    @property
    def headline(self) -> str:
        """The part of the data whose scores are quoted: test, or validation where there is no test part."""
        return self.evaluate["headline"]


def read(root: Path, params: Params) -> Run:
    """Read a workspace.

    Raises:
        UserError: what every report needs (images, split, predictions, scores) is not there.
    """
    return Run(
        root=root,
        params=params,
        images=_table(root / paths.IMAGE_TABLE, tables.IMAGE_COLUMNS),
        regions=_optional_table(root / paths.REGION_TABLE, tables.REGION_COLUMNS),
        rejected=_optional_table(root / paths.REJECTED_TABLE, tables.REJECTED_COLUMNS),
        split=_table(root / paths.SPLIT_TABLE, tables.SPLIT_COLUMNS),
        predictions=_table(root / paths.PREDICTIONS, tables.PREDICTION_COLUMNS),
        localization=_optional_table(root / paths.LOCALIZATION, tables.LOCALIZATION_COLUMNS),
        leaks=_optional_table(root / paths.LEAK_TABLE, LEAK_COLUMNS),
        evaluate=_needed(root / EVALUATE, files.read_json),
        localize=_optional_json(root / LOCALIZE),
        trust=_optional_json(root / TRUST),
        shortcuts=_optional_json(root / SHORTCUTS),
        fetch=_optional_json(root / FETCH),
        ingest=_optional_json(root / paths.INGEST_SUMMARY),
        weights=_optional_json(root / paths.WEIGHTS / "provenance.json"),
        model=_model(root / paths.MODEL),
        curves=_csv_files(root / paths.PLOTS / "evaluate"),
        training=_csv_files(root / paths.PLOTS / "train"),
        maps=[_map(root, name) for name in params.attribute.maps if (root / paths.MAPS / f"{name}.h5").exists()],
    )


def _needed(path: Path, reader: Callable) -> object:
    if not path.exists():
        raise UserError(f"{path} is missing; run `dvc repro`, which makes it before the report")
    return reader(path)


def _table(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    return _needed(path, lambda existing: tables.read(existing, columns))


def _optional_table(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    return tables.read(path, columns) if path.exists() else pd.DataFrame(columns=list(columns))


def _optional_json(path: Path) -> dict:
    return files.read_json(path) if path.exists() else {}


def _model(folder: Path) -> dict:
    """The description of the model, or with folds of the first one."""
    return _optional_json(folder / "model.json") or _optional_json(folder / "fold-0" / "model.json")


def _csv_files(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables below a folder by their path without the suffix, e.g. `history`."""
    found = sorted(folder.rglob("*.csv"))
    return {path.relative_to(folder).with_suffix("").as_posix(): pd.read_csv(path) for path in found}


def _map(root: Path, name: str) -> Map:
    folder = root / paths.OVERLAYS / name
    return Map(
        file=maps.open_maps(root / paths.MAPS / f"{name}.h5"),
        scale=_optional_json(folder / "scale.json"),
        overlays=_optional_table(folder / "overlays.csv", OVERLAY_COLUMNS).set_index("image_id"),
        folder=folder,
    )
