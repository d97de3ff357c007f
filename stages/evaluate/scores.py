"""The scores of a classifier on weighted images, for many weightings (bootstrap replicates) at once.

Everywhere: truth (n,) integers, probabilities (n, k), weights (r, n) at least 0 (how often each image counts in each of
r replicates; ones for the images as they are). A score that is undefined in a replicate is NaN there. Each equals
scikit-learn's of the same name with `sample_weight`, except where its docstring says otherwise.
"""

import numpy as np

OVERALL = (
    "accuracy",
    "balanced_accuracy",
    "log_loss",
    "roc_auc",
    "average_precision",
    "prevalence",
    "f1_weighted",
    "f1_macro",
    "precision_weighted",
    "recall_weighted",
    "ece",
    "brier",
)
PER_CLASS = ("precision", "recall", "f1", "roc_auc", "average_precision")


def all_scores(
    truth: np.ndarray, probabilities: np.ndarray, weights: np.ndarray, positive: int, bins: int
) -> dict[str, np.ndarray]:
    """Every score of OVERALL, each (r,), and of PER_CLASS as `per_class.<score>`, each (r, k).

    `predicted` is the class of the greatest probability. With two classes roc_auc and average_precision are the
    positive class's, with more the mean over the classes, each against the rest; NaN where a class is absent.
    """
    classes = per_class(truth, probabilities, weights)
    share = _shares(truth, probabilities.shape[1], weights)
    ranked = [positive] if probabilities.shape[1] == 2 else slice(None)
    overall = {
        "accuracy": _average(classes["recall"], share),
        "balanced_accuracy": _mean_of_defined(classes["recall"]),
        "log_loss": _weighted_mean(log_losses(truth, probabilities), weights),
        "roc_auc": classes["roc_auc"][:, ranked].mean(axis=1),
        "average_precision": classes["average_precision"][:, ranked].mean(axis=1),
        "prevalence": share[:, positive],
        "f1_weighted": _average(classes["f1"], share),
        "f1_macro": _mean_of_defined(classes["f1"]),
        "precision_weighted": _average(classes["precision"], share),
        "recall_weighted": _average(classes["recall"], share),
        "ece": calibration_error(truth, probabilities, weights, positive, bins),
        "brier": _weighted_mean(_brier(truth, probabilities, positive), weights),
    }
    return overall | {f"per_class.{name}": values for name, values in classes.items()}


