"""What is fitted on the validation images of each model: the entries of data/calibration.json."""

import numpy as np

from stages.evaluate import calibration, operating
from stages.evaluate.parts import Part
from stages.evaluate.settings import Settings
from stages.evaluate.study import Study


def fit(study: Study, part: Part, probabilities: np.ndarray, pooled: np.ndarray) -> dict:
    """Temperature, operating threshold and feature statistics of one model.

    Args:
        study: the images of split.csv, and how the threshold and the temperature are chosen.
        part: the model's rows.
        probabilities: (n, k) by this model; only the validation rows are read.
        pooled: (n, c) average-pooled features.
    """
    settings, truth, positive = study.settings, study.truth, study.positive
    rows = part.validation
    origin = {"fitted_on": "validation", "n": len(rows)}
    temperature, temperature_note = calibration.fit_temperature(
        truth[rows], probabilities[rows], settings.temperature_minimum
    )
    threshold, threshold_note = operating.choose(
        truth[rows] == positive, probabilities[rows, positive], settings.operating_point, settings.sensitivity
    )
    statistics = calibration.feature_statistics(pooled[part.train], pooled[rows])
    if statistics["distance"]:
        statistics["distance"]["fitted_on"] = "validation"
    return {
        "temperature": {"value": temperature, **origin, **_note(temperature_note)},
        "operating_threshold": {
            "value": threshold,
            "rule": rule(settings),
            "applies_to": "uncalibrated probability of the positive class",
            **origin,
            **_note(threshold_note),
        },
        "features": {**statistics, "fitted_on": "train"},
    }


def rule(settings: Settings) -> str:
    """How the threshold is chosen, in words."""
    if settings.operating_point == "youden":
        return "youden"
    return f"sensitivity of at least {settings.sensitivity:g}"


def values(entries: dict[str, dict], name: str) -> dict[str, float | None]:
    """The value of `temperature` or `operating_threshold` of each model."""
    return {model: entry[name]["value"] for model, entry in entries.items()}


def missing(entries: dict[str, dict], name: str) -> dict[str, str]:
    """Why there is no `temperature` or `operating_threshold`, by model; empty when all have one."""
    return {model: entry[name]["note"] for model, entry in entries.items() if "note" in entry[name]}


def _note(text: str | None) -> dict[str, str]:
    return {} if text is None else {"note": text}
