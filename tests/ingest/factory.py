"""Small images and folders of images, in every kind that people have."""

import io
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid


def pixels(height: int = 40, width: int = 48, seed: int = 0, channels: int = 0) -> np.ndarray:
    """Smooth uint8 pixels that differ from seed to seed: (height, width), or with channels."""
    random = np.random.default_rng(seed)
    shape = (6, 6, channels) if channels else (6, 6)
    cells = Image.fromarray(random.integers(20, 235, shape).astype(np.uint8))
    return np.asarray(cells.resize((width, height), Image.Resampling.BICUBIC))


def encoded(image: Image.Image | np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    """An image file's bytes."""
    content = io.BytesIO()
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(content, kind, **options)
    return content.getvalue()


def write(root: Path, files: dict[str, bytes]) -> Path:
    """Files below a folder."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def class_folders(classes: list[str], each: int = 3) -> dict[str, bytes]:
    """`<class>/<n>.png`: every image another."""
    names = [(name, n) for name in classes for n in range(each)]
    return {f"{name}/{n}.png": encoded(pixels(seed=seed)) for seed, (name, n) in enumerate(names)}


def dicom(values: np.ndarray, patient_id: str = "MRN-4711", **tags: object) -> bytes:
    """A DICOM file of grey (h, w) or (frames, h, w) uint8 or uint16 values; `tags` by keyword, None leaves one out."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = pydicom.uid.DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["lesionmap"])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    dataset.PatientID, dataset.PatientName = patient_id, "Doe^Jane"
    dataset.Rows, dataset.Columns = values.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = values.dtype.itemsize * 8
    dataset.HighBit, dataset.PixelRepresentation = dataset.BitsStored - 1, 0
    if values.ndim == 3:
        dataset.NumberOfFrames = len(values)
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.PixelData = values.tobytes()
    content = io.BytesIO()
    dataset.save_as(content, enforce_file_format=True)
    return content.getvalue()
