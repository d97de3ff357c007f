"""The strip under a picture: colour bar, its values, and what the picture shows."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stages.render.overlay import blend
from stages.render.scale import Ends

PAPER, INK, FAINT = (18, 18, 20), (240, 240, 240), (170, 170, 175)
MIDDLE_GREY = 110  # under the colours of the bar: they are clear, as on the image


def captioned(image: np.ndarray, lines: Sequence[str], ends: Ends | None, colors: np.ndarray, unit: str) -> Image.Image:
    """Set an image (h, w, 3), uint8, above its caption.

    Args:
        lines: text, broken where it is wider than the image; the first stands out.
        ends: the values of the colour bar's ends; None: no bar is drawn.
        unit: of the values.
    """
    height, width = image.shape[:2]
    size = 15 if width >= 480 else 12
    font = ImageFont.load_default(size)
    margin, step = size // 2, round(size * 1.4)
    room = width - 2 * margin
    beside = ends is not None and _fits_between(ends, unit, font, room)
    if ends is not None and not beside:
        lines = [*lines, unit]
    rows = [(part, INK if n == 0 else FAINT) for n, line in enumerate(lines) for part in _broken(line, font, room)]
    bar = 0 if ends is None else size + step
    sheet = Image.new("RGB", (width, height + 2 * margin + bar + step * len(rows)), PAPER)
    sheet.paste(Image.fromarray(image))
    draw = ImageDraw.Draw(sheet)
    top = height + margin
    if ends is not None:
        sheet.paste(_bar(colors, room, size - 3), (margin, top))
        texts = (number(ends.low), unit if beside else "", number(ends.high))
        for text, x, anchor in zip(texts, (margin, width // 2, width - margin), ("la", "ma", "ra"), strict=True):
            draw.text((x, top + size), text, font=font, fill=FAINT, anchor=anchor)
    for n, (text, ink) in enumerate(rows):
        draw.text((margin, top + bar + n * step), text, font=font, fill=ink)
    return sheet


def number(value: float) -> str:
    """A value of the colour bar: three significant digits."""
    return "0" if value == 0 else f"{value:.3g}"


def _bar(colors: np.ndarray, width: int, height: int) -> Image.Image:
    row = colors[np.linspace(0, len(colors) - 1, width).round().astype(int)]
    grey = np.full((height, width, 3), MIDDLE_GREY, np.uint8)
    return Image.fromarray(blend(grey, np.broadcast_to(row, (height, width, 4))))


def _fits_between(ends: Ends, unit: str, font: ImageFont.FreeTypeFont, room: int) -> bool:
    """Whether the unit has its place between the two values under the bar."""
    values = max(font.getlength(number(value)) for value in ends)
    return font.getlength(unit) <= room - 2 * values - font.size


def _broken(line: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """A line in parts that fit; a word that is too wide by itself is cut."""
    parts = [""]
    for word in line.split():
        longer = f"{parts[-1]} {word}".strip()
        if not parts[-1] or font.getlength(longer) <= width:
            parts[-1] = longer
        else:
            parts.append(word)
    return [_cut(part, font, width) for part in parts]


def _cut(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    kept = next(n for n in range(len(text), -1, -1) if n == 0 or font.getlength(text[:n] + "...") <= width)
    return text[:kept] + "..."
