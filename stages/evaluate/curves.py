"""Tables for plots: ROC and precision-recall curves, reliability, confusion, folds, and the table as text."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stages.common import bootstrap
from stages.evaluate import scores
from stages.evaluate.estimates import estimate
from stages.evaluate.scored import Scored


def roc(positive: np.ndarray, probability: np.ndarray) -> pd.DataFrame:
    """false_positive_rate, true_positive_rate, threshold (NaN at the origin); empty where a class is absent."""
    from sklearn.metrics import roc_curve

    names = ["false_positive_rate", "true_positive_rate", "threshold"]
    if positive.all() or not positive.any():
        return pd.DataFrame(columns=names)
    false_rate, true_rate, threshold = roc_curve(positive, probability)
    return pd.DataFrame(dict(zip(names, (false_rate, true_rate, np.append(np.nan, threshold[1:])), strict=True)))


def precision_recall(positive: np.ndarray, probability: np.ndarray) -> pd.DataFrame:
    """recall, precision, threshold, recall falling (last row: recall 0, threshold NaN). Empty if a class is absent."""
    from sklearn.metrics import precision_recall_curve

    names = ["recall", "precision", "threshold"]
    if positive.all() or not positive.any():
        return pd.DataFrame(columns=names)
    precision, recall, threshold = precision_recall_curve(positive, probability, drop_intermediate=True)
    return pd.DataFrame(dict(zip(names, (recall, precision, np.append(threshold, np.nan)), strict=True)))


def by_class(curve: object, scored: Scored, classes: Sequence[str]) -> pd.DataFrame:
    """The curve (`roc` or `precision_recall`) of each class against the rest, under a first column `class`."""
    tables = [curve(scored.truth == place, scored.probabilities[:, place]) for place in range(len(classes))]
    for table, name in zip(tables, classes, strict=True):
        table.insert(0, "class", name)
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def reliability(scored: Scored) -> pd.DataFrame:
    """probability, observed, low, high, n, bin_from, bin_to: what `scores.events` are, in each bin that has any.

    low and high, the interval of observed, are None for a bin with too few groups.
    """
    probability, outcome = scores.events(scored.truth, scored.probabilities, scored.positive)
    member = np.eye(scored.bins)[scores.bin_of(probability, scored.bins)]
    counts = member.sum(axis=0).astype(int)
    used = np.flatnonzero(counts)
    member = member[:, used]

    def observed(weights: np.ndarray) -> dict[str, np.ndarray]:
        sums = weights @ member
        frequency = np.divide(
            weights @ (member * outcome[:, None]), sums, out=np.full(sums.shape, np.nan), where=sums > 0
        )
        return {"observed": frequency}

    found = estimate(observed, scored.drawn)
    intervals = [
        found.score("observed", place) if _groups(scored, inside) >= bootstrap.MIN_GROUPS else {}
        for place, inside in enumerate(member.T > 0)
    ]
    return pd.DataFrame(
        {
            "probability": (probability @ member) / counts[used],
            "observed": found.points["observed"],
            "low": [interval.get("low") for interval in intervals],
            "high": [interval.get("high") for interval in intervals],
            "n": counts[used],
            "bin_from": used / scored.bins,
            "bin_to": (used + 1) / scored.bins,
        }
    )


def confusion(scored: Scored, classes: Sequence[str]) -> pd.DataFrame:
    """actual, predicted: one row an image."""
    names = np.array(classes)
    return pd.DataFrame({"actual": names[scored.truth], "predicted": names[scored.probabilities.argmax(axis=1)]})


def folds(scored: Scored, fold: np.ndarray) -> pd.DataFrame:
    """fold, n, groups and every score of `scores.OVERALL` of each fold (n,)'s images; NaN where undefined."""
    rows = []
    for number in np.unique(fold):
        here = fold == number
        weights = np.ones((1, here.sum()))
        found = scores.all_scores(scored.truth[here], scored.probabilities[here], weights, scored.positive, scored.bins)
        counts = {"fold": int(number), "n": int(here.sum()), "groups": len(np.unique(scored.groups[here]))}
        rows.append(counts | {name: found[name][0] for name in scores.OVERALL})
    return pd.DataFrame(rows)


def report_text(scored: Scored, classes: Sequence[str]) -> str:
    """Precision, recall, F-score and support of each class, and averages, as scikit-learn prints them."""
    from sklearn.metrics import classification_report

    predicted = scored.probabilities.argmax(axis=1)
    return classification_report(
        scored.truth, predicted, labels=range(len(classes)), target_names=list(classes), digits=3, zero_division=0
    )


def _groups(scored: Scored, images: np.ndarray) -> int:
    """How many groups the chosen images (n,) bool are of."""
    return len(np.unique(scored.drawn.index[images]))
