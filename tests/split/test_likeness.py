"""Copies are told from other images, drawn ones and real ones."""

import io
import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.common.perceptual import perceptual_hash, thumbnail
from stages.split.likeness import SAME_COARSE, SAME_FINE, SAME_GREY, agreement, fine_detail, likeness, look
from tests.ingest.factory import encoded, pixels


def are_same(one: Image.Image, other: Image.Image) -> bool:
    """The rule of `leaks`, for two images."""
    first, second = look(one), look(other)
    if agreement(first.grey, second.grey) >= SAME_GREY:
        return True
    fine = likeness(fine_detail(one), fine_detail(other))
    return agreement(first.coarse, second.coarse) >= SAME_COARSE and fine >= SAME_FINE


def copies(image: Image.Image) -> dict[str, Image.Image]:
    """Re-encodes, resizes and re-exposures."""
    width, height = image.size
    smaller = image.resize((int(width * 0.8), int(height * 0.8)))
    return {
        "quality 75": Image.open(io.BytesIO(encoded(image, "JPEG", quality=75))),
        "quality 30": Image.open(io.BytesIO(encoded(image, "JPEG", quality=30))),
        "half": image.resize((width // 2, height // 2), Image.Resampling.BICUBIC),
        "half, nearest": image.resize((width // 2, height // 2), Image.Resampling.NEAREST),
        "64 pixels": image.resize((64, 64), Image.Resampling.LANCZOS),
        "smaller and quality 60": Image.open(io.BytesIO(encoded(smaller, "JPEG", quality=60))),
        "brighter": image.point(lambda level: min(255, level * 1.15 + 10)),
        "gamma": image.point(lambda level: 255 * (level / 255) ** 0.7),
    }


def test_likeness_follows_a_small_shift_and_zoom():
    image = Image.fromarray(pixels(400, 500, seed=3))
    fine = fine_detail(image)
    assert likeness(fine, fine) == pytest.approx(1, abs=1e-5)
    cropped = fine_detail(image.crop((10, 4, 495, 396)))
    assert agreement(fine, cropped) < likeness(fine, cropped)
    assert likeness(fine, cropped) > 0.95
    assert likeness(fine, fine_detail(Image.fromarray(pixels(400, 500, seed=4)))) < 0.6


def test_a_plain_image_is_like_nothing():
    plain = look(Image.new("L", (50, 50), 77))
    assert not plain.grey.any()
    assert not plain.coarse.any()
    flat = fine_detail(Image.new("L", (50, 50), 77))
    assert likeness(flat, flat) == 0


REAL = Path(os.environ.get("LESIONMAP_REAL_DATA", Path(__file__).parents[2].parent / "shared/data"))


def real(name: str, pattern: str) -> list[Path]:
    paths = sorted((REAL / name).glob(pattern))
    if not paths:
        pytest.skip(f"{name} is not in LESIONMAP_REAL_DATA")
    return paths


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("nih_cxr", "*/*.jpg"), ("busi", "[bmn]*/[bmn]*.png"), ("polyp_crops", "t*/*/*.png"), ("ucsb_breast", "*/*.png")],
)
def test_copies_of_real_images_are_found(name, pattern):
    for path in real(name, pattern)[::40]:
        with Image.open(path) as image:
            original = image.convert("RGB")
        code = int(perceptual_hash(thumbnail(original)), 16)
        for kind, copy in copies(original).items():
            assert are_same(original, copy), (path.name, kind)
            assert (code ^ int(perceptual_hash(thumbnail(copy)), 16)).bit_count() <= 10, (path.name, kind)


def test_no_two_patients_are_the_same():
    images = {path.name: Image.open(path) for path in real("nih_cxr", "*/*.jpg")[::5]}
    looks = {name: look(image) for name, image in images.items()}
    coarse = {
        (one, other): agreement(looks[one].coarse, looks[other].coarse)
        for one, other in itertools.combinations(images, 2)
        if one.split("_")[0] != other.split("_")[0]
    }
    most_alike = sorted(coarse, key=coarse.get)[-8:]
    assert not any(are_same(images[one], images[other]) for one, other in most_alike)
    assert max(likeness(fine_detail(images[one]), fine_detail(images[other])) for one, other in most_alike) < 0.8
    assert np.max(list(coarse.values())) < SAME_COARSE


def test_the_double_scans_of_busi_are_found():
    paths = {path.stem: path for path in real("busi", "[bmn]*/[bmn]*.png")}
    for one, other in (("normal_005", "normal_013"), ("normal_040", "normal_046"), ("normal_039", "normal_048")):
        if one in paths and other in paths:
            assert are_same(Image.open(paths[one]), Image.open(paths[other]))
