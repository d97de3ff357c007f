"""The strip under a picture."""

import numpy as np
import pytest
from PIL import ImageFont

from stages.render import caption, colors
from stages.render.scale import Ends
from stages.render.settings import Settings

ENDS = Ends(0.0, 2.5)
TABLE = colors.table(Settings())


def strip(width: int, lines: list[str], ends: Ends | None = ENDS) -> np.ndarray:
    image = np.full((50, width, 3), 77, np.uint8)
    sheet = np.asarray(caption.captioned(image, lines, ends, TABLE, "logit; full colour: maximum"))
    np.testing.assert_array_equal(sheet[:50], image)
    assert sheet.shape[1] == width
    return sheet[50:]


def test_the_bar_runs_from_the_first_colour_to_the_last():
    bar = strip(600, ["a"])[10, 7:593]
    grey = caption.MIDDLE_GREY
    for place, color in ((0, TABLE[0]), (-1, TABLE[-1])):
        alpha = color[3] / 255
        np.testing.assert_allclose(bar[place], grey * (1 - alpha) + color[:3] * alpha, atol=1)


def test_without_a_map_there_is_no_bar():
    assert len(strip(600, ["a"], None)) < len(strip(600, ["a"]))
    assert (strip(600, [], None) == caption.PAPER).all()


@pytest.mark.parametrize("width", [64, 120, 300, 768])
def test_long_text_is_broken_and_stays_within_the_width(width):
    text = "predicted adenocarcinoma (0.97), truth adenocarcinoma " + "x" * 80
    rows = strip(width, [text])
    assert (rows[:, -2:] == caption.PAPER).all()
    font = ImageFont.load_default(12)
    parts = caption._broken(text, font, width)
    assert all(font.getlength(part) <= width for part in parts)
    assert " ".join(parts).startswith("predicted adenocarcinoma"[: 24 if width > 64 else 9])


def test_numbers_are_short():
    assert [caption.number(value) for value in (0.0, 1.23456, -0.00012345, 123456.0)] == [
        "0",
        "1.23",
        "-0.000123",
        "1.23e+05",
    ]
