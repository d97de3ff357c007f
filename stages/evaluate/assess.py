"""From predictions to metrics/evaluate.json and plots/evaluate/."""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import files
from stages.evaluate import baselines, curves, fitted, summary
from stages.evaluate.parts import Part, gather
from stages.evaluate.scored import Scored
from stages.evaluate.study import Predictions, Predictor, Study

NOTES = {
    "train": "train (fitted on these images)",
    "validation": "validation (used for selection)",
    "test": "test (scored once)",
}
OUT_OF_FOLD = "test (out of fold: each image scored by the model that held its group out)"
LEAKY = "LEAKY SPLIT (by image, groups torn apart): "


def metrics(
    study: Study, predictions: Predictions, entries: dict[str, dict], competitors: dict[str, Predictions], leaky: bool
) -> dict:
    """The whole of metrics/evaluate.json.

    Args:
        study: images and models.
        predictions: the trained models'.
        entries: the models of calibration.json, see `fitted.fit`.
        competitors: the baselines' predictions by name.
        leaky: the split tears groups apart.
    """
    found = {
        "headline": study.headline,
        "positive_class": study.classes[study.positive],
        "definitions": summary.definitions(len(study.classes), study.settings.bins, study.settings.replicates),
    }
    for name in study.blocks:
        note = OUT_OF_FOLD if name == "test" and study.has_folds else NOTES[name]
        found[name] = {
            "note": (LEAKY if leaky else "") + note,
            **_block(study, name, predictions, entries, competitors),
        }
    return found


def competitor(study: Study, name: str, inputs: np.ndarray, refit: bool) -> Predictions:
    """A baseline (`majority`, or logistic regression on inputs (n, f) of all images) fitted for each model's images.

    With `refit`, test images are shown to one that is fitted on validation images too, as the model is.
    """
    predictors, choices = {}, {}
    for part in study.models:
        fitted, choice = _fitted(study, name, inputs, part, refit=False)
        final = _fitted(study, name, inputs, part, refit=True)[0] if refit else fitted
        predictors[part.fold] = _by_part(inputs, part, fitted, final)
        if choice is not None:
            choices[part.name] = choice
    return Predictions(predictors, choices, refit)


def _fitted(
    study: Study, name: str, inputs: np.ndarray, part: Part, refit: bool
) -> tuple[baselines.Predict, str | None]:
    """A baseline, and in words how it was chosen where it was."""
    k, truth, train, validation = len(study.classes), study.truth, part.train, part.validation
    if name == "majority":
        return baselines.majority(truth[np.concatenate([train, validation]) if refit else train], k), None
    return baselines.logistic(inputs[train], truth[train], inputs[validation], truth[validation], k, refit)


def _by_part(inputs: np.ndarray, part: Part, first: baselines.Predict, final: baselines.Predict) -> Predictor:
    """Rows of the validation part are shown to the first, others to the final one."""
    return lambda rows: np.where(np.isin(rows, part.validation)[:, None], first(inputs[rows]), final(inputs[rows]))


def write_plots(folder: Path, study: Study, predictions: Predictions, entries: dict[str, dict]) -> str:
    """Write the tables of the headline's images into an empty folder; return the one that is text."""
    scored, model = study.scored(study.headline, predictions), study.model_of_each(study.headline)
    positive, probability = scored.truth == scored.positive, scored.probabilities[:, scored.positive]
    found = {
        "roc": curves.roc(positive, probability),
        "precision_recall": curves.precision_recall(positive, probability),
        "reliability": curves.reliability(scored),
        "confusion": curves.confusion(scored, study.classes),
    }
    if len(study.classes) > 2:
        found["roc_by_class"] = curves.by_class(curves.roc, scored, study.classes)
        found["precision_recall_by_class"] = curves.by_class(curves.precision_recall, scored, study.classes)
    if not fitted.missing(entries, "temperature"):
        temperatures = summary.of_each(fitted.values(entries, "temperature"), model)
        found["reliability_calibrated"] = curves.reliability(scored.at_temperature(temperatures))
    if study.has_folds:
        found["folds"] = _folds(study, scored)
    for name, table in found.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", float_format="%.6g", encoding="utf-8")
    text = curves.report_text(scored, study.classes)
    files.write_text(folder / "table.txt", text)
    return text


def _block(
    study: Study, name: str, predictions: Predictions, entries: dict[str, dict], competitors: dict[str, Predictions]
) -> dict:
    scored = study.scored(name, predictions)
    estimate = scored.estimate()
    found = summary.block(scored, study.classes, estimate)
    if name == "train":
        return found
    model = study.model_of_each(name)
    found["operating_point"] = _operating_point(study, scored, model, entries)
    found["calibrated"] = _calibrated(scored, model, entries)
    found["baselines"] = {
        other: summary.baseline(
            scored,
            estimate,
            study.probabilities(name, other_predictions),
            other_predictions.choices,
            "train and validation" if other_predictions.refitted and name != "validation" else "train",
        )
        for other, other_predictions in competitors.items()
    }
    grouped = summary.by_group(scored, study.classes)
    if grouped:
        found["by_group"] = grouped
    if name == "test" and study.has_folds:
        found["over_folds"] = summary.over_folds(_folds(study, scored))
    return found


def _operating_point(study: Study, scored: Scored, model: np.ndarray, entries: dict[str, dict]) -> dict:
    missing = fitted.missing(entries, "operating_threshold")
    if missing:
        return {"note": summary.by_model(missing)}
    thresholds = fitted.values(entries, "operating_threshold")
    origin = {"rule": fitted.rule(study.settings), "fitted_on": "validation"}
    return origin | summary.operating_point(scored, thresholds, model)


def _calibrated(scored: Scored, model: np.ndarray, entries: dict[str, dict]) -> dict:
    missing = fitted.missing(entries, "temperature")
    if missing:
        return {"note": summary.by_model(missing)}
    return summary.after_temperature(scored, fitted.values(entries, "temperature"), model)


def _folds(study: Study, scored: Scored) -> pd.DataFrame:
    return curves.folds(scored, gather(study.models, "test", lambda part, rows: np.full(len(rows), part.fold)))
