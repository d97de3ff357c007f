"""The numbers as they stand in metrics/localize.json and plots/localize/ (described in `stages.localize`)."""

import numpy as np
import pandas as pd

from stages.common import bootstrap, files
from stages.common.bootstrap import Resample
from stages.localize.baselines import BASELINES
from stages.localize.choose import Choice
from stages.localize.compare import Interval, all_pairs, intervals, simultaneous
from stages.localize.metrics import METRICS
from stages.localize.scores import Scores
from stages.localize.settings import Settings

NOT_ADJUSTED = {"adjusted_low": None, "adjusted_high": None}
SPLITS = ("test", "validation", "train")
INCOMPLETE = (
    "The regions mark only some of an image's findings: what a map shows outside them is not known to be wrong. "
    "Pointing and energy are lower bounds; AUC, average precision and IoU compare with the marked findings only."
)
FITTED = (
    "On validation images the map and the thresholds were chosen by the same images that are scored, so their numbers "
    "are too good."
)
NOT_CHOSEN = (
    "No image with a region was left to choose on (validation, or other folds): no threshold was fitted, and the first "
    "map stands as the result."
)
NO_PRIOR = "No training image has a region, so there is no baseline `prior`."
RANDOM = "`random` is the expected value of maps of independent random pixels."


def nothing_measured(reason: str, settings: Settings, maps: list[str]) -> dict:
    """metrics/localize.json where no image has both a map and a region."""
    chosen = {
        "map": maps[0],
        "title": maps[0],
        "by": None,
        "on": None,
        "folds": {},
        "split": None,
        "n": 0,
        "groups": 0,
        "scores": {},
    }
    return {
        "regions": 0,
        "reason": reason,
        "regions_complete": settings.regions_complete,
        "tolerance": settings.tolerance,
        "notes": [],
        "box_supervised": [],
        "splits": {},
        "maps": {},
        "chosen": chosen,
        "differences": {},
    }


def summarize(scores: Scores, parts: dict[str, str], choice: Choice, settings: Settings, notes: list[str]) -> dict:
    """metrics/localize.json; `parts` says which part of each map is measured, `notes` are added to our own."""
    whole = scores.units["finding"] == ""
    splits = _splits(scores)
    return {
        "regions": int(whole.sum()),
        "reason": None,
        "regions_complete": settings.regions_complete,
        "tolerance": settings.tolerance,
        "notes": [*_notes(scores, choice, settings), *notes],
        "box_supervised": _box_supervised(scores, choice),
        "splits": {split: _split_scores(scores, split, settings) for split in splits},
        "maps": {name: {"part": part, "empty": _empty_maps(scores, name)} for name, part in parts.items()},
        **_result(scores, choice, splits[0], settings),
    }


def image_rows(scores: Scores) -> pd.DataFrame:
    """data/localization.csv: one row an image, finding, map and metric."""
    metrics = _metrics(scores)
    tables = [
        scores.units[["image_id", "group_id", "split", "finding"]].assign(
            map=name, metric=metric, value=_rounded(scores.values[:, i, j]), status=scores.status[:, i]
        )
        for i, name in enumerate(scores.names)
        for metric, j in metrics.items()
    ]
    return pd.concat(tables, ignore_index=True)


def comparison_rows(summary: dict) -> pd.DataFrame:
    """plots/localize/comparison.csv."""
    rows = [
        {"split": split, "map": name, "metric": metric, **interval}
        for split, subsets in summary["splits"].items()
        for name, metrics in subsets["all"]["maps"].items()
        for metric, interval in metrics.items()
    ]
    return pd.DataFrame(rows, columns=["split", "map", "metric", "mean", "low", "high", "n"])


def difference_rows(scores: Scores | None, settings: Settings) -> pd.DataFrame:
    """plots/localize/differences.csv; `scores` is None where nothing was measured."""
    columns = ["split", "metric", "first", "second", "mean", "low", "high", "n"]
    if scores is None:
        return pd.DataFrame(columns=columns)
    tables = []
    for split in _splits(scores):
        mask = _of_split(scores, split)
        drawn = _resample(scores, mask, settings)
        for metric, j in _metrics(scores).items():
            tables.append(all_pairs(scores.values[mask, :, j], scores.names, drawn).assign(split=split, metric=metric))
    table = pd.concat(tables, ignore_index=True)[columns]
    return table.assign(**{name: _rounded(table[name].to_numpy()) for name in ("mean", "low", "high")})


def _splits(scores: Scores) -> list[str]:
    return [split for split in SPLITS if (scores.units["split"] == split).any()]


def _metrics(scores: Scores) -> dict[str, int]:
    """The metrics that were measured, with their place on the last axis of the values."""
    return {name: j for j, name in enumerate(METRICS) if not np.isnan(scores.values[..., j]).any()}


def _of_split(scores: Scores, split: str) -> np.ndarray:
    return ((scores.units["split"] == split) & (scores.units["finding"] == "")).to_numpy()


