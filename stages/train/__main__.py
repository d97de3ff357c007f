"""Stage `train`: see the package's docstring."""

import numpy as np
import pandas as pd

from stages.common import console, files, params, paths, tables
from stages.common.folds import parts_of_fold
from stages.common.params import Params
from stages.models import runtime, trained
from stages.models.backbones import BACKBONES
from stages.models.backbones.settings import Architecture
from stages.models.feature_file import FeatureFile


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
            folder.mkdir(exist_ok=True)
            model, history = _train(file, parts_of_fold(split, fold), settings, fold)
            trained.save(model, folder)
            histories.append(history)
    table = pd.concat(histories)
    with files.atomic_folder(paths.PLOTS / "train") as folder:
        table.to_csv(folder / "history.csv", index=False, lineterminator="\n", float_format="%.6g")
    best = table[table["best"] == 1]
    return "; ".join(_summary(row, len(folds)) for row in best.to_dict("records"))


def _train(
    file: FeatureFile, parts: dict[str, pd.DataFrame], settings: Params, fold: int
) -> tuple[trained.Trained, pd.DataFrame]:
    """Train on one fold, or on the split without folds."""
    import keras

    from stages.models import compose, front
    from stages.train import fit

    keras.utils.set_random_seed(settings.train.seed)
    design = design_of(settings)
    whole = compose.compose(design)
    front.assign(whole.whole, files.read_arrays(paths.WEIGHTS / f"{design.backbone.name}.h5"))
    untrained = trained.Trained(
        design, settings.ingest.classes, settings.ingest.positive_class, settings.train.loss, {}, {}
    )
    numbers = {name: number for number, name in enumerate(settings.ingest.classes)}

    def part(name: str) -> fit.Part:
        rows = parts[name]
        return fit.Part(file.rows(list(rows["image_id"])), rows["label"].map(numbers).to_numpy(np.int32))

    arrays, history = fit.fit(whole, file, part("train"), part("validation"), settings.train, untrained)
    best = next(row for row in history if row["best"])
    provenance = {
        "recipe": settings.recipe,
        "fold": int(fold),
        "train_images": len(parts["train"]),
        "validation_images": len(parts["validation"]),
        "epochs": len(history),
        "best_epoch": best["epoch"],
        "monitor": settings.train.monitor,
        "features": {name: _plain(value) for name, value in sorted(file.attributes.items())},
    }
    model = trained.Trained(design, untrained.classes, untrained.positive_class, untrained.loss, provenance, arrays)
    return model, pd.DataFrame([{"fold": fold, **row} for row in history])


def design_of(settings: Params):
    """The model that the parameters describe."""
    from stages.models.compose import Design

    return Design(
        **dict(settings.image),
        backbone=Architecture(**{name: getattr(settings.backbone, name) for name in Architecture.model_fields}),
        cut=settings.backbone.cut,
        end=settings.backbone.end or BACKBONES[settings.backbone.name].layer_names(settings.backbone)[-1],
        dtype=settings.extract.dtype,
        head=settings.head.kind,
        head_settings=getattr(settings.head, settings.head.kind).model_dump(),
        head_seed=settings.head.seed,
        standardize=settings.head.standardize,
        drop_block=settings.train.drop_block,
        outputs=1 if settings.train.loss == "sigmoid" else len(settings.ingest.classes),
    )


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _summary(best: dict, folds: int) -> str:
    fold = f"fold {best['fold']}: " if folds > 1 else ""
    return (
        f"{fold}epoch {best['epoch']} is best, validation loss {best['validation_loss']:.4g}, "
        f"AUC {best['validation_roc_auc']:.3f}"
    )


if __name__ == "__main__":
    console.run("train", main)
