"""The blocks of metrics/evaluate.json, made of scored images; their shape is in the package's docstring."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stages.evaluate import scores
from stages.evaluate.estimates import Estimate, estimate, number
from stages.evaluate.scored import Scored

DIFFERENCES = ("roc_auc", "average_precision", "accuracy", "log_loss")
CALIBRATED = ("log_loss", "ece", "brier")


def definitions(k: int, bins: int, replicates: int) -> dict[str, str]:
    """What the numbers mean, in a sentence each; k is the number of classes."""
    two = k == 2
    ranked = "of the positive class" if two else "macro average over the classes, each against the rest"
    return {
        "intervals": f"95 % percentile bootstrap over whole groups, {replicates} replicates; none under 10 groups, "
        "nor where a score is 0 or 1 in every replicate",
        "predicted": "the class of the greatest probability; the operating point is a second, separate rule",
        "roc_auc": ranked,
        "average_precision": ranked,
        "prevalence": "share of images of the positive class",
        "ece": f"expected calibration error in {bins} equally wide bins of the probability of the "
        f"{'positive' if two else 'predicted'} class; biased upwards in small samples, in replicates more so",
        "brier": f"squared error of {'the positive probability' if two else 'the probabilities, summed over classes'}",
        "by_group": "a group's probability is the mean over its images; a group with a positive image is positive, any "
        "other has its most frequent label",
        "operating_point": "positive where the uncalibrated probability of the positive class reaches the threshold "
        "chosen on validation images",
        "difference": "the model minus the baseline on the same images and replicates",
    }


def block(scored: Scored, classes: Sequence[str], found: Estimate) -> dict:
    """n, groups, the scores of OVERALL, per_class and notes; `found` is `scored.estimate()`."""
    notes = found.notes(scores.OVERALL)
    for place, name in enumerate(classes):
        for score in scores.PER_CLASS:
            if np.isnan(found.points[f"per_class.{score}"][place]):
                notes[f"per_class.{name}.{score}"] = found.note(f"per_class.{score}", place)
    if scored.drawn.reason:
        notes["intervals"] = scored.drawn.reason
    return {
        "n": len(scored.truth),
        "groups": scored.drawn.groups,
        **found.scores(scores.OVERALL),
        "per_class": {name: _class(scored, found, place) for place, name in enumerate(classes)},
        "notes": notes,
    }


def by_group(scored: Scored, classes: Sequence[str]) -> dict | None:
    """The block of the groups; None where every group is one image."""
    if len(scored.truth) == scored.drawn.groups:
        return None
    grouped = scored.by_group()
    found = block(grouped, classes, grouped.estimate())
    del found["groups"]
    return found


def operating_point(scored: Scored, thresholds: Mapping[str, float], model: np.ndarray) -> dict:
    """Calls at the threshold of the model (n,) that scored each image; `thresholds` is by model."""
    called = scored.probabilities[:, scored.positive] >= of_each(thresholds, model)
    positive = scored.truth == scored.positive
    found = estimate(lambda weights: scores.at_threshold(positive, called, weights), scored.drawn)
    names = ("sensitivity", "specificity", "ppv", "npv")
    notes = found.notes(names)
    return {
        **_one_or_each("threshold", thresholds),
        **found.scores(names),
        "true_positives": int((positive & called).sum()),
        "false_positives": int((~positive & called).sum()),
        "true_negatives": int((~positive & ~called).sum()),
        "false_negatives": int((positive & ~called).sum()),
        **({"notes": notes} if notes else {}),
    }


def after_temperature(scored: Scored, temperatures: Mapping[str, float], model: np.ndarray) -> dict:
    """The scores that a temperature changes, at the temperature of the model (n,) that scored each image."""
    found = scored.at_temperature(of_each(temperatures, model)).estimate()
    return {**_one_or_each("temperature", temperatures), **found.scores(CALIBRATED)}


def baseline(
    scored: Scored, model: Estimate, probabilities: np.ndarray, choices: Mapping[str, str], fitted_on: str
) -> dict:
    """The scores of a baseline's probabilities (n, k) on the same images, and how much better the model does.

    `choices` says by model how the baseline was chosen; empty where there was no choice; `fitted_on` names the
    parts that it learned from.
    """
    found = scored.with_probabilities(probabilities).estimate()
    difference = model.minus(found, DIFFERENCES)
    choice = by_model(choices)
    return {
        "fitted_on": fitted_on,
        **({"choice": choice} if choice else {}),
        **found.scores(scores.OVERALL),
        "difference": difference.scores(DIFFERENCES),
    }


def over_folds(table: pd.DataFrame) -> dict:
    """Mean and standard deviation (n - 1) of every score over the folds of `curves.folds` in which it is defined."""
    found = {}
    for name in scores.OVERALL:
        values = table[name].dropna()
        found[name] = {
            "mean": number(values.mean()),
            "spread": number(values.std(ddof=1)),
            "folds": len(values),
        }
    return found


def by_model(texts: Mapping[str, str]) -> str:
    """What is said of each model, in one line: models of which the same is said are named together."""
    if list(texts) == ["model"]:
        return texts["model"]
    models: dict[str, list[str]] = {}
    for name, text in texts.items():
        models.setdefault(text, []).append(name)
    return "; ".join(f"{_some(names)}: {text}" for text, names in models.items())


def of_each(values: Mapping[str, float], model: np.ndarray) -> np.ndarray:
    """The value (n,) of each image's model."""
    return np.array([values[name] for name in model])


def _class(scored: Scored, found: Estimate, place: int) -> dict:
    support = int((scored.truth == place).sum())
    return {name: found.score(f"per_class.{name}", place) for name in scores.PER_CLASS} | {"support": support}


def _one_or_each(name: str, values: Mapping[str, float]) -> dict:
    """`{name: value}` of the only model, or `{names: {"0": value, ...}}` by fold."""
    if list(values) == ["model"]:
        return {name: number(values["model"])}
    return {f"{name}s": {model.removeprefix("fold-"): number(value) for model, value in values.items()}}


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
