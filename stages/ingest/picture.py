"""What decoding gives, and what the decoders share."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from stages.ingest.listing import UnfitError

DEEP = 65535
"""The largest 16-bit grey level."""


@dataclass(frozen=True)
class Picture:
    """A decoded image."""

    image: Image.Image
    """Mode L or RGB, 8 bits; or I;16, 16-bit grey. Turned as its EXIF says."""
    is_plain: bool
    """The file is a PNG or JPEG that holds these very pixels and nothing else."""
    patient_id: str = ""
    """Of DICOM, as it stands there; empty for others."""


def stretch(values: np.ndarray, low: float, high: float, top: int) -> np.ndarray:
    """`values` with low..high brought to 0..top, rounded and clipped (float64); all 0 where low is not below high."""
    if high <= low:
        return np.zeros(values.shape)
    return np.clip(np.rint((values.astype(np.float64) - low) * (top / (float(high) - float(low)))), 0, top)


def damaged(error: Exception) -> UnfitError:
    """A decoder's error, in one short line without addresses in memory."""
    text = " ".join(str(error).split())
    return UnfitError("unreadable", text[:120] if text and " at 0x" not in text else type(error).__name__)
