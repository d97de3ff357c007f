"""The data of a run, counted, and where everything came from."""

import hashlib
import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from stages.common import files, paths
from stages.report.run import Run

PARTS = ("train", "validation", "test")
PACKAGES = ("tensorflow", "keras", "numpy", "pandas", "scikit-learn", "scipy", "h5py", "pillow", "pydicom")
SECRET = {"dicom_salt"}  # who knows the salt can test guesses of a patient's id
TABLES = (paths.IMAGE_TABLE, paths.REGION_TABLE, paths.SPLIT_TABLE, paths.PREDICTIONS, paths.LOCALIZATION)


@dataclass(frozen=True)
class Count:
    """Images, and the groups that they come from."""

    images: int
    groups: int


@dataclass(frozen=True)
class Pair:
    """Two images on two sides of the split: ids and files, sides, how alike (1: the same picture)."""

    images: tuple[tuple[str, Path], ...]
    sides: tuple[str, str]
    kind: str
    likeness: str


def counts(run: Run) -> tuple[list[str], dict[str, list[Count]]]:
    """Columns (parts of the split, or folds) and, of each class and of all, the count in each column and in total."""
    split = run.split
    folds = (split["fold"] >= 0).any()
    column = "fold" if folds else "split"
    values = sorted(split["fold"].unique()) if folds else [part for part in PARTS if part in set(split["split"])]
    names = [f"fold {value}" if folds else str(value) for value in values]
    rows = {}
    for name in [*run.classes, "all"]:
        chosen = split if name == "all" else split[split["label"] == name]
        rows[name] = [*(_count(chosen[chosen[column] == value]) for value in values), _count(chosen)]
    return [*names, "all"], rows


def facts(run: Run) -> list[tuple[str, str]]:
    """What the images are like: name and text."""
    images = run.images
    per_group = images.groupby("group_id").size()
    found = [
        ("Groups", str(run.ingest.get("group_source") or "as in images.csv")),
        ("Images per group", _spread(per_group, "", "{:g}")),
        ("Width", _spread(images["width"], " pixels", "{:g}")),
        ("Height", _spread(images["height"], " pixels", "{:g}")),
    ]
    for column, title in (("view", "Views"), ("license", "Licence of the images")):
        values = images.loc[images[column] != "", column].value_counts().sort_index()
        if len(values):
            found.append((title, "; ".join(f"{name} ({count})" for name, count in values.items())))
    if len(run.regions):
        marked = run.regions["image_id"].nunique()
        kinds = " and ".join(
            f"{count} {kind}" for kind, count in run.regions["kind"].value_counts().sort_index().items()
        )
        found.append(("Regions", f"{kinds} regions on {marked} images"))
        names = run.regions["finding"].value_counts().sort_index()
        found.append(("Findings marked", "; ".join(f"{name} ({count})" for name, count in names.items())))
    else:
        found.append(("Regions", "none: nobody marked where the finding is, so the maps cannot be measured"))
    return found


def rejected(run: Run) -> list[tuple[str, int, list[str]]]:
    """Reason, number of files, and the first few of them with their detail."""
    found = []
    for reason, rows in run.rejected.groupby("reason", sort=True):
        examples = [f"{row.source_path}: {row.detail}" if row.detail else row.source_path for row in rows.itertuples()]
        found.append((str(reason), len(rows), examples[:20]))
    return found


def alike(run: Run, most: int) -> list[Pair]:
    """The pairs of images on two sides of the split that look most alike, the likest first."""
    rows = run.leaks[run.leaks["side"] != run.leaks["other_side"]]
    rows = rows.sort_values(["likeness", "image_id", "other_id"], ascending=[False, True, True]).head(most)
    stored = run.images.set_index("image_id")["path"]
    return [
        Pair(
            images=tuple((name, run.root / paths.IMAGES / stored[name]) for name in (row.image_id, row.other_id)),
            sides=(row.side, row.other_side),
            kind=row.kind.replace("_", " "),
            likeness=f"{row.likeness:.2f}",
        )
        for row in rows.itertuples()
        if row.image_id in stored.index and row.other_id in stored.index
    ]


def params_text(run: Run) -> str:
    """params.yaml without secrets, folders of this machine, and where it was computed."""
    values = run.params.model_dump(mode="json", exclude={"compute"})
    return yaml.safe_dump(_public(values), sort_keys=False, allow_unicode=True, width=100)


def digests(run: Run) -> list[tuple[str, str]]:
    """SHA-256 of the source images (all of them, in the order of their ids), the tables and the model's files."""
    every = hashlib.sha256("".join(run.images["sha256"]).encode()).hexdigest()
    found = [("source images", every)]
    here = [run.root / path for path in TABLES] + sorted((run.root / paths.MODEL).rglob("*.*"))
    return found + [(path.relative_to(run.root).as_posix(), files.sha256(path)) for path in here if path.is_file()]


def versions() -> list[tuple[str, str]]:
    """The installed packages that made the numbers."""
    found = []
    for name in PACKAGES:
        try:
            found.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def flat(values: dict, before: str = "") -> list[tuple[str, str]]:
    """A nested JSON object as rows of dotted key and text."""
    rows = []
    for key, value in values.items():
        if isinstance(value, dict):
            rows += flat(value, f"{before}{key}.")
        else:
            text = ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
            rows.append((before + key, text))
    return rows


def _count(rows: pd.DataFrame) -> Count:
    return Count(len(rows), rows["group_id"].nunique())


def _spread(values: pd.Series, unit: str, form: str) -> str:
    low, middle, high = (form.format(value) for value in (values.min(), values.median(), values.max()))
    return f"{low}{unit}" if low == high else f"{low} to {high}{unit}, median {middle}"


def _public(value: object, key: str = "") -> object:
    if isinstance(value, dict):
        return {name: _public(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_public(inner) for inner in value]
    if key in SECRET:
        return "(not shown)"
    if isinstance(value, str) and Path(value).expanduser().is_absolute():
        return f"(folder)/{Path(value).name}"
    return value
