"""Maps drawn on the images, and the gallery of what was predicted."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from stages.common import console
from stages.common.maps import open_maps
from stages.predict import scores
from stages.predict.bundle import Bundle
from stages.predict.take import Taken
from stages.render import colors
from stages.render.draw import HEAT, Drawing, Task, draw, prepare
from stages.render.settings import Settings
from stages.report import page
from stages.report.gallery import Heat, Layer, Picture

COLORS = 32  # of a colour bar, as the stage render gives them
Heats = dict[str, dict[str, Heat]]


def overlays(
    folder: Path, maps: Path, taken: Taken, table: pd.DataFrame, bundle: Bundle, settings: Settings
) -> tuple[Layer, Heats]:
    """Draw a file of maps into a folder; gives what the gallery must know of it, and of each image."""
    (folder / HEAT).mkdir(parents=True)
    file = open_maps(maps)
    drawing = prepare(file, bundle.design.fit, settings, folder)
    drawn: Heats = {}
    steps = console.progress(enumerate(taken.image_ids), len(taken.inputs), f"predict, drawing {file.name}")
    for row, image_id in steps:
        task = Task(
            image_id=image_id,
            image=taken.stored[row],
            row=row,
            status=file.status[row],
            target=file.target[row],
            predicted=table["predicted"].iloc[row],
            label="",
            probabilities=_calibrated(table, row, bundle.classes),
            regions=None,
            masks=folder,
            warning=_warning(table, row),
        )
        found = draw(drawing, task)
        low, high = (None if pd.isna(found[end]) else float(found[end]) for end in ("low", "high"))
        heat = folder / found["heat"] if found["heat"] else None
        drawn[image_id] = {file.name: Heat(heat, task.status, task.target, low, high)}
    return _layer(drawing, file.description), drawn


def gallery(
    folder: Path,
    taken: Taken,
    table: pd.DataFrame,
    layers: Sequence[Layer],
    heats: Sequence[Heats],
    bundle: Bundle,
    notes: Sequence[str],
) -> None:
    """Write the gallery of all images into an existing folder, `notes` above it."""
    shown = [
        Picture(
            image_id=image_id,
            file=taken.stored[row],
            name=taken.inputs[row].source_path,
            probabilities=_calibrated(table, row, bundle.classes),
            predicted=table["predicted"].iloc[row],
            note=table["warning"].iloc[row],
            warning=_warning(table, row),
            heats={name: heat for each in heats for name, heat in each[image_id].items()},
        )
        for row, image_id in enumerate(taken.image_ids)
    ]
    kind = "calibrated" if scores.is_calibrated(bundle) else "uncalibrated"
    page.write_gallery(folder, "Predictions", shown, layers, bundle.positive, notes, kind=kind)


def _calibrated(table: pd.DataFrame, row: int, classes: Sequence[str]) -> dict[str, float]:
    return {name: float(table[f"calibrated_{name}"].iloc[row]) for name in classes}


def _warning(table: pd.DataFrame, row: int) -> str:
    """A few words beside the probability, wherever it is shown."""
    return "far from training" if table["warning"].iloc[row] else ""


def _layer(drawing: Drawing, about: str) -> Layer:
    return Layer(
        name=drawing.name,
        about=about,
        unit=drawing.unit,
        policy=drawing.policy,
        colors=colors.hexadecimal(drawing.bar, COLORS),
        opacity=drawing.opacity,
    )
