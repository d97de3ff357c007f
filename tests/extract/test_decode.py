"""Stored images of every kind -> the pixels that the network sees."""

import numpy as np
import pytest
from PIL import Image

from stages.common.errors import UserError
from stages.extract.decode import decode
from stages.models.image import ImageSettings
from tests import factories

SIZE = (48, 64)
VIEW = ImageSettings(height=48, width=64)


def decoded(tmp_path, image, size=SIZE, fit="stretch", name="image.png", **options):
    image.save(tmp_path / name)
    pixels = decode(tmp_path / name, ImageSettings(height=size[0], width=size[1], fit=fit, **options))
    assert pixels.shape == (*size, 3)
    assert pixels.dtype == np.uint8
    return pixels


def test_grey_is_repeated_over_the_channels(tmp_path):
    image = factories.picture(0)
    np.testing.assert_array_equal(decoded(tmp_path, image), np.stack([np.asarray(image)] * 3, axis=-1))


def test_colours_stay_as_they_are(tmp_path):
    image = factories.picture(0, mode="RGB")
    np.testing.assert_array_equal(decoded(tmp_path, image), np.asarray(image))


def test_a_palette_is_looked_up(tmp_path):
    image = Image.new("P", SIZE[::-1], 3)
    image.putpalette([0] * 9 + [10, 200, 30])
    assert (decoded(tmp_path, image) == (10, 200, 30)).all()


def test_black_and_white_spans_the_range(tmp_path):
    image = Image.fromarray(np.arange(48 * 64).reshape(48, 64) % 2 == 1)
    assert set(np.unique(decoded(tmp_path, image))) == {0, 255}


def test_sixteen_bits_of_a_twelve_bit_detector_are_not_black(tmp_path):
    values = np.linspace(0, 4095, 48 * 64).reshape(SIZE).astype(np.uint16)
    pixels = decoded(tmp_path, Image.fromarray(values))[..., 0]
    np.testing.assert_allclose(pixels, values * (255 / 4095), atol=0.51)
    assert (pixels[0, 0], pixels[-1, -1]) == (0, 255)


@pytest.mark.parametrize(("largest", "bits"), [(255, 8), (256, 10), (4096, 14), (16383, 14), (16384, 16), (65535, 16)])
def test_the_depth_is_the_smallest_that_holds_the_image(tmp_path, largest, bits):
    values = np.zeros(SIZE, np.uint16)
    values[0, 0] = largest
    assert decoded(tmp_path, Image.fromarray(values))[0, 0, 0] == round(largest * 255 / (2**bits - 1))


def test_letterbox_pads_with_black(tmp_path):
    pixels = decoded(tmp_path, Image.new("RGB", (200, 100), (9, 200, 7)), size=(64, 64), fit="letterbox")
    assert (pixels[:16] == 0).all()
    assert (pixels[16:48] == (9, 200, 7)).all()
    assert (pixels[48:] == 0).all()


def test_normalization_undoes_light_and_stain(tmp_path):
    image = np.asarray(factories.picture(0, mode="RGB")).astype(np.float64)
    stained = np.clip(image * (0.4, 0.6, 0.5) + (60, 20, 40), 0, 255).round().astype(np.uint8)
    plain, other = (
        decoded(tmp_path, Image.fromarray(each), normalize=True).astype(float)
        for each in (image.astype(np.uint8), stained)
    )
    assert np.abs(plain - other).mean() < 2
    np.testing.assert_allclose(plain.mean(axis=(0, 1)), (123.7, 116.3, 103.5), atol=4)


def test_normalization_leaves_padding_black_and_looks_at_the_image_alone(tmp_path):
    image = factories.picture(0, (64, 64), mode="RGB")
    padded = decoded(tmp_path, image, size=(64, 128), fit="letterbox", normalize=True)
    assert (padded[:, :32] == 0).all()
    np.testing.assert_array_equal(padded[:, 32:96], decoded(tmp_path, image, size=(64, 64), normalize=True))
    assert padded[:, 32:96].min() >= 1


def test_an_image_of_one_colour_stays_one(tmp_path):
    assert len(np.unique(decoded(tmp_path, Image.new("RGB", (64, 48), (9, 9, 9)), normalize=True))) <= 3


def test_a_large_image_is_averaged_and_not_sampled(tmp_path):
    checks = (np.indices((480, 640)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert np.abs(decoded(tmp_path, Image.fromarray(checks)).astype(int) - 127.5).max() < 4


def test_a_file_spoilt_since_ingest_is_a_clear_error(tmp_path):
    path = tmp_path / "image.png"
    factories.picture(0).save(path)
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(UserError, match=r"image\.png cannot be read as an image"):
        decode(path, VIEW)
    path.write_text("<html>")
    with pytest.raises(UserError, match="dvc repro --force ingest"):
        decode(path, VIEW)


def test_real_images_of_every_set_decode(real_data):
    for pattern in ("nih_cxr/images/*", "nih_cxr/**/*.jpg", "busi/**/*.png", "polyp_crops/**/*.png"):
        paths = sorted(real_data.glob(pattern))[:2]
        for path in paths:
            assert decode(path, ImageSettings(height=64, width=64, fit="letterbox")).std() > 5, path
