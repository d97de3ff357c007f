"""Generated chest radiographs in place of the real ones: the same bytes for the same image, at any time."""

import functools
import io
import zlib

import numpy as np
from PIL import Image

TWINS = {"CXR1015_IM-0013-1001": "CXR1015_IM-0001-1001", "CXR1015_IM-0013-2001": "CXR1015_IM-0001-2001"}
"""Exact duplicates in the real collection."""


@functools.lru_cache(maxsize=1000)
def png(image_id: str, width: int, abnormal: bool) -> bytes:
    """A grey PNG, `width` pixels wide: body, lungs, spine, ribs, noise; and a bright spot when abnormal."""
    generator = np.random.default_rng(zlib.crc32(TWINS.get(image_id, image_id).encode()))
    height = int(width * generator.uniform(0.82, 1.2))
    pixels = _thorax(height, width, generator)
    if abnormal:
        pixels += 70 * _ellipse(height, width, *generator.uniform((0.35, 0.25), (0.65, 0.75)), 0.07, 0.06)
    pixels += generator.normal(0, 4, pixels.shape)
    out = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(out, "PNG", compress_level=1)
    return out.getvalue()


def dicom(image_id: str, width: int, abnormal: bool) -> bytes:
    """The same picture as an uncompressed 8-bit DICOM file."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

    with Image.open(io.BytesIO(png(image_id, width, abnormal))) as picture:
        pixels = np.asarray(picture)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.8.498.{zlib.crc32(image_id.encode())}"
    data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.PatientID, data.Modality, data.PhotometricInterpretation = "12345", "DX", "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel = 1
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.PixelData = pixels.tobytes() + b"\0" * (pixels.size % 2)
    out = io.BytesIO()
    data.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _thorax(height: int, width: int, generator: np.random.Generator) -> np.ndarray:
    shift = generator.uniform(-0.08, 0.08)
    pixels = 20 + 150 * _ellipse(height, width, 0.55, 0.5 + shift, *generator.uniform((0.5, 0.38), (0.75, 0.54)))
    for side in (-1, 1):
        lung = generator.uniform((0.42, 0.16, 0.24, 0.11), (0.54, 0.24, 0.38, 0.19))
        pixels -= 95 * _ellipse(height, width, lung[0], 0.5 + shift + side * lung[1], lung[2], lung[3])
    pixels += 40 * _ellipse(height, width, 0.5, 0.5 + shift, 0.6, 0.035)
    pixels += 45 * _ellipse(height, width, 0.62, 0.56 + shift, *generator.uniform(0.1, 0.18, 2))
    ribs = np.sin(np.linspace(0, generator.uniform(11, 17) * np.pi, height))[:, None] * 8
    return pixels + ribs + _tissue(height, width, generator)


def _tissue(height: int, width: int, generator: np.random.Generator) -> np.ndarray:
    """Smooth shades, so that no two patients are nearly the same picture."""
    coarse = Image.fromarray(generator.normal(0, 22, (9, 9)).astype(np.float32))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float64)


def _ellipse(height: int, width: int, y: float, x: float, ry: float, rx: float) -> np.ndarray:
    """A soft ellipse between 0 and 1; centre and radii as fractions of the sides."""
    rows = (np.linspace(0, 1, height)[:, None] - y) / ry
    columns = (np.linspace(0, 1, width)[None, :] - x) / rx
    return np.clip((1 - np.hypot(rows, columns)) * 6, 0, 1)