def per_class(truth: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Every score of PER_CLASS, each (r, k): one class against the rest.

    recall is NaN for a class without images, f1 for one that is neither seen nor predicted; precision is 0 for a class
    that is never predicted (as in scikit-learn's report), NaN where it is not seen either.
    """
    k = probabilities.shape[1]
    seen = weights @ _one_hot(truth, k)
    predicted_as = probabilities.argmax(axis=1)
    predicted = weights @ _one_hot(predicted_as, k)
    hits = weights @ (_one_hot(truth, k) * _one_hot(predicted_as, k))
    ranked = [ranking(truth == c, probabilities[:, c], weights) for c in range(k)]
    return {
        "precision": np.where(predicted > 0, _divide(hits, predicted), np.where(seen > 0, 0.0, np.nan)),
        "recall": _divide(hits, seen),
        "f1": _divide(2 * hits, seen + predicted),
        "roc_auc": np.stack([area for area, _ in ranked], axis=1),
        "average_precision": np.stack([precision for _, precision in ranked], axis=1),
    }


def ranking(positive: np.ndarray, values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area under the ROC curve and average precision, each (r,), of values (n,) for positive (n,) bool.

    Equal values are one threshold. NaN in a replicate that lacks the positive or the negative class.
    """
    order = np.argsort(-values, kind="stable")
    last_of_ties = np.append(np.flatnonzero(np.diff(values[order])), len(values) - 1)
    ordered = weights[:, order].astype(np.float64)
    true = np.cumsum(ordered * positive[order], axis=1)[:, last_of_ties]
    called = np.cumsum(ordered, axis=1)[:, last_of_ties]
    false = called - true
    true_steps = np.diff(true, axis=1, prepend=0.0)
    area = (np.diff(false, axis=1, prepend=0.0) * (true - true_steps / 2)).sum(axis=1)
    precision = np.divide(true, called, out=np.zeros_like(true), where=called > 0)
    both = (true[:, -1] > 0) & (false[:, -1] > 0)
    roc_auc = np.where(both, _divide(area, true[:, -1] * false[:, -1]), np.nan)
    average_precision = np.where(both, _divide((true_steps * precision).sum(axis=1), true[:, -1]), np.nan)
    return roc_auc, average_precision


def calibration_error(
    truth: np.ndarray, probabilities: np.ndarray, weights: np.ndarray, positive: int, bins: int
) -> np.ndarray:
    """Expected calibration error (r,): mean over images of |mean probability - observed frequency| of their bin.

    Naeini et al. 2015 (AAAI) for the positive class of two; Guo et al. 2017 (arXiv:1706.04599) for the predicted class
    of more. Bins are equally wide, each with its lower edge.
    """
    probability, outcome = events(truth, probabilities, positive)
    gaps = _one_hot(bin_of(probability, bins), bins) * (probability - outcome)[:, None]
    return np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1)


def events(truth: np.ndarray, probabilities: np.ndarray, positive: int) -> tuple[np.ndarray, np.ndarray]:
    """What calibration is about: a probability (n,) and whether it came true (n,) bool.

    Of two classes: the image is positive; of more: the predicted class is the true one.
    """
    if probabilities.shape[1] == 2:
        return probabilities[:, positive], truth == positive
    return probabilities.max(axis=1), truth == probabilities.argmax(axis=1)


def bin_of(probability: np.ndarray, bins: int) -> np.ndarray:
    """The bin (n,) of each probability; 1 belongs to the last one."""
    return np.minimum((probability * bins).astype(int), bins - 1)


def at_threshold(positive: np.ndarray, called: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Sensitivity, specificity, PPV and NPV, each (r,), of calls (n,) bool for positive (n,) bool; NaN for 0/0."""
    cells = np.stack([positive & called, ~positive & called, ~positive & ~called, positive & ~called], axis=1)
    true_positive, false_positive, true_negative, false_negative = (weights @ cells.astype(np.float64)).T
    return {
        "sensitivity": _divide(true_positive, true_positive + false_negative),
        "specificity": _divide(true_negative, true_negative + false_positive),
        "ppv": _divide(true_positive, true_positive + false_positive),
        "npv": _divide(true_negative, true_negative + false_negative),
    }


def log_losses(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Cross-entropy of each image, (n,); a probability of 0 counts as the smallest step of a float64 (scikit-learn)."""
    tiny = np.finfo(np.float64).eps
    return -np.log(np.clip(probabilities[np.arange(len(truth)), truth], tiny, 1 - tiny))


def _one_hot(values: np.ndarray, k: int) -> np.ndarray:
    return np.eye(k)[values]


def _shares(truth: np.ndarray, k: int, weights: np.ndarray) -> np.ndarray:
    """The share (r, k) of each class."""
    return (weights @ _one_hot(truth, k)) / weights.sum(axis=1, keepdims=True)


def _average(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The mean over classes by their shares; a class without images has no say."""
    return np.where(share > 0, np.nan_to_num(values) * share, 0.0).sum(axis=1)


def _mean_of_defined(values: np.ndarray) -> np.ndarray:
    """The mean over the classes for which a score is defined."""
    defined = ~np.isnan(values)
    return _divide(np.where(defined, values, 0.0).sum(axis=1), defined.sum(axis=1))


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (weights @ values) / weights.sum(axis=1)


def _brier(truth: np.ndarray, probabilities: np.ndarray, positive: int) -> np.ndarray:
    """Per image: of two classes the positive one's squared error, of more the sum over the classes."""
    errors = (probabilities - _one_hot(truth, probabilities.shape[1])) ** 2
    return errors[:, positive] if probabilities.shape[1] == 2 else errors.sum(axis=1)


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Quotient, NaN where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator > 0)