def _split_scores(scores: Scores, split: str, settings: Settings) -> dict:
    units = scores.units
    whole = _of_split(scores, split)
    findings = sorted(set(units.loc[units["split"] == split, "finding"]) - {""})
    return {
        "all": _scores(scores, whole, settings),
        "correct": _scores(scores, whole & units["correct"].to_numpy(bool), settings),
        "findings": {
            finding: _scores(scores, ((units["split"] == split) & (units["finding"] == finding)).to_numpy(), settings)
            for finding in findings
        },
    }


def _scores(scores: Scores, mask: np.ndarray, settings: Settings) -> dict:
    if not mask.any():
        return {"n": 0, "groups": 0, "reason": "no such image", "maps": {}}
    drawn = _resample(scores, mask, settings)
    metrics = _metrics(scores)
    named = _named(scores.values[mask][:, :, list(metrics.values())], list(metrics), drawn)
    maps = dict(zip(scores.names, named, strict=True))
    return {"n": int(mask.sum()), "groups": drawn.groups, "reason": drawn.reason, "maps": maps}


def _resample(scores: Scores, mask: np.ndarray, settings: Settings) -> Resample:
    return bootstrap.resample(scores.units.loc[mask, "group_id"], settings.replicates, settings.seed)


def _named(values: np.ndarray, metrics: list[str], drawn: Resample) -> list[dict[str, Interval]]:
    """Intervals of values (n, names, metrics), by metric for each name."""
    n, names, width = values.shape
    flat = [_significant(interval) for interval in intervals(values.reshape(n, names * width), drawn)]
    return [dict(zip(metrics, flat[i * width : (i + 1) * width], strict=True)) for i in range(names)]


def _result(scores: Scores, choice: Choice, split: str, settings: Settings) -> dict:
    """The chosen map's scores and its differences to all others."""
    mask = _of_split(scores, split)
    drawn = _resample(scores, mask, settings)
    metrics = _metrics(scores)
    columns = list(metrics.values())
    own = choice.values[mask][:, None, columns]
    others = [i for i, name in enumerate(scores.names) if choice.folds or name != choice.name]
    differences = own - scores.values[mask][:, others][:, :, columns]
    chosen = {
        "map": choice.name,
        "title": choice.title,
        "by": choice.by,
        "on": choice.on,
        "folds": {str(fold): name for fold, name in choice.folds.items()},
        "split": split,
        "n": int(mask.sum()),
        "groups": drawn.groups,
        "scores": _named(own, list(metrics), drawn)[0],
    }
    named = _adjusted(_named(differences, list(metrics), drawn), differences, drawn)
    order = sorted(range(len(others)), key=lambda i: scores.names[others[i]] not in BASELINES)
    return {"chosen": chosen, "differences": {scores.names[others[i]]: named[i] for i in order}}


def _adjusted(named: list[dict[str, Interval]], differences: np.ndarray, drawn: Resample) -> list[dict[str, Interval]]:
    """Intervals of differences (n, others, metrics), each with the ends that hold for all others together."""
    if drawn.weights is None:
        return [{metric: each | NOT_ADJUSTED for metric, each in by_metric.items()} for by_metric in named]
    for j, metric in enumerate(named[0] if named else []):
        means, halves = simultaneous(differences[:, :, j], drawn)
        for by_metric, mean, half in zip(named, means, halves, strict=True):
            ends = {"adjusted_low": files.significant(mean - half), "adjusted_high": files.significant(mean + half)}
            by_metric[metric] = by_metric[metric] | ends
    return named


def _box_supervised(scores: Scores, choice: Choice) -> list[str]:
    fitted = [metric for metric in _metrics(scores) if METRICS[metric].box_supervised]
    return fitted + ["prior"] * ("prior" in scores.names) + ["chosen"] * (choice.by is not None)


def _empty_maps(scores: Scores, name: str) -> dict[str, int]:
    whole = (scores.units["finding"] == "").to_numpy()
    counts = pd.Series(scores.status[whole, scores.names.index(name)]).value_counts()
    return {status: int(counts[status]) for status in sorted(set(counts.index) - {"ok"})}


def _notes(scores: Scores, choice: Choice, settings: Settings) -> list[str]:
    fitted = _box_supervised(scores, choice)
    splits = _splits(scores)
    said = {
        INCOMPLETE: not settings.regions_complete,
        FITTED: "validation" in splits and bool({"chosen", "iou_validation"} & set(fitted)),
        NOT_CHOSEN: "iou_validation" not in fitted,
        NO_PRIOR: "prior" not in scores.names,
        RANDOM: True,
    }
    return [sentence for sentence, holds in said.items() if holds]


def _significant(interval: Interval) -> Interval:
    return {key: value if value is None or key == "n" else files.significant(value) for key, value in interval.items()}


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.vectorize(files.significant, otypes=[float])(values)
