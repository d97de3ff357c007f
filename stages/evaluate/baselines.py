"""Simple competitors, fitted on training images: what a score has to be seen against."""

import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from stages.common.errors import UserError
from stages.evaluate.scores import log_losses

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)  # C of the logistic regression: the greater, the freer
DEFAULT_PENALTY = 1e-2
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
STATISTICS = ("mean", "deviation", *(f"percentile_{level}" for level in PERCENTILES), "width", "height", "aspect")

Predict = Callable[[np.ndarray], np.ndarray]


def majority(truth: np.ndarray, k: int) -> Predict:
    """Always the most frequent class of the training images; the probabilities are the classes' shares (k,)."""
    shares = np.bincount(truth, minlength=k) / len(truth)
    return lambda inputs: np.tile(shares, (len(inputs), 1))


def logistic(
    training: np.ndarray,
    truth: np.ndarray,
    validation: np.ndarray,
    validation_truth: np.ndarray,
    k: int,
    refit: bool = False,
) -> tuple[Predict, str]:
    """Logistic regression (L2) on inputs (n, c), standardised by the training images.

    Returns:
        A function from inputs (m, c) to probabilities (m, k), and in words how the penalty C was chosen: by the least
        log loss on the validation images, of equal ones the smallest C. With `refit` it is then fitted on the
        validation images too.
    """
    if len(np.unique(truth)) == 1:
        return majority(truth, k), "training images of one class: always that class"
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(training)
    inputs = scaler.transform(training)
    if not len(validation):
        choice = f"C = {DEFAULT_PENALTY:g}, no validation images to choose on"
        return _predict(scaler.transform, _fit(inputs, truth, DEFAULT_PENALTY), k), choice
    candidates = [_predict(scaler.transform, _fit(inputs, truth, penalty), k) for penalty in PENALTIES]
    losses = [log_losses(validation_truth, candidate(validation)).mean() for candidate in candidates]
    best = int(np.argmin(losses))
    choice = f"C = {PENALTIES[best]:g}, by log loss on validation"
    if not refit:
        return candidates[best], choice
    both, truth = np.concatenate([training, validation]), np.concatenate([truth, validation_truth])
    scaler = StandardScaler().fit(both)
    return _predict(scaler.transform, _fit(scaler.transform(both), truth, PENALTIES[best]), k), choice


def image_statistics(images: Sequence[Path], workers: int) -> np.ndarray:
    """STATISTICS of stored images, (n, 12): grey levels from 0 to 1, size in pixels, aspect as width by height.

    Raises:
        UserError: an image cannot be read.
    """
    with ThreadPoolExecutor(workers) as pool:
        return np.array(list(pool.map(_statistics, images))).reshape(-1, len(STATISTICS))


def _fit(inputs: np.ndarray, truth: np.ndarray, penalty: float):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # the freest of them may be cut short: it is only a candidate
        return LogisticRegression(C=penalty, max_iter=1000).fit(inputs, truth)


def _predict(transform: Predict, model: object, k: int) -> Predict:
    """Probabilities over all k classes, also where the training images lack some."""

    def predict(inputs: np.ndarray) -> np.ndarray:
        probabilities = np.zeros((len(inputs), k))
        probabilities[:, model.classes_] = model.predict_proba(transform(inputs))
        return probabilities

    return predict


def _statistics(path: Path) -> list[float]:
    try:
        with Image.open(path) as image:
            deep = image.mode.startswith("I")
            values = np.asarray(image if deep else image.convert("L"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error}); run `dvc repro -f ingest`") from error
    top = 65535 if deep else 255
    counts = np.bincount(values.ravel().astype(np.uint16), minlength=top + 1)
    shares, levels = counts / values.size, np.arange(top + 1) / top
    mean = shares @ levels
    deviation = np.sqrt(shares @ (levels - mean) ** 2)
    reached = np.cumsum(counts)
    percentiles = [levels[np.searchsorted(reached, level / 100 * values.size)] for level in PERCENTILES]
    height, width = values.shape
    return [mean, deviation, *percentiles, width, height, width / height]
