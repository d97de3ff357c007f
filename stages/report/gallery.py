"""The gallery: images with their maps, small enough to carry, and a table of them for the page's script."""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from stages.common import files
from stages.common.depth import eight_bit

THUMBNAIL_SIDE = 256
WEBP_EFFORT = 2  # of 0 to 6: half the time of 4 for a tenth more bytes


@dataclass(frozen=True)
class Heat:
    """One map of one image: the file of its colours (RGBA, None where the map is empty) and what it means."""

    file: Path | None
    status: str = "ok"
    target: str = ""
    low: float | None = None  # the values of the two ends of the colour bar
    high: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)  # how well it points, by metric


@dataclass(frozen=True)
class Picture:
    """One image of the gallery. `label` and `outcome` are empty where the truth is not known."""

    image_id: str
    file: Path
    name: str  # the source's file name, for people
    probabilities: Mapping[str, float]
    predicted: str
    label: str = ""
    outcome: str = ""
    split: str = ""
    fold: int = -1
    group: str = ""
    note: str = ""
    warning: str = ""  # a few words to be shown beside the probability, wherever it is
    outlines: Sequence[tuple[str, str]] = ()  # finding, SVG path in pixels of the image file
    heats: Mapping[str, Heat] = field(default_factory=dict)


@dataclass(frozen=True)
class Layer:
    """A map as the gallery offers it: `colors` are #rrggbbaa from the low end to the high end of the colour bar."""

    name: str
    about: str
    unit: str = ""
    policy: str = ""
    colors: Sequence[str] = ()
    opacity: float = 0.6


@dataclass(frozen=True)
class Size:
    """How large the gallery's pictures may be: longest side in pixels, WebP quality (1 to 100); threads at work."""

    side: int = 640
    quality: int = 80
    threads: int = 2


def outcome(label: str, predicted: str, classes: Sequence[str], positive: str) -> str:
    """What came of an image: true positive, false negative ...; with more than two classes correct or wrong."""
    if len(classes) > 2:
        return "correct" if label == predicted else "wrong"
    truth = "true" if label == predicted else "false"
    return f"{truth} {'positive' if predicted == positive else 'negative'}"


def write(folder: Path, pictures: Iterable[Picture], layers: Sequence[Layer], size: Size, about: Mapping) -> None:
    """Write `thumbnails/`, `images/`, `heat/<number of the map>/` and `data.js` (a script that only sets a variable).

    Args:
        folder: the report's folder.
        pictures: in the order in which they are listed.
        layers: the maps on offer, in their order.
        size: of the pictures, and how many threads make them.
        about: what the page's script must know beside: classes, positive, parts ...
    """
    numbers = {layer.name: number for number, layer in enumerate(layers)}

    def make(picture: Picture) -> dict:
        drawn = {name: heat for name, heat in picture.heats.items() if name in numbers}
        for name, heat in drawn.items():
            if heat.file is not None:
                target = folder / "heat" / str(numbers[name]) / f"{picture.image_id}.webp"
                _write_heat(heat.file, target, layers[numbers[name]].opacity, size.quality)
        return _row(picture, _write_image(folder, picture, size), drawn)

    with ThreadPoolExecutor(size.threads) as pool:  # decoding and WebP both leave the interpreter's lock
        rows = list(pool.map(make, pictures))
    content = {**about, "maps": [_layer(layer, numbers[layer.name]) for layer in layers], "images": rows}
    files.write_text(folder / "data.js", f"window.LESIONMAP = {script_json(content)};\n")


def write_thumbnail(folder: Path, image_id: str, file: Path, size: Size) -> None:
    """Write the thumbnail of an image, whether or not the gallery shows it."""
    _save(_shrunk(_opened(file), THUMBNAIL_SIDE), folder / "thumbnails" / f"{image_id}.webp", size.quality)


def script_json(value: object) -> str:
    """JSON that is safe inside a script element or file, whatever text it holds; NaN is refused (ValueError)."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _write_image(folder: Path, picture: Picture, size: Size) -> tuple[int, int]:
    """The image and its thumbnail as WebP; gives the width and height of the stored image."""
    image = _opened(picture.file)
    _save(_shrunk(image, size.side), folder / "images" / f"{picture.image_id}.webp", size.quality)
    _save(_shrunk(image, THUMBNAIL_SIDE), folder / "thumbnails" / f"{picture.image_id}.webp", size.quality)
    return image.size


def _opened(file: Path) -> Image.Image:
    with Image.open(file) as stored:
        return eight_bit(stored).convert("RGB")


def _write_heat(source: Path, target: Path, opacity: float, quality: int) -> None:
    """The colours of a map at full opacity: the page's slider scales them down again."""
    with Image.open(source) as image:
        pixels = np.asarray(image.convert("RGBA")).copy()
    if opacity > 0:
        pixels[..., 3] = np.clip(np.rint(pixels[..., 3] / opacity), 0, 255)
    _save(Image.fromarray(pixels), target, quality)


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    if scale >= 1:
        return image
    return image.resize([max(1, round(length * scale)) for length in image.size], Image.Resampling.LANCZOS)


def _save(image: Image.Image, path: Path, quality: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "WEBP", quality=quality, method=WEBP_EFFORT)


def _layer(layer: Layer, number: int) -> dict:
    return {
        "name": layer.name,
        "folder": f"heat/{number}",
        "about": layer.about,
        "unit": layer.unit,
        "policy": layer.policy,
        "colors": list(layer.colors),
        "opacity": layer.opacity,
    }


def _row(picture: Picture, stored: tuple[int, int], heats: Mapping[str, Heat]) -> dict:
    row = {
        "id": picture.image_id,
        "name": picture.name,
        "width": stored[0],
        "height": stored[1],
        "label": picture.label,
        "predicted": picture.predicted,
        "outcome": picture.outcome,
        "split": picture.split,
        "fold": picture.fold,
        "group": picture.group,
        "note": picture.note,
        "p": [files.significant(value) for value in picture.probabilities.values()],
        "outlines": [list(pair) for pair in picture.outlines],
    }
    if picture.warning:
        row["warning"] = picture.warning
    return row | {"heat": {name: _heat(heat) for name, heat in heats.items()}}


def _heat(heat: Heat) -> dict:
    ends = [None if value is None else files.significant(value, 3) for value in (heat.low, heat.high)]
    return {
        "drawn": heat.file is not None,
        "status": heat.status,
        "target": heat.target,
        "ends": ends,
        "scores": {metric: files.significant(value) for metric, value in heat.scores.items()},
    }
