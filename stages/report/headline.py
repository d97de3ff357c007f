"""The few numbers to quote: for the terminal, and as a metrics file small enough to compare runs by.

`python -m stages.report.headline` prints them after a run.
"""

from stages.common import console, files, paths
from stages.common.errors import UserError

FILE = paths.METRICS / "headline.json"


def headline(scores: dict, localization: dict) -> dict:
    """From the contents of metrics/evaluate.json and metrics/localize.json; values as they stand there."""
    part = scores["headline"]
    block = scores[part]
    found = {"scored_on": block["note"], "images": block["n"], "groups": block["groups"]}
    found |= {name: block[name] for name in ("roc_auc", "accuracy", "f1_macro")}
    chosen = localization.get("chosen")
    if chosen and chosen["scores"]:
        found |= {"map": chosen["title"], "images_with_regions": chosen["n"]}
        found |= {name: _interval(chosen["scores"][name]) for name in ("pointing", "energy")}
    return found


def text(values: dict) -> str:
    """The same as lines for a terminal."""
    lines = [f"{values['scored_on']}: {values['images']} images of {values['groups']} groups"]
    lines += [f"  {name:<10} {_in_words(value)}" for name, value in values.items() if isinstance(value, dict)]
    if "map" in values:
        lines.append(
            f"  (pointing and energy: map {values['map']}, {values['images_with_regions']} images with regions)"
        )
    return "\n".join([*lines, f"report: {paths.REPORT / 'index.html'}"])


def _interval(value: dict) -> dict:
    return {key: value[key] for key in ("mean", "low", "high")}


def _in_words(value: dict) -> str:
    number = "undefined" if value["mean"] is None else f"{value['mean']:.3f}"
    return number if value["low"] is None else f"{number} ({value['low']:.3f} to {value['high']:.3f})"


def main() -> None:
    """Print the headline of the last run.

    Raises:
        UserError: there was none.
    """
    if not FILE.exists():
        raise UserError(f"{FILE} is not there; run `dvc repro` first")
    print(text(files.read_json(FILE)))


if __name__ == "__main__":
    console.command("headline", main)
