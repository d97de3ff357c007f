"""A stored image file -> the 8-bit RGB pixels that the network sees."""

from pathlib import Path

import numpy as np
from PIL import Image

from stages.common.errors import UserError
from stages.common.geometry import Fit, Size, fit_image, place

DEPTHS = (8, 10, 12, 14, 16)  # bits that detectors store in 16-bit files


def decode(path: Path, size: Size, fit: Fit) -> np.ndarray:
    """Pixels (height, width, 3), uint8, of a stored image on the input grid. Grey is repeated over the channels.

    Raises:
        UserError: the file cannot be read; what ingest wrote can, so something has changed it since.
    """
    try:
        with Image.open(path) as image:
            return fitted(image, size, fit)
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{path} cannot be read as an image ({error}); run `dvc repro --force ingest`") from error


def fitted(image: Image.Image, size: Size, fit: Fit) -> np.ndarray:
    """Pixels (height, width, 3), uint8, of an opened image on the input grid."""
    pixels = np.asarray(fit_image(eight_bit(image), place((image.height, image.width), size, fit)))
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def eight_bit(image: Image.Image) -> Image.Image:
    """Grey or RGB with 8 bits a channel.

    16-bit grey is scaled from 0..2**d - 1, d the smallest common detector depth that holds the image's maximum, so that
    a 12-bit radiograph in a 16-bit file is not black.
    """
    if image.mode in ("L", "RGB"):
        return image
    if not image.mode.startswith("I"):
        return image.convert("RGB")
    values = np.asarray(image).astype(np.float32)
    depth = next((bits for bits in DEPTHS if values.max() < 2**bits), DEPTHS[-1])
    return Image.fromarray(np.clip(np.rint(values * (255 / (2**depth - 1))), 0, 255).astype(np.uint8))
