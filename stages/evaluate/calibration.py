"""Calibration: a temperature for the probabilities, and how far an image's features are from the training images'."""

import numpy as np
from scipy import optimize

from stages.common import files
from stages.evaluate.scores import log_losses

TEMPERATURES = (0.05, 20.0)  # the range that is searched; an optimum at its end is none
FLOOR = (
    0.01  # least scale of a channel, as a fraction of the median scale: a channel that is nearly constant says little
)


def fit_temperature(truth: np.ndarray, probabilities: np.ndarray, minimum: int) -> tuple[float, str | None]:
    """The temperature with the least log loss (Guo et al. 2017, arXiv:1706.04599), or 1 with the reason why not.

    Args:
        truth: (n,) integers.
        probabilities: (n, k) softmax.
        minimum: with fewer images none is fitted.
    """
    if len(truth) < minimum:
        return 1.0, f"not fitted: {len(truth)} validation images, at least {minimum} are needed"

    def loss(logarithm: float) -> float:
        return float(log_losses(truth, calibrated(probabilities, np.exp(logarithm))).mean())

    low, high = np.log(TEMPERATURES)
    best = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    if min(best.x - low, high - best.x) < 0.01:
        why = "are told apart without error" if best.x < 0 else "are told apart no better than by chance"
        return 1.0, f"not fitted: the log loss has no minimum, the validation images {why}"
    return files.significant(np.exp(best.x)), None


def calibrated(probabilities: np.ndarray, temperature: float | np.ndarray) -> np.ndarray:
    """Softmax probabilities (n, k) at a temperature, one for all images or one an image (n,)."""
    logits = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny)) / np.reshape(temperature, (-1, 1))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def feature_statistics(training: np.ndarray, validation: np.ndarray) -> dict:
    """What `distance` needs to tell how far an image is from the training images, and how far validation images are.

    Args:
        training: average-pooled features (n, c) of the training images.
        validation: the same (m, c) of validation images, which the mean and scale have not seen.

    Returns:
        mean and scale (c numbers each), n, and distance (median, percentile_95, percentile_99, n), null without
        validation images. An image beyond percentile_99 is farther than 99 of 100 validation images.
    """
    mean, deviation = training.mean(axis=0, dtype=np.float64), training.std(axis=0, dtype=np.float64)
    varying = deviation[deviation > 0]
    scale = np.maximum(deviation, FLOOR * np.median(varying) if len(varying) else 1.0)
    statistics = {"mean": _short(mean), "scale": _short(scale), "n": len(training), "distance": None}
    if len(validation):
        quantiles = np.percentile(distance(validation, statistics), [50, 95, 99])
        names = ("median", "percentile_95", "percentile_99")
        statistics["distance"] = dict(zip(names, _short(quantiles), strict=True)) | {"n": len(validation)}
    return statistics


def distance(pooled: np.ndarray, statistics: dict) -> np.ndarray:
    """How far average-pooled features (n, c) are from the training images, (n,): about 1 for an image like them.

    The root mean square over channels of (value - mean) / scale: Mahalanobis's distance with a diagonal covariance.
    """
    standardised = (pooled.astype(np.float64) - np.array(statistics["mean"])) / np.array(statistics["scale"])
    return np.sqrt((standardised**2).mean(axis=1))


def _short(values: np.ndarray) -> list[float]:
    """Numbers with 9 significant digits, enough for any float32."""
    return [float(f"{value:.9g}") for value in values]
