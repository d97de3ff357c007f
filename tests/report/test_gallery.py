"""The gallery's pictures and its table."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.report import gallery
from stages.report.gallery import Heat, Layer, Picture, Size


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A colourful image of 1200 x 900 pixels."""
    y, x = np.mgrid[:900, :1200]
    path = tmp_path / "stored.png"
    Image.fromarray(np.stack([x % 256, y % 256, (x + y) % 256], axis=-1).astype(np.uint8)).save(path)
    return path


def picture(file: Path, **more: object) -> Picture:
    return Picture("id", file, "name.png", {"a": 0.25, "b": 0.75}, "b", **more)


def written(folder: Path) -> dict:
    """What data.js says."""
    return json.loads((folder / "data.js").read_text().removeprefix("window.LESIONMAP = ").removesuffix(";\n"))


def test_images_are_bounded_and_keep_their_aspect(tmp_path, stored):
    gallery.write(tmp_path, [picture(stored)], [], Size(side=640), {})
    with Image.open(tmp_path / "images" / "id.webp") as image:
        assert image.size == (640, 480) and image.format == "WEBP"
    with Image.open(tmp_path / "thumbnails" / "id.webp") as image:
        assert image.size == (256, 192)
    (row,) = written(tmp_path)["images"]
    assert (row["width"], row["height"]) == (1200, 900)


def test_a_small_image_is_not_enlarged(tmp_path):
    Image.new("L", (30, 20), 77).save(tmp_path / "small.png")
    gallery.write(tmp_path, [picture(tmp_path / "small.png")], [], Size(), {})
    with Image.open(tmp_path / "images" / "id.webp") as image:
        assert image.size == (30, 20)


def test_a_12_bit_image_in_a_16_bit_file_is_not_black(tmp_path):
    Image.fromarray(np.full((64, 64), 4095, np.uint16)).save(tmp_path / "deep.png")
    gallery.write(tmp_path, [picture(tmp_path / "deep.png")], [], Size(), {})
    with Image.open(tmp_path / "images" / "id.webp") as image:
        assert np.asarray(image).min() > 250


def test_heat_is_kept_at_full_opacity_for_the_slider(tmp_path, stored):
    Image.new("RGBA", (64, 48), (255, 0, 0, 51)).save(tmp_path / "heat.png")
    heats = {"m": Heat(tmp_path / "heat.png"), "empty": Heat(None, status="constant")}
    layers = [Layer("empty", ""), Layer("m", "", opacity=0.4)]
    gallery.write(tmp_path, [picture(stored, heats=heats)], layers, Size(), {})
    with Image.open(tmp_path / "heat" / "1" / "id.webp") as image:
        assert image.mode == "RGBA"
        assert np.asarray(image)[..., 3] == pytest.approx(51 / 0.4, abs=2)
    assert not (tmp_path / "heat" / "0").exists()
    (row,) = written(tmp_path)["images"]
    assert row["heat"]["empty"]["drawn"] is False and row["heat"]["empty"]["status"] == "constant"


def test_text_cannot_leave_the_script(tmp_path, stored):
    hostile = "</script><!--\u2028&"
    gallery.write(tmp_path, [picture(stored, note=hostile)], [], Size(), {})
    text = (tmp_path / "data.js").read_text()
    assert not set("<>&\u2028") & set(text)
    assert written(tmp_path)["images"][0]["note"] == hostile


def test_numbers_that_are_none_are_refused():
    with pytest.raises(ValueError, match="JSON"):
        gallery.script_json({"value": float("nan")})


def test_the_same_bytes_with_more_threads(tmp_path, stored):
    pictures = [Picture(f"i{n}", stored, "n", {"a": 1.0}, "a") for n in range(4)]
    for threads in (1, 3):
        folder = tmp_path / str(threads)
        folder.mkdir()
        gallery.write(folder, pictures, [], Size(threads=threads), {})
    for path in sorted((tmp_path / "1").rglob("*.*")):
        assert path.read_bytes() == (tmp_path / "3" / path.relative_to(tmp_path / "1")).read_bytes()


@pytest.mark.parametrize(
    ("label", "predicted", "words"),
    [
        ("sick", "sick", "true positive"),
        ("well", "sick", "false positive"),
        ("well", "well", "true negative"),
        ("sick", "well", "false negative"),
    ],
)
def test_outcomes_of_two_classes(label, predicted, words):
    assert gallery.outcome(label, predicted, ["well", "sick"], "sick") == words


def test_outcomes_of_three_classes():
    assert gallery.outcome("a", "a", ["a", "b", "c"], "a") == "correct"
    assert gallery.outcome("a", "b", ["a", "b", "c"], "a") == "wrong"
