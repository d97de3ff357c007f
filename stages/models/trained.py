"""A trained model on disk: a JSON description, and its weights as named arrays. Loading runs no code from the files."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import ValidationError

from stages.common import files
from stages.common.errors import UserError
from stages.models import runtime
from stages.models.feature_file import FeatureFile

if TYPE_CHECKING:
    import keras

    from stages.models.compose import Design, Parts

SCHEMA_VERSION = 1
DESCRIPTION, WEIGHTS = "model.json", "weights.h5"
SELECTION = "selection"  # in a model's folder where it was refitted: the one trained without the validation images


@dataclass(frozen=True)
class Trained:
    """A model as `train` leaves it. `arrays` are the weights behind the cut, by `layer/variable`."""

    design: "Design"
    classes: list[str]
    positive_class: str
    loss: str
    provenance: dict
    arrays: dict[str, np.ndarray]


def save(model: Trained, folder: Path) -> None:
    """Write a model into an existing folder."""
    description = {
        "schema_version": SCHEMA_VERSION,
        "classes": model.classes,
        "positive_class": model.positive_class,
        "loss": model.loss,
        "design": model.design.model_dump(),
        "provenance": model.provenance,
    }
    files.write_arrays(folder / WEIGHTS, model.arrays, {"digest": files.digest(model.arrays)})
    files.write_json(folder / DESCRIPTION, description)


def load(folder: Path) -> Trained:
    """Read a model.

    Raises:
        UserError: the folder holds no model, or one of another version.
    """
    from stages.models.compose import Design

    try:
        description = files.read_json(folder / DESCRIPTION)
        arrays = files.read_arrays(folder / WEIGHTS)
        if description["schema_version"] != SCHEMA_VERSION:
            raise UserError(
                f"{folder} holds a model of schema {description['schema_version']}; this is {SCHEMA_VERSION}"
            )
        return Trained(
            design=Design.model_validate(description["design"]),
            classes=description["classes"],
            positive_class=description["positive_class"],
            loss=description["loss"],
            provenance=description["provenance"],
            arrays=arrays,
        )
    except (OSError, ValueError, KeyError, ValidationError) as error:
        raise UserError(f"{folder} holds no model that can be read ({error}); run `dvc repro train`") from error


def folders(folder: Path) -> dict[int, Path]:
    """The models in data/model by fold; -1 for the one of a run without folds."""
    found = {int(path.name.removeprefix("fold-")): path for path in sorted(folder.glob("fold-*"))}
    return found or {-1: folder}


def holding_out(folder: Path, part: str) -> Path:
    """The model of a fold, or of the split, that did not learn from a part (of `folds.PARTS`); any for `train`."""
    selection = folder / SELECTION
    return selection if part == "validation" and selection.is_dir() else folder


def of_rows(root: Path, split: pd.DataFrame) -> Iterator[tuple[int, Path, np.ndarray]]:
    """The models that have a say on rows of split.csv: fold, folder and the places of these rows.

    An image is shown to the model of its fold that held it out.
    """
    for fold, folder in folders(root).items():
        where = pd.Series([holding_out(folder, part) for part in split["split"]])
        mine = (split["fold"] == fold).to_numpy()
        for place in where[mine].unique():
            yield fold, place, np.flatnonzero(mine & (where == place).to_numpy())


def identity(folder: Path) -> str:
    """SHA-256 of a model's files, by which what was fitted on its output names it."""
    digests = [files.sha256(folder / name) for name in (DESCRIPTION, WEIGHTS)]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def build(model: Trained, weights: Path | None) -> "Parts":
    """The Keras models with their weights.

    Args:
        weights: data/weights, for the frozen part; None leaves it unset, for those who use the tail alone.

    Raises:
        UserError: a file lacks some of the weights.
    """
    from stages.models import compose

    parts = compose.compose(model.design)
    if weights is not None and parts.front is not None:
        file = weights / f"{model.design.backbone.name}.h5"
        _assign(parts.front, files.read_arrays(file), str(file))
    _assign(parts.tail, model.arrays, "the trained model")
    return parts


def predict(folder: Path, features: Path, image_ids: list[str]) -> np.ndarray:
    """Probabilities (n, classes), float64, of images from their kept features. `folder` holds one model."""
    runtime.start()
    model = load(folder)
    tail = build(model, None).tail
    with FeatureFile(features) as file:
        return probabilities(logits(runtime.compiled(tail), file, file.rows(image_ids)), model)


def logits(tail: runtime.Inference, file: FeatureFile, rows: np.ndarray) -> np.ndarray:
    """Logits (n, outputs), float32, of at least one row of a feature file, in padded batches of one size."""
    return np.concatenate(list(runtime.run(tail, file.chunks(rows), file.batch_size)))


def probabilities(values: np.ndarray, model: Trained) -> np.ndarray:
    """Logits (n, outputs) -> probabilities (n, classes), float64. A single logit is the positive class's (sigmoid)."""
    values = two_logits(values, model).astype(np.float64)
    shifted = np.exp(values - values.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def two_logits(values: np.ndarray, model: Trained) -> np.ndarray:
    """A logit for each class (n, classes); with a sigmoid, 0 for the class that is not the positive one."""
    if values.shape[1] == len(model.classes):
        return values
    both = np.zeros((len(values), 2), values.dtype)
    both[:, model.classes.index(model.positive_class)] = values[:, 0]
    return both


def pooled(features: Path, image_ids: list[str]) -> np.ndarray:
    """Average-pooled kept features (n, c), float64; pixels give their mean colour."""
    with FeatureFile(features) as file:
        means = [
            chunk.astype(np.float64).mean(axis=tuple(range(1, chunk.ndim - 1)))
            for chunk in file.chunks(file.rows(image_ids))
        ]
    return np.concatenate(means)


def _assign(model: "keras.Model", arrays: dict[str, np.ndarray], origin: str) -> None:
    """Set every variable of a model: one left out would keep the random value that it was built with."""
    from stages.models import front

    missing = sorted(set(front.named_weights(model)) - set(arrays))
    if missing:
        raise UserError(f"{origin} lacks {missing[0]} ({len(missing)} missing); run `dvc repro` to make it anew")
    front.assign(model, arrays)
