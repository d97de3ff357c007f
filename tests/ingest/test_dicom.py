"""DICOM as its window shows it; of its header only the patient's id is used."""

import numpy as np
import pytest

from stages.ingest.decode import decode, encode
from stages.ingest.listing import UnfitError
from tests.ingest.factory import dicom, pixels

RAMP = np.linspace(0, 4095, 40 * 48).round().astype(np.uint16).reshape(40, 48)
TWELVE = {"BitsStored": 12, "HighBit": 11}


def shown(content: bytes) -> np.ndarray:
    return np.asarray(decode(content).image).astype(float)


def test_without_a_window_from_darkest_to_brightest():
    np.testing.assert_allclose(shown(dicom(RAMP + 100)), RAMP / 4095 * 65535, atol=0.51)
    padded = RAMP.copy()
    padded[0] = 60000
    values = shown(dicom(padded, PixelPaddingValue=60000))
    np.testing.assert_allclose(values[1:], (RAMP[1:] - RAMP[1:].min()) / (4095.0 - RAMP[1:].min()) * 65535, atol=0.51)


def test_eight_bits_stay_eight_bits():
    picture = decode(dicom(pixels(), WindowCenter=128, WindowWidth=256))
    assert picture.image.mode == "L"
    np.testing.assert_allclose(np.asarray(picture.image), pixels(), atol=1)


def test_linear_window():
    """PS3.3 C.11.2.1.2.1: y = ((x - (c - 0.5)) / (w - 1) + 0.5) * range, clipped."""
    center, width = 2048.0, 1000.0
    expected = np.clip((RAMP - (center - 0.5)) / (width - 1) + 0.5, 0, 1) * 65535
    np.testing.assert_allclose(shown(dicom(RAMP, WindowCenter=center, WindowWidth=width, **TWELVE)), expected, atol=1)
    several = dicom(RAMP, WindowCenter=[center, 40], WindowWidth=[width, 400], **TWELVE)
    np.testing.assert_allclose(shown(several), expected, atol=1)


def test_window_comes_after_rescaling():
    content = dicom(RAMP, RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3000, WindowWidth=2000, **TWELVE)
    expected = np.clip((RAMP * 2.0 - 1000 - 2999.5) / 1999 + 0.5, 0, 1) * 65535
    np.testing.assert_allclose(shown(content), expected, atol=1)


def test_monochrome1_is_inverted():
    as_stored = shown(dicom(RAMP, WindowCenter=2048, WindowWidth=4096, **TWELVE))
    inverted = dicom(RAMP, WindowCenter=2048, WindowWidth=4096, PhotometricInterpretation="MONOCHROME1", **TWELVE)
    np.testing.assert_allclose(shown(inverted), 65535 - as_stored)


def test_colour():
    values = pixels(channels=3)
    samples = values.reshape(len(values), -1)  # the three samples of a pixel lie side by side
    tags = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    np.testing.assert_array_equal(np.asarray(decode(dicom(samples, Columns=48, **tags)).image), values)


def test_the_header_stays_behind():
    content = dicom(RAMP, patient_id="MRN-4711")
    picture = decode(content)
    assert (picture.patient_id, picture.is_plain) == ("MRN-4711", False)
    out, suffix = encode(content, picture)
    assert suffix == ".png"
    assert b"4711" not in out
    assert b"Doe" not in out


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        (dicom(np.stack([RAMP, RAMP])), "multi_frame", "2 frames"),
        (dicom(RAMP)[:-500], "unreadable", "less than expected"),
        (dicom(RAMP)[:400], "not_an_image", "without pixels"),
        (bytes(128) + b"DICM", "not_an_image", "without pixels"),
    ],
)
def test_what_is_refused(content, reason, detail):
    with pytest.raises(UnfitError) as caught:
        decode(content)
    assert (caught.value.reason, detail in caught.value.detail) == (reason, True)
