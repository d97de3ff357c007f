"""What the models say of each image, calibrated, and whether the image is like those that they learned from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.common import files, tables
from stages.common.errors import UserError
from stages.evaluate import calibration, fitted
from stages.models import runtime, trained
from stages.models.feature_file import FeatureFile
from stages.predict.bundle import Bundle
from stages.predict.take import Taken

FAR = (
    "far from the training images: distance {:.3g}, 99 of 100 validation images are within {:.3g}; "
    "do not rely on the probabilities"
)


@dataclass(frozen=True)
class Scores:
    """Means over the models. probabilities, calibrated: (n, k), of n images and k classes; distance: (n,), or None."""

    probabilities: np.ndarray
    calibrated: np.ndarray
    threshold: float | None
    distance: np.ndarray | None
    limit: float | None


def score(bundle: Bundle, taken: Taken) -> Scores:
    """Probabilities of images from their kept features, as stages train and evaluate make them."""
    probabilities, calibrated = [], []
    with FeatureFile(taken.features) as file:
        rows = file.rows(taken.image_ids)
        for name, model, parts in bundle.models():
            logits = trained.logits(runtime.compiled(parts.tail), file, rows)
            found = np.char.mod("%.9g", trained.probabilities(logits, model)).astype(np.float64)  # as predictions.csv
            probabilities.append(found)
            temperature = bundle.calibration[name]["temperature"]["value"]
            calibrated.append(calibration.calibrated(found, temperature))
    distance, limit = _distance(bundle, trained.pooled(taken.features, taken.image_ids))
    thresholds = fitted.values(bundle.calibration, "operating_threshold").values()
    return Scores(
        probabilities=np.mean(probabilities, axis=0),
        calibrated=np.mean(calibrated, axis=0),
        threshold=None if None in thresholds else float(np.mean(list(thresholds))),
        distance=distance,
        limit=limit,
    )


def table(scores: Scores, taken: Taken, bundle: Bundle) -> pd.DataFrame:
    """predictions.csv: see the package's docstring."""
    classes = bundle.classes
    found = pd.DataFrame({"image_id": taken.image_ids, "source_path": [each.source_path for each in taken.inputs]})
    found["predicted"] = np.array(classes)[scores.calibrated.argmax(axis=1)]
    found[tables.probability_columns(classes)] = _rounded(scores.probabilities, 9)
    found[[f"calibrated_{name}" for name in classes]] = _rounded(scores.calibrated, 9)
    found["threshold"], found["positive_at_threshold"] = np.nan, ""
    if scores.threshold is not None:
        reached = found[f"p_{bundle.positive}"] >= scores.threshold
        found["threshold"], found["positive_at_threshold"] = scores.threshold, np.where(reached, "yes", "no")
    found["distance"], found["distance_limit"], found["warning"] = np.nan, np.nan, ""
    if scores.distance is not None:
        far = [FAR.format(value, scores.limit) if value > scores.limit else "" for value in scores.distance]
        found["distance"], found["distance_limit"] = _rounded(scores.distance, 6), scores.limit
        found["warning"] = far
    return found


def is_calibrated(bundle: Bundle) -> bool:
    """Whether a temperature was fitted for each model."""
    return not fitted.missing(bundle.calibration, "temperature")


def doubts(bundle: Bundle) -> list[str]:
    """What could not be fitted, and so holds for every image, in sentences."""
    entries = bundle.calibration
    said = {
        "The probabilities are not calibrated": fitted.missing(entries, "temperature"),
        "There is no operating threshold": fitted.missing(entries, "operating_threshold"),
    }
    found = [
        f"{what}{_of(why, entries)}: {next(iter(why.values())).removeprefix('not fitted: ')}."
        for what, why in said.items()
        if why
    ]
    if any(entry["features"]["distance"] is None for entry in entries.values()):
        found.append("Whether an image is like the training images is not known: there were no validation images.")
    return found


def _of(why: dict[str, str], entries: dict[str, dict]) -> str:
    return "" if len(why) == len(entries) else f" in {len(why)} of {len(entries)} models"


def _distance(bundle: Bundle, pooled: np.ndarray) -> tuple[np.ndarray | None, float | None]:
    """How far each image is from the training images, and what 99 of 100 validation images stay within."""
    statistics = [entry["features"] for entry in bundle.calibration.values()]
    if any(each["distance"] is None for each in statistics):
        return None, None
    if any(len(each["mean"]) != pooled.shape[1] for each in statistics):
        raise UserError(
            "calibration.json belongs to another model; run `dvc repro evaluate`, and carry it with the model"
        )
    limit = np.mean([each["distance"]["percentile_99"] for each in statistics])
    return np.mean([calibration.distance(pooled, each) for each in statistics], axis=0), files.significant(limit)


def _rounded(values: np.ndarray, digits: int) -> np.ndarray:
    return np.char.mod(f"%.{digits}g", values).astype(np.float64)
