"""The curves of a run as SVG."""

import pandas as pd
from markupsafe import Markup

from stages.report.charts import Axis, Series, axis, line_chart
from stages.report.run import Run

MOST_POINTS = 400
VALIDATION = "validation_"  # begins the columns of validation images


def roc(run: Run) -> Markup | None:
    """The receiver operating characteristic; with more than two classes one line a class against the rest."""
    axes = (Axis("False positive rate (1 - specificity)"), Axis("True positive rate (sensitivity)"))
    series = _by_class(run, "roc", "false_positive_rate", "true_positive_rate")
    return line_chart("ROC curve", series, axes, diagonal=True) if series else None


def precision_recall(run: Run) -> Markup | None:
    """Precision against recall; with more than two classes one line a class against the rest."""
    axes = (Axis("Recall (sensitivity)"), Axis("Precision (positive predictive value)"))
    series = _by_class(run, "precision_recall", "recall", "precision")
    return line_chart("Precision-recall curve", series, axes) if series else None


def reliability(run: Run) -> Markup | None:
    """Observed frequency against predicted probability, before and after the temperature."""
    axes = (Axis("Predicted probability"), Axis("Observed frequency"))
    tables = {"as predicted": "reliability", "after temperature": "reliability_calibrated"}
    series = [
        Series(
            name=name,
            points=_points(run.curves[table], "probability", "observed"),
            marks=True,
            titles=[f"{row.n} images, observed {row.observed:.2f}" for row in run.curves[table].itertuples()],
        )
        for name, table in tables.items()
        if table in run.curves
    ]
    return line_chart("Reliability diagram", series, axes, diagonal=True) if series else None


def training(run: Run) -> list[tuple[str, Markup]]:
    """One chart a quantity that the training history has (training and validation in one), titled."""
    history = run.training.get("history")
    if history is None or "epoch" not in history:
        return []
    quantities: dict[str, list[str]] = {}
    for column in history.select_dtypes("number").columns:
        if column not in ("epoch", "fold", "best"):
            quantities.setdefault(column.removeprefix(VALIDATION), []).append(column)
    return [(_words(name), _history_chart(history, name, columns)) for name, columns in quantities.items()]


def _by_class(run: Run, name: str, x: str, y: str) -> list[Series]:
    if len(run.classes) > 2 and f"{name}_by_class" in run.curves:
        table = run.curves[f"{name}_by_class"]
        return [Series(each, _points(table[table["class"].astype(str) == each], x, y)) for each in run.classes]
    if name not in run.curves:
        return []
    return [Series("", _points(run.curves[name], x, y))]


def _points(table: pd.DataFrame, x: str, y: str) -> list[tuple[float, float]]:
    """The points of a curve, thinned evenly where there are more than a screen can show; both ends stay."""
    step = max(1, len(table) // MOST_POINTS)
    kept = sorted({*range(0, len(table), step), len(table) - 1}) if len(table) else []
    return [(float(a), float(b)) for a, b in table.iloc[kept][[x, y]].itertuples(index=False)]


def _history_chart(history: pd.DataFrame, name: str, columns: list[str]) -> Markup:
    folds = sorted(history["fold"].unique()) if "fold" in history else [-1]
    series = []
    for column in columns:
        for color, fold in enumerate(folds):
            rows = history[history["fold"] == fold] if "fold" in history else history
            part = "validation" if column.startswith(VALIDATION) else "training"
            style = "" if part == "validation" else "dashed"
            title = part if len(folds) == 1 else f"{part}, fold {fold}"
            series.append(Series(title, _points(rows, "epoch", column), style=style, color=color))
    if len(folds) == 1 and "best" in history:
        kept = history[history["best"] == 1]
        validated = [column for column in columns if column.startswith(VALIDATION)]
        series += [
            Series("epoch kept", _points(kept, "epoch", column), marks=True, color=1) for column in validated[:1]
        ]
    axes = (axis("Epoch", list(history["epoch"])), axis(_words(name), list(history[columns].to_numpy().ravel())))
    return line_chart(f"{_words(name)} by epoch", series, axes)


def _words(name: str) -> str:
    words = {"roc_auc": "ROC AUC", "loss": "Loss", "accuracy": "Accuracy"}
    return words.get(name, name.replace("_", " ").capitalize())
