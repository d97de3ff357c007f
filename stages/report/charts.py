"""Plots as inline SVG text: no script, no font file; colours are the page's own (light and dark)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 380, 300
LEFT, RIGHT, TOP, BOTTOM = 54, 14, 10, 46
COLORS = 8  # that the style sheet names


@dataclass(frozen=True)
class Axis:
    """A linear axis: its label, its range and where the ticks are."""

    label: str
    low: float = 0.0
    high: float = 1.0
    ticks: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Series:
    """One line of a chart: points (x, y) in order; `marks` draws its points, `style` is a further CSS class.

    `titles` is what each mark says when pointed at; `color` picks one of the page's colours (None: the next one).
    """

    name: str
    points: Sequence[tuple[float, float]]
    marks: bool = False
    style: str = ""
    titles: Sequence[str] = ()
    color: int | None = None


def axis(label: str, values: Sequence[float], zero: bool = True) -> Axis:
    """An axis with round ticks that holds all finite values, from zero where `zero`."""
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low = min(0.0, *finite) if zero else min(finite)
    high = max(finite)
    step = _round_step((high - low) / 4 or abs(high) or 1.0)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    return Axis(label, first * step, last * step, tuple(index * step for index in range(first, last + 1)))


def line_chart(title: str, series: Sequence[Series], axes: tuple[Axis, Axis], diagonal: bool = False) -> Markup:
    """Lines on a grid of (x, y) axes; `diagonal` draws the line of equality; the title is the picture's description."""
    x, y = axes
    parts = [_grid(x, y)]
    if diagonal:
        parts.append(_polyline([(x.low, y.low), (x.high, y.high)], x, y, "chance"))
    for index, line in enumerate(series):
        colour = f"series {_color(line, index)}"
        parts.append(_polyline(line.points, x, y, f"{colour} {line.style}".strip()))
        if line.marks:
            parts.append(_marks(line, x, y, colour))
    parts.append(f'<text class="name" x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 6}">{escape(x.label)}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<text class="name" transform="translate(13 {middle:g}) rotate(-90)">{escape(y.label)}</text>')
    body = "".join(parts)
    svg = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{body}</svg>'
    return Markup(svg + _legend(series))


def interval_bar(value: float, low: float | None, high: float | None, reference: float | None = None) -> Markup:
    """A small picture of a number between 0 and 1 with its interval, for a table's cell; `reference` is a thin line."""
    width = 140

    def at(number: float) -> str:
        return f"{4 + min(max(number, 0.0), 1.0) * (width - 8):.1f}"

    parts = [f'<line class="track" x1="4" x2="{width - 4}" y1="9" y2="9"/>']
    if reference is not None:
        parts.append(f'<line class="reference" x1="{at(reference)}" x2="{at(reference)}" y1="1" y2="17"/>')
    if low is not None and high is not None:
        parts.append(f'<line class="interval" x1="{at(low)}" x2="{at(high)}" y1="9" y2="9"/>')
    parts.append(f'<circle class="estimate" cx="{at(value)}" cy="9" r="3.6"/>')
    return Markup(f'<svg class="bar" viewBox="0 0 {width} 18" aria-hidden="true">{"".join(parts)}</svg>')


def _grid(x: Axis, y: Axis) -> str:
    parts = []
    for tick in x.ticks:
        at = _x(tick, x)
        parts.append(f'<line class="grid" x1="{at}" x2="{at}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text class="tick" x="{at}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{tick:.4g}</text>')
    for tick in y.ticks:
        at = _y(tick, y)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{at}" dy="0.32em" text-anchor="end">{tick:.4g}</text>')
    return "".join(parts)


def _polyline(points: Sequence[tuple[float, float]], x: Axis, y: Axis, style: str) -> str:
    coordinates = " ".join(f"{_x(a, x)},{_y(b, y)}" for a, b in points if math.isfinite(a) and math.isfinite(b))
    return f'<polyline class="{style}" points="{coordinates}"/>'


def _marks(line: Series, x: Axis, y: Axis, colour: str) -> str:
    titles = [*line.titles, *[""] * (len(line.points) - len(line.titles))]
    marks = []
    for (a, b), title in zip(line.points, titles, strict=True):
        inner = f"<title>{escape(title)}</title>" if title else ""
        marks.append(f'<circle class="mark {colour}" cx="{_x(a, x)}" cy="{_y(b, y)}" r="3.5">{inner}</circle>')
    return "".join(marks)


def _legend(series: Sequence[Series]) -> str:
    if len(series) < 2 and not (series and series[0].name):
        return ""
    items = "".join(
        f'<li><span class="key {_color(line, index)} {line.style}"></span>{escape(line.name)}</li>'
        for index, line in enumerate(series)
    )
    return f'<ul class="legend">{items}</ul>'


def _color(line: Series, index: int) -> str:
    return f"s{(index if line.color is None else line.color) % COLORS}"


def _x(value: float, axis: Axis) -> str:
    return f"{LEFT + (value - axis.low) / (axis.high - axis.low) * (WIDTH - LEFT - RIGHT):.1f}"


def _y(value: float, axis: Axis) -> str:
    share = (min(max(value, axis.low), axis.high) - axis.low) / (axis.high - axis.low)
    return f"{HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM):.1f}"


def _round_step(step: float) -> float:
    """The least of 1, 2, 2.5, 5 times a power of ten that is not below `step`."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= step * (1 - 1e-9))
