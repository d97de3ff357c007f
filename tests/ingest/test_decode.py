"""Every kind of image file becomes upright grey or RGB without anything about the patient, or is refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from stages.ingest.decode import decode, encode
from stages.ingest.listing import UnfitError
from tests.ingest.factory import encoded, pixels

GREY, COLOUR = pixels(), pixels(channels=3)
DEEP = pixels().astype(np.uint16) * 257


def stored(content: bytes) -> tuple[np.ndarray, bytes, str]:
    """What ingest stores for a file: pixels, bytes, suffix."""
    out, suffix = encode(content, decode(content))
    with Image.open(io.BytesIO(out)) as image:
        return np.asarray(image), out, suffix


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (encoded(GREY), ".png"),
        (encoded(COLOUR), ".png"),
        (encoded(DEEP), ".png"),
        (encoded(COLOUR, dpi=(300, 300)), ".png"),
        (encoded(GREY, "JPEG"), ".jpg"),
        (encoded(COLOUR, "JPEG", progressive=True), ".jpg"),
    ],
)
def test_plain_files_stay_as_they_came(content, suffix):
    _, out, found = stored(content)
    assert (out, found) == (content, suffix)


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[0x0112], data[0x010E] = orientation, "SECRET"
    return data


def text_chunk() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "SECRET")
    return info


@pytest.mark.parametrize(
    "content",
    [
        encoded(GREY, pnginfo=text_chunk()),
        encoded(GREY, exif=exif(1)),
        encoded(COLOUR, icc_profile=b"SECRET" * 30),
        encoded(COLOUR, "JPEG", exif=exif(1)),
        encoded(COLOUR, "JPEG", comment=b"SECRET"),
        encoded(COLOUR, "JPEG", xmp=b"<x>SECRET</x>"),
        encoded(COLOUR, "JPEG") + b"SECRET",
        encoded(GREY) + b"SECRET",
        encoded(GREY, "TIFF", description="SECRET"),
    ],
)
def test_metadata_is_left_behind(content):
    assert b"SECRET" in content or b"iCCP" in content  # a profile is compressed
    values, out, suffix = stored(content)
    assert suffix == ".png"
    assert b"SECRET" not in out
    with Image.open(io.BytesIO(content)) as image:
        np.testing.assert_array_equal(values, np.asarray(image))
    chunks = set()
    at = 8
    while at < len(out):
        length, kind = struct.unpack(">I4s", out[at : at + 8])
        chunks.add(kind)
        at += 12 + length
    assert chunks == {b"IHDR", b"IDAT", b"IEND"}


@pytest.mark.parametrize(("orientation", "turn"), [(3, 2), (6, 3), (8, 1)])
def test_turned_as_exif_says(orientation, turn):
    values, _, _ = stored(encoded(COLOUR, "PNG", exif=exif(orientation)))
    np.testing.assert_array_equal(values, np.rot90(COLOUR, turn))


@pytest.mark.parametrize("kind", ["BMP", "TIFF"])
def test_other_formats_become_png(kind):
    for source in (GREY, COLOUR):
        values, _, suffix = stored(encoded(source, kind))
        np.testing.assert_array_equal(values, source)
        assert suffix == ".png"


def test_deep_tiff_keeps_its_levels():
    np.testing.assert_array_equal(stored(encoded(DEEP, "TIFF"))[0], DEEP)
    np.testing.assert_array_equal(stored(encoded(DEEP.astype(np.int32), "TIFF"))[0], DEEP)


def test_odd_numbers_are_stretched():
    values = stored(encoded(GREY.astype(np.float32) / 1000 - 0.1, "TIFF"))[0]
    assert (values.min(), values.max(), values.dtype) == (0, 65535, np.uint16)
    low, high = int(GREY.min()), int(GREY.max())
    np.testing.assert_allclose(values, (GREY.astype(float) - low) / (high - low) * 65535, atol=1)
    with pytest.raises(UnfitError, match="not finite"):
        decode(encoded(np.full((4, 4), np.nan, np.float32), "TIFF"))


def test_palette_alpha_and_print_colours():
    palette = Image.fromarray(COLOUR).quantize(16)
    np.testing.assert_array_equal(stored(encoded(palette))[0], np.asarray(palette.convert("RGB")))
    alpha = np.dstack([COLOUR, np.zeros(GREY.shape, np.uint8)])
    alpha[:10, :, 3] = 255
    over_black = COLOUR.copy()
    over_black[10:] = 0
    np.testing.assert_array_equal(stored(encoded(alpha))[0], over_black)
    grey_alpha = np.dstack([GREY, alpha[..., 3]])
    values = stored(encoded(Image.fromarray(grey_alpha)))[0]
    np.testing.assert_array_equal(values, np.where(alpha[..., 3], GREY, 0))
    cmyk = Image.fromarray(COLOUR).convert("CMYK")
    values = stored(encoded(cmyk, "JPEG", quality=95))[0]
    assert values.shape == COLOUR.shape
    assert np.abs(values.astype(int) - COLOUR).mean() < 4
    bits = Image.fromarray(GREY > 128)
    np.testing.assert_array_equal(stored(encoded(bits))[0], np.where(GREY > 128, 255, 0))
    keyed = encoded(np.where(GREY < 100, 7, GREY).astype(np.uint8), transparency=7)
    np.testing.assert_array_equal(stored(keyed)[0], np.where(GREY < 100, 0, GREY))


def frames(kind: str) -> bytes:
    """A file of two images."""
    return encoded(GREY, kind, save_all=True, append_images=[Image.fromarray(255 - GREY)])


def damaged(content: bytes) -> bytes:
    """A bit turned in the middle of the compressed pixels, with the chunk's checksum left as it was."""
    at = content.index(b"IDAT") + 40
    return content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :]


def huge() -> bytes:
    """A PNG that claims 60,000 x 60,000 pixels."""
    header = struct.pack(">II5B", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    packed = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        (b"", "unreadable", "empty"),
        (encoded(GREY)[:200], "unreadable", ""),
        (encoded(GREY)[:20], "unreadable", ""),
        (damaged(encoded(GREY)), "unreadable", ""),
        (encoded(COLOUR, "JPEG")[:-300], "unreadable", "truncated"),
        (huge(), "unreadable", "pixels"),
        (b"<!DOCTYPE html><html><body>Too many requests</body></html>", "not_an_image", "HTML"),
        (b"\n  <HTML><head></head></HTML>", "not_an_image", "HTML"),
        (b"path,label\na.png,normal\n", "not_an_image", "neither PNG"),
        (bytes(1000), "not_an_image", "neither PNG"),
        (frames("TIFF"), "multi_frame", "2"),
        (frames("GIF"), "multi_frame", "2"),
        (frames("PNG"), "multi_frame", "2"),
    ],
)
def test_what_is_refused(content, reason, detail):
    with pytest.raises(UnfitError) as caught:
        decode(content)
    assert caught.value.reason == reason
    assert detail in caught.value.detail
    assert "0x" not in caught.value.detail  # an address in memory would differ from run to run
