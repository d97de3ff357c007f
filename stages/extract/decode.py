"""A stored image file -> the 8-bit RGB pixels that the network sees."""

from pathlib import Path

import numpy as np
from PIL import Image

from stages.common.depth import eight_bit
from stages.common.errors import UserError
from stages.common.geometry import pad, place, resize
from stages.models.image import ImageSettings

IMAGENET_MEAN, IMAGENET_DEVIATION = (123.7, 116.3, 103.5), (58.4, 57.1, 57.4)  # red, green, blue, of 255


def decode(path: Path, view: ImageSettings) -> np.ndarray:
    """Pixels (height, width, 3), uint8, of a stored image on the input grid. Grey is repeated over the channels.

    Raises:
        UserError: the file cannot be read; what ingest wrote can, so something has changed it since.
    """
    try:
        with Image.open(path) as image:
            return fitted(image, view)
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{path} cannot be read as an image ({error}); run `dvc repro --force ingest`") from error


def fitted(image: Image.Image, view: ImageSettings) -> np.ndarray:
    """Pixels (height, width, 3), uint8, of an opened image on the input grid."""
    placement = place((image.height, image.width), view.size, view.fit)
    resized = resize(eight_bit(image), placement)
    if view.normalize:
        resized = Image.fromarray(normalized(np.asarray(resized.convert("RGB"))))
    pixels = np.asarray(pad(resized, placement))
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def normalized(pixels: np.ndarray) -> np.ndarray:
    """Pixels (h, w, 3), uint8, each channel shifted and stretched to ImageNet's mean and deviation.

    Light, exposure and stain then tell nothing. What comes out is within 1..255: 0 is what pads. After Reinhard et al.
    2001 (doi:10.1109/38.946629), in RGB.
    """
    values = pixels.astype(np.float32)
    mean, deviation = (each(values, axis=(0, 1)) for each in (np.mean, np.std))
    values = (values - mean) / np.maximum(deviation, 1) * IMAGENET_DEVIATION + IMAGENET_MEAN
    return np.clip(np.rint(values), 1, 255).astype(np.uint8)
