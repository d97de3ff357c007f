"""Which images are trained on, chosen on and scored."""

import hashlib
from collections.abc import Callable

import numpy as np
import pandas as pd

from stages.common.errors import UserError
from stages.common.tables import SPLIT_COLUMNS
from stages.split.assign import assign
from stages.split.settings import Settings

TRAIN, VALIDATION, TEST = "train", "validation", "test"
NO_FOLD = -1


def divide(images: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The split of each image (SPLIT_COLUMNS), sorted by image_id; the order of the rows of `images` has no say.

    Args:
        images: image_id, label, group_id and, for prescribed, split.
        settings: kind, seed, fractions, folds.

    Raises:
        UserError: a class has too few groups, or the source's split does not fit.
    """
    images = images.sort_values("image_id").reset_index(drop=True)
    split, fold = KINDS[settings.kind](images, settings)
    return images[["image_id", "group_id", "label"]].assign(split=split, fold=fold)[list(SPLIT_COLUMNS)]


def _grouped(images: pd.DataFrame, settings: Settings) -> tuple[np.ndarray, int]:
    return _parts(images, images["group_id"], settings), NO_FOLD


def _image_level_leaky(images: pd.DataFrame, settings: Settings) -> tuple[np.ndarray, int]:
    return _parts(images, images["image_id"], settings), NO_FOLD


def _parts(images: pd.DataFrame, groups: pd.Series, settings: Settings) -> np.ndarray:
    fractions = {TRAIN: 1 - settings.validation - settings.test, VALIDATION: settings.validation, TEST: settings.test}
    names = [name for name, fraction in fractions.items() if fraction > 0]
    wanted = np.array([fractions[name] for name in names])
    return np.array(names)[_assigned(images["label"], groups, wanted, settings.seed, ", ".join(names))]


def _prescribed(images: pd.DataFrame, settings: Settings) -> tuple[np.ndarray, int]:
    split = images["split"].to_numpy(dtype=object)
    empty = images.loc[images["split"] == "", "image_id"]
    if len(empty) == len(images):
        raise UserError("split.kind is prescribed, but the source prescribes no split; set split.kind to grouped")
    if len(empty):
        raise UserError(f"{len(empty)} images have no prescribed split, such as {empty.iloc[0]}; give them one")
    if TRAIN not in split:
        raise UserError("split.kind is prescribed, but the source has no training part; set split.kind to grouped")
    _refuse_torn_groups(images)
    if VALIDATION not in split:
        training = images[images["split"] == TRAIN]
        wanted = np.array([1 - settings.validation, settings.validation])
        names = "train, and validation carved out of it,"
        parts = _assigned(training["label"], training["group_id"], wanted, settings.seed, names)
        split[training.index] = np.array([TRAIN, VALIDATION])[parts]
    _refuse_lacking_class(split, images["label"])
    return split, NO_FOLD


def _kfold(images: pd.DataFrame, settings: Settings) -> tuple[str, np.ndarray]:
    wanted = np.full(settings.folds, 1 / settings.folds)
    names = f"{settings.folds} folds"
    return TEST, _assigned(images["label"], images["group_id"], wanted, settings.seed, names)


def _leave_one_group_out(images: pd.DataFrame, settings: Settings) -> tuple[str, np.ndarray]:  # noqa: ARG001
    """Each group is a fold. The model of fold k trains on all but it and the next, which it chooses on."""
    fold, names = pd.factorize(images["group_id"], sort=True)
    for k, name in enumerate(names):
        out = {k, (k + 1) % len(names)}
        left = set(images["label"][~pd.Series(fold).isin(out)])
        lacking = sorted(set(images["label"]) - left)
        if lacking:
            raise UserError(
                f"without group {name} and the next one no image of class {', '.join(lacking)} is left to train on; "
                "add groups, or set split.kind to grouped"
            )
    return TEST, fold


KINDS: dict[str, Callable[[pd.DataFrame, Settings], tuple]] = {
    "grouped": _grouped,
    "prescribed": _prescribed,
    "kfold": _kfold,
    "leave_one_group_out": _leave_one_group_out,
    "image_level_leaky": _image_level_leaky,
}
"""What gives the columns split and fold, by `split.kind`."""


def _assigned(labels: pd.Series, groups: pd.Series, fractions: np.ndarray, seed: int, parts: str) -> np.ndarray:
    """The number of the part of each image; `parts` names them in errors."""
    counts = pd.crosstab(groups, labels)
    counts = counts.loc[sorted(counts.index, key=lambda group: _rank(seed, group))]
    present = (counts > 0).sum()
    for name in present.index[present < len(fractions)]:
        raise UserError(
            f"class {name} has {_counted(present[name], groups)}; {parts} need at least one each: add images, merge "
            "classes (ingest.class_map), or ask for fewer parts"
        )
    part = pd.Series(assign(counts.to_numpy(), fractions), index=counts.index)
    found = pd.crosstab(groups.map(part), labels)
    if (found == 0).any(axis=None):
        name = found.columns[(found == 0).any()][0]
        raise UserError(f"no division of the groups gives {parts} images of class {name} each; add groups of it")
    return groups.map(part).to_numpy()


def _rank(seed: int, group: str) -> bytes:
    """An order of the groups that looks random and does not change when others come."""
    return hashlib.sha256(f"{seed} {group}".encode()).digest()


def _counted(count: int, groups: pd.Series) -> str:
    what = "image" if groups.is_unique else "group"
    return f"only {count} {what}{'' if count == 1 else 's'}"


def _refuse_torn_groups(images: pd.DataFrame) -> None:
    sides = images.groupby("group_id")["split"].unique()
    torn = sides[sides.map(len) > 1]
    if len(torn):
        listed = "; ".join(f"{name} in {' and '.join(sorted(parts))}" for name, parts in torn.head(5).items())
        more = f"; and {len(torn) - 5} more" if len(torn) > 5 else ""
        raise UserError(
            f"{len(torn)} group(s) stand on two sides of the prescribed split: {listed}{more}. Move their images to "
            "one side, or set split.kind to grouped"
        )


def _refuse_lacking_class(split: np.ndarray, labels: pd.Series) -> None:
    found = pd.crosstab(split, labels)
    for name, row in found.iterrows():
        if (row == 0).any():
            lacking = row.index[row == 0][0]
            raise UserError(f"the {name} part has no image of class {lacking}; add some, or set split.kind to grouped")
