"""A trained model as it is carried about: a folder with `model/`, `weights/` and `calibration.json`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stages.common import files, paths
from stages.common.errors import UserError
from stages.models import trained
from stages.models.backbones import INPUT

if TYPE_CHECKING:
    from stages.models.compose import Design, Parts

CARRY = "a folder with model/, weights/ and calibration.json, as data/ has them after `dvc repro`"


@dataclass(frozen=True)
class Bundle:
    """One model, or one a fold; they share classes and design.

    folders: where each model is, by its name in calibration.json: `model`, or `fold-0` and so on.
    calibration: what stage evaluate fitted for each, by the same names.
    """

    folders: dict[str, Path]
    weights: Path
    calibration: dict[str, dict]
    classes: list[str]
    positive: str
    loss: str
    design: "Design"

    last: dict = field(default_factory=dict, repr=False, compare=False)

    def models(self) -> "Iterator[tuple[str, trained.Trained, Parts]]":
        """Each model with its name, built with its weights. Only the last one is kept in memory, and not built twice
        where it is the only one."""
        for name, folder in self.folders.items():
            if name not in self.last:
                self.last.clear()
                model = trained.load(folder)
                self.last[name] = model, trained.build(model, self.weights)
            yield name, *self.last[name]


def open_bundle(folder: Path, weights: Path | None = None) -> Bundle:
    """Read what describes a model, and check that its parts belong together.

    Args:
        folder: holds `model/`, `weights/` and `calibration.json`; or is `model/` itself, with the others beside it.
        weights: the folder of the backbone's weights, where it is elsewhere.

    Raises:
        UserError: a part is missing or belongs to another model.
    """
    model = folder / paths.MODEL.name if (folder / paths.MODEL.name).is_dir() else folder
    if not model.is_dir():
        raise UserError(f"there is no model in {folder}; name {CARRY}")
    folders = {path.name if fold >= 0 else "model": path for fold, path in trained.folders(model).items()}
    first = trained.load(next(iter(folders.values())))
    weights = weights or model.parent / paths.WEIGHTS.name
    if first.design.cut != INPUT:
        _refuse_other_weights(weights, first)
    return Bundle(
        folders=folders,
        weights=weights,
        calibration=_calibration(model.parent / paths.CALIBRATION.name, folders, first.classes),
        classes=first.classes,
        positive=first.positive_class,
        loss=first.loss,
        design=first.design,
    )


def _refuse_other_weights(folder: Path, model: trained.Trained) -> None:
    try:
        found = files.read_json(folder / "provenance.json")["digest"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{folder} holds no backbone weights ({error}); name {CARRY}, or --weights") from error
    if found != model.provenance["features"]["weights_digest"]:
        raise UserError(
            f"the backbone weights in {folder} are not those that the model was trained with; copy data/weights from "
            "where it was trained, or run `dvc repro`"
        )


def _calibration(path: Path, folders: dict[str, Path], classes: list[str]) -> dict[str, dict]:
    try:
        found = files.read_json(path)
        entries, about = found["models"], found["classes"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{path} cannot be read ({error}); run `dvc repro evaluate`, and carry the file with the model"
        ) from error
    fits = about == classes and set(entries) == set(folders)
    if not fits or any(entries[name].get("fitted_for") != trained.identity(folders[name]) for name in folders):
        raise UserError(f"{path} belongs to another model; run `dvc repro evaluate`, and carry the file with the model")
    return {name: entries[name] for name in folders}
