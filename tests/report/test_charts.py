"""Plots as SVG."""

import math
import re

import pytest

from stages.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axis, Series, axis, interval_bar, line_chart

UNIT = (Axis("x"), Axis("y"))


def test_corners_of_the_data_are_corners_of_the_frame():
    svg = line_chart("t", [Series("", [(0, 0), (1, 1)])], UNIT)
    assert f'points="{LEFT:.1f},{HEIGHT - BOTTOM:.1f} {WIDTH - RIGHT:.1f},{TOP:.1f}"' in svg


def test_what_is_not_finite_is_left_out():
    svg = line_chart("t", [Series("", [(0, math.nan), (0.5, 0.5)])], UNIT)
    assert len(re.search(r'series s0" points="([^"]*)"', svg)[1].split()) == 1


def test_names_are_escaped():
    svg = line_chart("<t>", [Series("<script>", [(0, 0)], marks=True, titles=["<b>"])], (Axis("<x>"), Axis("y")))
    assert not re.search(r"<(t|script|b|x)>", svg)
    assert svg.count("&lt;") == 4


def test_every_series_has_its_color_and_a_legend():
    svg = line_chart("t", [Series("first", [(0, 0)]), Series("second", [(1, 1)])], UNIT)
    assert "series s0" in svg and "series s1" in svg
    assert "first</li>" in svg and "second</li>" in svg


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [([1, 20], 0, 20), ([0.1, 0.73], 0, 0.8), ([3.0], 0, 3), ([-4, 9], -5, 10), ([], 0, 1), ([0.0], 0, 1)],
)
def test_axes_are_round_and_hold_all_values(values, low, high):
    made = axis("x", values)
    assert (made.low, made.high) == (pytest.approx(low), pytest.approx(high))
    assert made.ticks[0] == made.low and made.ticks[-1] == pytest.approx(made.high)
    assert len(made.ticks) <= 7


def test_an_interval_bar_without_an_interval_is_a_point():
    assert 'class="interval"' not in interval_bar(0.5, None, None)
    assert 'class="interval"' in interval_bar(0.5, 0.4, 0.6)


def test_an_interval_bar_stays_inside():
    numbers = [
        float(value) for value in re.findall(r'(?:x1|x2|cx)="([\d.]+)"', interval_bar(1.4, -0.2, 3, reference=2))
    ]
    assert min(numbers) >= 4 and max(numbers) <= 136
