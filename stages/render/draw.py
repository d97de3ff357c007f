"""One image with one map: its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from PIL import Image

from stages.common.depth import eight_bit
from stages.common.geometry import Fit, Size, place
from stages.common.maps import MapFile
from stages.common.regions import region_mask
from stages.render import colors, mosaic
from stages.render.caption import captioned
from stages.render.overlay import layer, overlay, resized
from stages.render.scale import Ends, own_ends, policy, shared_ends, shown_part
from stages.render.settings import Settings

HEAT = "heat"
HEAT_SIDE = 256  # longer side of a heat layer
MIN_SIDE = 480  # smaller images are enlarged by a whole factor up to this longer side
COMPRESSION = 3  # of PNG: 6 takes three times as long for files of the same size


@dataclass(frozen=True)
class Drawing:
    """What all pictures of a map share.

    policy: what the strongest colour means, in words.
    opacity: of the strongest colour.
    shared: the ends of the colours for `scale: set`, else None.
    colors: (256, 4), RGBA. bar: the same, as they are shown beside their values.
    """

    maps: Path
    name: str
    method: str
    part: str
    unit: str
    contrast: str | None
    fit: Fit
    settings: Settings
    policy: str
    opacity: float
    shared: Ends | None
    colors: np.ndarray
    bar: np.ndarray
    folder: Path

    @property
    def is_mosaic(self) -> bool:
        """Whether tiles are darkened, and not coloured."""
        return mosaic.applies(self.method, self.settings)


@dataclass(frozen=True)
class Task:
    """One image to draw.

    image: the stored image file. row: in the file of maps. status, target: of the map.
    predicted, label: classes; label is empty where the truth is unknown. probabilities: of all classes, in their order.
    regions: rows of regions.csv, or None. masks: the folder of the masks. warning: a line for the caption, or nothing.
    """

    image_id: str
    image: Path
    row: int
    status: str
    target: str
    predicted: str
    label: str
    probabilities: Mapping[str, float]
    regions: pd.DataFrame | None
    masks: Path
    warning: str = ""


def prepare(file: MapFile, fit: Fit, settings: Settings, folder: Path) -> Drawing:
    """What the pictures of a file of maps share; they go to `folder`."""
    darkens = mosaic.applies(file.method, settings)
    table = mosaic.colors() if darkens else colors.table(settings)
    return Drawing(
        maps=file.path,
        name=file.name,
        method=file.method,
        part=file.part,
        unit=file.unit,
        contrast=file.contrast,
        fit=fit,
        settings=settings,
        policy=mosaic.policy(settings) if darkens else policy(settings),
        opacity=1.0 if darkens else settings.opacity,
        shared=mosaic.shared_ends(file, settings) if darkens else shared_ends(file, settings),
        colors=table,
        bar=mosaic.shown_colors() if darkens else table,
        folder=folder,
    )


def draw(drawing: Drawing, task: Task) -> dict[str, object]:
    """Write one image's files (see `stages.render`) and give its row of overlays.csv."""
    with Image.open(task.image) as stored:
        image = eight_bit(stored).convert("RGB")
    size = (image.height, image.width)
    raw = _raw(drawing, task)
    values = None if raw is None else place(size, raw.shape, drawing.fit).to_stored(raw, fill=0.0)
    ends = None if values is None else drawing.shared or _own_ends(drawing, raw, values)
    heat = _write_heat(drawing, task, values, ends)
    small = _drawn_size(size, drawing.settings.max_side)
    pixels = np.asarray(image.resize((small[1], small[0]), Image.Resampling.LANCZOS))
    shown = None if ends is None else resized(values, small)
    inside = None if task.regions is None else resized(region_mask(task.regions, size, task.masks), small)
    picture = overlay(pixels, shown, ends, drawing.colors, inside, colors.rgb(drawing.settings.outline_color))
    file, base = _names(drawing, task)
    _save(captioned(picture, _lines(drawing, task), ends, drawing.bar, _bar_words(drawing)), drawing.folder / file)
    if base:
        _save(Image.fromarray(pixels), drawing.folder / base)
    return {
        "image_id": task.image_id,
        "file": file,
        "base": base,
        "heat": heat,
        "status": task.status,
        "low": np.nan if ends is None else ends.low,
        "high": np.nan if ends is None else ends.high,
        "target": task.target,
    }


def _raw(drawing: Drawing, task: Task) -> np.ndarray | None:
    """What is drawn of the map (h, w), on the input grid; None where the map is empty."""
    if task.status != "ok":
        return None
    with h5py.File(drawing.maps, "r") as file:
        raw = file["maps"][task.row]
    return shown_part(raw, drawing.part, drawing.settings.signed)


def _own_ends(drawing: Drawing, raw: np.ndarray, values: np.ndarray) -> Ends | None:
    """A mosaic's are those of the tiles' own weights, of which the stored grid has also mixtures at their rims."""
    return mosaic.own_ends(raw) if drawing.is_mosaic else own_ends(values, drawing.settings)


def _write_heat(drawing: Drawing, task: Task, values: np.ndarray | None, ends: Ends | None) -> str:
    if ends is None:
        return ""
    name = f"{HEAT}/{task.image_id}.png"
    factor = min(1.0, HEAT_SIDE / max(values.shape))
    small = tuple(max(1, round(length * factor)) for length in values.shape)
    _save(Image.fromarray(layer(resized(values, small), ends, drawing.colors)), drawing.folder / name)
    return name


def _drawn_size(size: Size, max_side: int) -> Size:
    longer = max(size)
    if longer > max_side:
        return tuple(max(1, round(length * max_side / longer)) for length in size)
    factor = max(1, min(MIN_SIDE, max_side) // longer)
    return size[0] * factor, size[1] * factor


def _names(drawing: Drawing, task: Task) -> tuple[str, str]:
    if drawing.settings.naming == "plain":
        return f"{task.image_id}.png", ""
    stem = f"{task.image_id}[{','.join(f'{p:.2f}' for p in task.probabilities.values())}]"
    return f"{stem}_{drawing.name}.png", f"{stem}_base.png"


def _lines(drawing: Drawing, task: Task) -> list[str]:
    """The caption: prediction and truth, then what the map is."""
    lines = [f"predicted {task.predicted} ({task.probabilities[task.predicted]:.2f})"]
    if task.label:
        lines[0] += f", truth {task.label}" + ("" if task.label == task.predicted else " - wrong")
    if task.warning:
        lines[0] += f" - {task.warning}"
    about = drawing.name if drawing.name == drawing.method else f"{drawing.name} ({drawing.method})"
    empty = "" if task.status == "ok" else f"; map empty: {task.status.replace('_', ' ')}"
    less = f" minus {drawing.contrast}" if drawing.contrast else ""
    return [*lines, f"{about} for {task.target}{less}{empty}", task.image_id]


def _bar_words(drawing: Drawing) -> str:
    if drawing.is_mosaic:
        return f"{drawing.unit}; tiles are multiplied by 0 to 1"
    part = "" if drawing.settings.signed or drawing.part == "positive" else "|value|, "
    return f"{part}{drawing.unit}; full colour: {drawing.policy}"


def _save(image: Image.Image, path: Path) -> None:
    image.save(path, "PNG", compress_level=COMPRESSION)
