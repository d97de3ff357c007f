"""Stage `shortcuts`: see the package's docstring."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from stages.attribute.subjects import subject
from stages.common import console, files, params, paths, tables
from stages.common.errors import UserError
from stages.common.params import Params
from stages.evaluate.parts import Part, parts
from stages.models import runtime, trained
from stages.shortcuts import measure, summary
from stages.shortcuts.chosen import Chosen, chosen
from stages.shortcuts.source import Source

METRICS_FILE = paths.METRICS / "shortcuts.json"
PARTS = ("validation", "test")
TRAINING = 500  # images of each model's training part that make its mean image and the logistic regression


def main() -> str:
    """Measure the model on images with something hidden."""
    p = params.load()
    blocks = _blocks(p) if p.shortcuts.max_images else {}
    metrics = {
        "reason": None if blocks else "`shortcuts.max_images` is 0, or there are no images to measure on",
        "positive_class": p.ingest.positive_class,
        "border": p.shortcuts.border,
        "regions_complete": p.localize.regions_complete,
        "definitions": summary.DEFINITIONS,
        **blocks,
    }
    files.write_json(METRICS_FILE, metrics)
    return summary.words(metrics)


def _blocks(p: Params) -> dict[str, dict]:
    """The blocks of validation and test."""
    runtime.start()
    split = tables.read(paths.SPLIT_TABLE, tables.SPLIT_COLUMNS)
    source, models = _source(p), parts(split)
    few = {
        name: _chosen(pd.concat(rows), source, p, p.shortcuts.max_images)
        for name in PARTS
        if (rows := [split.iloc[model.scored[name]] for model in models if name in model.scored])
    }
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in few}
    for model in models:
        held_out = {
            name: _only(each, split.iloc[model.scored[name]]) for name, each in few.items() if name in model.scored
        }
        held_out = {name: each for name, each in held_out.items() if len(each.rows)}
        training = _chosen(split.iloc[model.train], source, p, TRAINING) if held_out else None
        for folder, names in _folders(model, held_out).items():
            asked = {name: held_out[name] for name in names}
            for name, answers in measure.answers(
                subject(folder, ()), source, training, held_out.get("validation"), asked
            ).items():
                found[name].append(answers)
    return {name: summary.block(each, pd.concat(found[name]), p.shortcuts.seed) for name, each in few.items()}


def _source(p: Params) -> Source:
    return Source(
        images=tables.read(paths.IMAGE_TABLE, tables.IMAGE_COLUMNS).set_index("image_id"),
        regions=dict(iter(tables.read(paths.REGION_TABLE, tables.REGION_COLUMNS).groupby("image_id"))),
        view=trained.load(next(iter(trained.folders(paths.MODEL).values()))).design,
        settings=p.shortcuts,
    )


def _chosen(rows: pd.DataFrame, source: Source, p: Params, most: int) -> Chosen:
    return chosen(rows, source.regions, p.ingest.positive_class, most, p.shortcuts.seed)


def _only(few: Chosen, rows: pd.DataFrame) -> Chosen:
    """Those of the chosen images that are among the rows."""
    return replace(few, rows=few.rows[few.rows["image_id"].isin(rows["image_id"])])


def _folders(model: Part, names: Iterable[str]) -> dict[Path, list[str]]:
    """Which of the parts each trained model held out."""
    folders = trained.folders(paths.MODEL)
    if model.fold not in folders:
        raise UserError(f"{paths.MODEL} lacks the model `{model.name}` that split.csv asks for; run `dvc repro train`")
    found: dict[Path, list[str]] = {}
    for name in names:
        found.setdefault(trained.holding_out(folders[model.fold], name), []).append(name)
    return found


if __name__ == "__main__":
    console.run("shortcuts", main)
