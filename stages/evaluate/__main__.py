"""Stage `evaluate`: see the package's docstring."""

import numpy as np
import pandas as pd

from stages.common import console, files, params, paths, tables
from stages.common.errors import UserError
from stages.common.params import Params
from stages.evaluate import assess, baselines, fitted
from stages.evaluate.parts import Part, parts
from stages.evaluate.study import Predictions, Study
from stages.models import trained

METRICS = paths.METRICS / "evaluate.json"
PLOTS = paths.PLOTS / "evaluate"


def main() -> str:
    settings = params.load()
    study = _study(settings)
    predicted = {part.fold: _predict(part, study) for part in study.models}
    tables.write(paths.PREDICTIONS, _table(study, predicted), tables.PREDICTION_COLUMNS)
    predictions = Predictions({fold: values.__getitem__ for fold, values in predicted.items()}, {})

    pooled = trained.pooled(paths.FEATURES, list(study.split["image_id"]))
    folders = trained.folders(paths.MODEL)
    entries = {
        part.name: {"fitted_for": trained.identity(folders[part.fold])}
        | fitted.fit(study, part, predicted[part.fold], pooled)
        for part in study.models
    }
    about = {"classes": study.classes, "positive_class": settings.ingest.positive_class, "models": entries}
    files.write_json(paths.CALIBRATION, about)

    inputs = _baseline_inputs(study, pooled, settings)
    competitors = {
        name: assess.competitor(study, name, values, settings.train.refit) for name, values in inputs.items()
    }
    leaky = settings.split.kind == "image_level_leaky"
    metrics = assess.metrics(study, predictions, entries, competitors, leaky)
    with files.atomic_folder(PLOTS) as folder:
        print(assess.write_plots(folder, study, predictions, entries))
    files.write_json(METRICS, metrics)
    return _summary(metrics)


def _study(settings: Params) -> Study:
    split = tables.read(paths.SPLIT_TABLE, tables.SPLIT_COLUMNS)
    classes = settings.ingest.classes
    unknown = sorted(set(split["label"]) - set(classes))
    if unknown:
        raise UserError(f"{paths.SPLIT_TABLE}: label {unknown[0]!r} is not in `ingest.classes`; run `dvc repro split`")
    truth = split["label"].map({name: place for place, name in enumerate(classes)}).to_numpy(int)
    return Study(split, parts(split), truth, classes, classes.index(settings.ingest.positive_class), settings.evaluate)


def _predict(part: Part, study: Study) -> np.ndarray:
    """Probabilities (n, k) of one model for the rows that it scores, as predictions.csv shows them; NaN elsewhere."""
    found = np.full((len(study.split), len(study.classes)), np.nan)
    folders = trained.folders(paths.MODEL)
    if part.fold not in folders:
        raise UserError(f"{paths.MODEL} lacks the model `{part.name}` that split.csv asks for; run `dvc repro train`")
    for block, rows in part.scored.items():
        folder = trained.holding_out(folders[part.fold], block)
        found[rows] = trained.predict(folder, paths.FEATURES, list(study.split["image_id"].iloc[rows]))
    return np.char.mod("%.9g", found).astype(np.float64)


def _table(study: Study, predicted: dict[int, np.ndarray]) -> pd.DataFrame:
    """predictions.csv: of each image the prediction of the only model, or of the one that held it out."""
    folds = study.split["fold"].to_numpy()
    probabilities = np.stack([predicted[fold][row] for row, fold in enumerate(folds)])
    best = np.array(study.classes)[probabilities.argmax(axis=1)]
    columns = dict(zip(tables.probability_columns(study.classes), probabilities.T, strict=True))
    return study.split.drop(columns="group_id").assign(predicted=best, **columns)


def _baseline_inputs(study: Study, pooled: np.ndarray, settings: Params) -> dict[str, np.ndarray]:
    """What each baseline sees of all images."""
    nothing = np.zeros((len(study.split), 0))
    inputs = {
        "majority": lambda: nothing,
        "features": lambda: pooled,
        "image_statistics": lambda: _grey(study, settings),
    }
    return {name: inputs[name]() for name in settings.evaluate.baselines}


def _grey(study: Study, settings: Params) -> np.ndarray:
    images = tables.read(paths.IMAGE_TABLE, tables.IMAGE_COLUMNS).set_index("image_id")
    stored = [paths.IMAGES / path for path in images["path"].loc[study.split["image_id"]]]
    return baselines.image_statistics(stored, settings.compute.workers)


def _summary(metrics: dict) -> str:
    block = metrics[metrics["headline"]]
    area = block["roc_auc"]
    interval = "" if area["low"] is None else f" ({area['low']:.3f} to {area['high']:.3f})"
    value = "undefined" if area["mean"] is None else f"{area['mean']:.3f}"
    return (
        f"{block['note']}: AUC {value}{interval}, accuracy {block['accuracy']['mean']:.3f}, "
        f"{block['n']} images of {block['groups']} groups"
    )


if __name__ == "__main__":
    console.run("evaluate", main)
