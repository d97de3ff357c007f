"""Stage `train`: see the package's docstring."""

import gc
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import console, files, params, paths, tables
from stages.common.folds import parts_of_fold
from stages.common.params import Params
from stages.models import runtime, trained
from stages.models.feature_file import FeatureFile
from stages.train.part import Part

CHECKPOINTS = console.LOCKS / "train"
SHOWN = 8  # training images on the contact sheet
TRAINED_BY = ("ingest", "image", "backbone", "extract", "head", "train")  # sections


def main() -> str:
    settings = params.load()
    split = tables.read(paths.SPLIT_TABLE, tables.SPLIT_COLUMNS)
    runtime.start(settings.train.seed)
    folds = sorted(split["fold"].unique())
    histories = []
    with (
        FeatureFile(paths.FEATURES, settings.compute.memory_mb << 20) as file,
        files.atomic_folder(paths.MODEL) as root,
    ):
        for fold in folds:
            folder = root if fold == -1 else root / f"fold-{fold}"
            histories.append(_train(folder, file, parts_of_fold(split, fold), settings, fold))
            gc.collect()  # a fold's network and optimiser hold each other, and up to a gigabyte
        _plot(histories, settings, file, parts_of_fold(split, folds[0])["train"])
    shutil.rmtree(CHECKPOINTS, ignore_errors=True)
    table = pd.concat(histories)
    best = table[table["best"] == 1]
    return "; ".join(_summary(row, len(folds)) for row in best.to_dict("records"))


def _train(
    folder: Path, file: FeatureFile, parts: dict[str, pd.DataFrame], settings: Params, fold: int
) -> pd.DataFrame:
    """Train on one fold, or on the split without folds; write the model into `folder`, and return its history."""
    if not settings.train.refit:
        return _fit(folder, file, parts["train"], parts["validation"], settings, fold)
    history = _fit(folder / trained.SELECTION, file, parts["train"], parts["validation"], settings, fold)
    gc.collect()  # see above
    epochs = int(history["epoch"][history["best"] == 1].item())
    _fit(folder, file, pd.concat([parts["train"], parts["validation"]]), None, settings, fold, epochs)
    return history


def _fit(
    folder: Path,
    file: FeatureFile,
    train: pd.DataFrame,
    validation: pd.DataFrame | None,
    settings: Params,
    fold: int,
    epochs: int | None = None,
) -> pd.DataFrame:
    """Train one model on rows of split.csv, and write it into `folder`; see `fit.fit`."""
    import keras

    from stages.models import compose, front
    from stages.train import devices, fit
    from stages.train.checkpoint import Checkpoint

    keras.utils.set_random_seed(settings.train.seed)
    design = compose.design_of(settings)
    untrained = trained.Trained(
        design, settings.ingest.classes, settings.ingest.positive_class, settings.train.loss, {}, {}
    )
    numbers = {name: number for number, name in enumerate(settings.ingest.classes)}

    def part(rows: pd.DataFrame) -> Part:
        labels, groups = rows["label"].map(numbers).to_numpy(np.int32), pd.factorize(rows["group_id"], sort=True)[0]
        return Part(file.rows(list(rows["image_id"])), labels, groups)

    name = f"fold{fold}{'-selection' if folder.name == trained.SELECTION else ''}"
    checkpoint = Checkpoint(CHECKPOINTS / f"{name}.h5", lambda: _key(settings, name))
    held_out = None if validation is None else part(validation)
    strategy = devices.strategy(settings.compute.gpus)
    with strategy.scope():
        whole = compose.compose(design.in_training)
        front.assign(whole.whole, files.read_arrays(paths.WEIGHTS / f"{design.backbone.name}.h5"))
        arrays, history = fit.fit(whole, file, part(train), held_out, settings.train, untrained, checkpoint, epochs)
    if fold >= 0 or settings.train.refit:
        checkpoint.end(history, arrays)
    best = next(row for row in history if row["best"])
    provenance = {
        "recipe": settings.recipe,
        "fold": int(fold),
        "train_images": len(train),
        "validation_images": 0 if validation is None else len(validation),
        "epochs": len(history),
        "best_epoch": best["epoch"],
        "monitor": settings.train.monitor if validation is not None else None,
        "devices": strategy.num_replicas_in_sync,
        "features": {name: _plain(value) for name, value in sorted(file.attributes.items())},
    }
    folder.mkdir(parents=True, exist_ok=True)
    trained.save(
        trained.Trained(design, untrained.classes, untrained.positive_class, untrained.loss, provenance, arrays),
        folder,
    )
    return pd.DataFrame([{"fold": fold, **row} for row in history])


def _key(settings: Params, name: str) -> str:
    """A digest of all that a training depends on, its code included."""
    code = sorted(
        path for folder in ("models", "train") for path in Path(__file__).parents[1].glob(f"{folder}/**/*.py")
    )
    weights = paths.WEIGHTS / f"{settings.backbone.name}.h5"
    known = {
        "model": name,
        "params": settings.model_dump(include=set(TRAINED_BY)),
        "files": [files.sha256(path) for path in (paths.FEATURES, paths.SPLIT_TABLE, weights, *code)],
        **runtime.describe(),
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _plot(histories: list[pd.DataFrame], settings: Params, file: FeatureFile, train: pd.DataFrame) -> None:
    """Write plots/train: the curves, and what augmentation makes of some images."""
    from stages.train import curves

    with files.atomic_folder(paths.PLOTS / "train") as folder:
        curves.write(pd.concat(histories), folder)
        if settings.train.augment.active:
            from stages.train import augment

            shown = np.linspace(0, len(train) - 1, min(SHOWN, len(train))).astype(int)  # from all classes
            images = file.read(file.rows(list(train["image_id"].iloc[shown])))
            augment.contact_sheet(images, settings.train.augment, settings.train.seed).save(folder / "augmented.png")


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _summary(best: dict, folds: int) -> str:
    fold = f"fold {best['fold']}: " if folds > 1 else ""
    return (
        f"{fold}epoch {best['epoch']} is kept, validation loss {best['validation_loss']:.4g}, "
        f"AUC {best['validation_roc_auc']:.3f}"
    )


if __name__ == "__main__":
    console.run("train", main)
