"""A DICOM file as the image that its window shows. Only pixels and the patient's id are taken from it."""

import io

import numpy as np
import pydicom
from PIL import Image
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, apply_windowing
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from stages.ingest.listing import UnfitError
from stages.ingest.picture import DEEP, Picture, damaged, stretch

GREY = ("MONOCHROME1", "MONOCHROME2")
BARE_STARTS = (b"\x02\x00", b"\x08\x00")  # little-endian group 2 or 8: a data set without the preamble


def is_dicom(content: bytes) -> bool:
    """Whether a file's bytes begin as DICOM does, with or without the preamble."""
    return content[128:132] == b"DICM" or content.startswith(BARE_STARTS)


def decode(content: bytes) -> Picture:
    """Grey as the first VOI window or table shows it (without one: from the darkest to the brightest pixel, padding
    left out), bright is dense; 8 bits where the file stores as many, else 16. Colour as RGB.

    DICOM PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT), C.7.6.3 (photometric interpretation).

    Raises:
        UnfitError: unreadable, not_an_image or multi_frame.
    """
    try:
        dataset = _read(content)
        if "PixelData" not in dataset:
            raise UnfitError("not_an_image", "DICOM without pixels")
        frames = int(dataset.get("NumberOfFrames") or 1)
        if frames > 1:
            raise UnfitError("multi_frame", f"DICOM with {frames} frames")
        image = _colour(dataset) if dataset.PhotometricInterpretation not in GREY else _grey(dataset)
    except UnfitError:
        raise
    except Exception as error:  # pydicom and its decoders raise almost anything for a damaged file
        raise damaged(error) from None
    return Picture(image, False, str(dataset.get("PatientID") or "").strip())


def _read(content: bytes) -> pydicom.Dataset:
    dataset = pydicom.dcmread(io.BytesIO(content), force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:  # a bare data set is uncompressed
        implicit, _ = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    return dataset


def _grey(dataset: pydicom.Dataset) -> Image.Image:
    raw = dataset.pixel_array
    values = apply_modality_lut(raw, dataset)
    low, high = _bounds(values[_seen(raw, dataset)])
    if dataset.get("VOILUTSequence"):
        low, high = 0, 2 ** int(dataset.VOILUTSequence[0].LUTDescriptor[2]) - 1
        values = apply_voi_lut(values, dataset)
    elif dataset.get("WindowCenter") is not None and dataset.get("WindowWidth") is not None:
        low, high = apply_windowing(np.array([-1e12, 1e12]), dataset)  # the ends of what the window gives
        values = apply_windowing(values, dataset)
    top = 255 if dataset.BitsStored <= 8 else DEEP
    shown = stretch(values, low, high, top)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        shown = top - shown
    return Image.fromarray(shown.astype(np.uint8 if top == 255 else np.uint16))


def _seen(raw: np.ndarray, dataset: pydicom.Dataset) -> np.ndarray:
    """The pixels that are not padding."""
    padding = dataset.get("PixelPaddingValue")
    seen = np.ones(raw.shape, bool) if padding is None else raw != padding
    return seen if seen.any() else ~seen


def _bounds(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _colour(dataset: pydicom.Dataset) -> Image.Image:
    pixels = dataset.pixel_array
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, dataset)
    if pixels.dtype != np.uint8:
        bits = 16 if dataset.PhotometricInterpretation == "PALETTE COLOR" else dataset.BitsStored
        pixels = stretch(pixels, 0, 2**bits - 1, 255).astype(np.uint8)
    return Image.fromarray(pixels)
