"""From measurements to numbers, tables and one line."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.common import bootstrap
from stages.common.files import significant
from stages.trust.faithfulness import CURVES, areas
from stages.trust.measure import COVERS, Curve, Sanity
from stages.trust.sanity import SAME
from stages.trust.settings import Settings

REPLICATES = 2000
SIGNS = {"deletion": -1, "insertion": 1}  # a good map's area under deletion is small
CURVE_COLUMNS = ["map", "cover", "curve", "share", "probability"]
SANITY_COLUMNS = ["map", "shuffled", "correlation"]
RANDOM = "random"


@dataclass(frozen=True)
class Summary:
    """metrics/trust.json, the two tables of plots/trust, and the stage's last line."""

    metrics: dict
    curves: pd.DataFrame
    sanity: pd.DataFrame
    words: str


def nothing(reason: str) -> Summary:
    """Where nothing was measured."""
    empty = pd.DataFrame(columns=CURVE_COLUMNS), pd.DataFrame(columns=SANITY_COLUMNS)
    return Summary({"reason": reason, "faithfulness": {}, "sanity": {}}, *empty, f"nothing measured: {reason}")


def summarize(curves: list[Curve], sane: Sanity, groups: Mapping[str, str], settings: Settings) -> Summary:
    """Areas with intervals over groups, and correlations, each the mean over images."""
    metrics = {
        "reason": None,
        "faithfulness": {"images": len(groups), "maps": _areas(curves, groups, settings)},
        "sanity": {"images": sane.images, "maps": _sanity(sane)},
    }
    return Summary(metrics, _curve_rows(curves), _sanity_rows(sane), _words(metrics))


def _areas(curves: list[Curve], groups: Mapping[str, str], settings: Settings) -> dict:
    """{map: {cover: {curve: {area, random, better}}}}; better: how much by than random order, above 0 if it is."""
    found: dict = {}
    for name in dict.fromkeys(each.map for each in curves):
        for cover in COVERS:
            for curve in CURVES:
                mine = [each for each in curves if (each.map, each.cover, each.curve) == (name, cover, curve)]
                drawn = bootstrap.resample([groups[each.image_id] for each in mine], REPLICATES, settings.seed)
                area, random = (
                    areas(np.stack(lines)) for lines in zip(*((e.values, e.random) for e in mine), strict=True)
                )
                found.setdefault(name, {}).setdefault(cover, {})[curve] = {
                    "area": _interval(area, drawn),
                    "random": _interval(random, drawn),
                    "better": _interval(SIGNS[curve] * (area - random), drawn),
                }
    return found


def _interval(values: np.ndarray, drawn: bootstrap.Resample) -> dict:
    found = {"mean": significant(float(values.mean())), "low": None, "high": None}
    if drawn.reason is None:
        low, high = bootstrap.percentiles(drawn.means(values[:, None]))
        found |= {"low": significant(float(low[0])), "high": significant(float(high[0]))}
    return found


def _sanity(sane: Sanity) -> dict:
    """{map: {correlation: {level: mean}, everything, unchanged}}.

    everything: the correlation once all weights are shuffled; unchanged: whether the map ignores them.
    """
    found = {}
    for name, by_level in sane.likeness.items():
        means = {level: significant(float(values.mean())) for level, values in by_level.items()}
        everything = list(means.values())[-1]
        found[name] = {"correlation": means, "everything": everything, "unchanged": everything > SAME}
    return found


def _curve_rows(curves: list[Curve]) -> pd.DataFrame:
    """The mean curve of each map over the images, and that of random order for the first map's classes."""
    rows = []
    first = curves[0].map
    lines = [(each.map, each.cover, each.curve, each.values) for each in curves]
    lines += [(RANDOM, each.cover, each.curve, each.random) for each in curves if each.map == first]
    for key in dict.fromkeys(line[:3] for line in lines):
        mean = np.mean([line[3] for line in lines if line[:3] == key], axis=0)
        shares = np.linspace(0, 1, len(mean))
        rows += [(*key, significant(share), significant(value)) for share, value in zip(shares, mean, strict=True)]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def _sanity_rows(sane: Sanity) -> pd.DataFrame:
    rows = [
        (name, level, significant(float(values.mean())))
        for name, by_level in sane.likeness.items()
        for level, values in by_level.items()
    ]
    return pd.DataFrame(rows, columns=SANITY_COLUMNS)


def _words(metrics: dict) -> str:
    faithful, sane = metrics["faithfulness"], metrics["sanity"]
    better = [
        f"{name} {covers['blurred']['insertion']['better']['mean']:+.3g}" for name, covers in faithful["maps"].items()
    ]
    same = [name for name, found in sane["maps"].items() if found["unchanged"]]
    ignored = f"; with all weights shuffled these stay the same: {', '.join(same)}" if same else ""
    return f"insertion against random order on {faithful['images']} images: {', '.join(better)}{ignored}"
