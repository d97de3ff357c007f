"""Stored images of any depth, as 8 bits a channel."""

import numpy as np
from PIL import Image

DEPTHS = (8, 10, 12, 14, 16)  # bits that detectors store in 16-bit files


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
