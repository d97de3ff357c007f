"""From probabilities to metrics/shortcuts.json."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stages.common import bootstrap
from stages.evaluate.estimates import Estimate, estimate
from stages.evaluate.scores import ranking
from stages.shortcuts.chosen import Chosen
from stages.shortcuts.measure import BORDER, ELSEWHERE, HIDDEN, INTACT, PIXELS

REPLICATES = 2000
CHANCE = 0.5
DEFINITIONS = {
    "roc_auc": "of the positive class against the rest, with its 95 % percentile bootstrap interval over whole groups",
    HIDDEN: "every region filled from its surroundings; images without regions have another image's regions filled, so "
    "that the filling does not give the class away; positive images without regions are left out",
    ELSEWHERE: "another image's regions filled, one's own left in sight: what the filling itself costs",
    BORDER: "the border alone, with the regions that reach into it hidden; the rest is the mean training image",
    PIXELS: "a logistic regression on the same borders, fitted on training images: whether there is anything to see",
    "above_chance": f"the interval lies above {CHANCE}, or the score is 1 in every replicate",
}


def block(chosen: Chosen, answers: pd.DataFrame, seed: int) -> dict:
    """One part's block; its shape is in the package's docstring.

    Args:
        chosen: the images.
        answers: of `measure.answers`, of all models.
        seed: of the bootstrap.
    """
    drawn = bootstrap.resample(answers["group_id"], REPLICATES, seed)
    truth, kinds = answers["positive"].to_numpy(), answers.columns.drop(["group_id", "positive"])
    found = {name: _area(truth, answers[name].to_numpy(), drawn) for name in kinds}
    differences = [name for name in (HIDDEN, ELSEWHERE, BORDER) if name in found]
    notes = {name: note for name, each in found.items() if (note := each.note("roc_auc"))}
    if chosen.reason:
        notes[HIDDEN] = f"nothing could be hidden: {chosen.reason}"
    if chosen.caveat:
        notes["shapes"] = chosen.caveat
    if drawn.reason:
        notes["intervals"] = drawn.reason
    return {
        "n": len(answers),
        "groups": drawn.groups,
        "with_regions": chosen.with_regions,
        "left_out": chosen.left_out,
        "roc_auc": {name: each.score("roc_auc") for name, each in found.items()},
        "difference": {name: found[INTACT].minus(found[name], ["roc_auc"]).score("roc_auc") for name in differences},
        "above_chance": {name: _above_chance(found[name]) for name in (HIDDEN, BORDER, PIXELS) if name in found},
        "notes": notes,
    }


def words(metrics: Mapping) -> str:
    """The stage's last line."""
    if metrics["reason"]:
        return f"nothing measured: {metrics['reason']}"
    part = "test" if "test" in metrics else "validation"
    found = metrics[part]["roc_auc"]
    said = {INTACT: "AUC {}", HIDDEN: "{} with the regions hidden", BORDER: "{} from the border alone"}
    return f"{part}: " + ", ".join(
        text.format("undefined" if found[name]["mean"] is None else f"{found[name]['mean']:.3f}")
        for name, text in said.items()
        if name in found
    )


def _area(truth: np.ndarray, values: np.ndarray, drawn: bootstrap.Resample) -> Estimate:
    return estimate(lambda weights: {"roc_auc": ranking(truth, values, weights)[0]}, drawn)


def _above_chance(found: Estimate) -> bool:
    """Without intervals nothing is; a score that is perfect in every replicate has none, and is."""
    if not found.replicates:
        return False
    score = found.score("roc_auc")
    return score["mean"] == 1 if score["low"] is None else score["low"] > CHANCE
