"""A map over an image: pure functions of arrays. Images are (h, w, 3), uint8; layers (h, w, 4), uint8, RGBA."""

import numpy as np
from PIL import Image

from stages.common.geometry import Size
from stages.render.scale import Ends

LINE = 2  # pixels of the outline, outside the region, with a dark pixel on both sides
DARK = (0, 0, 0)


def overlay(
    image: np.ndarray,
    values: np.ndarray | None,
    ends: Ends | None,
    colors: np.ndarray,
    inside: np.ndarray | None,
    outline: tuple[int, int, int],
) -> np.ndarray:
    """Draw a map and the outline of the regions on an image, all on one grid.

    Args:
        image: (h, w, 3), uint8.
        values: (h, w), or None: no map is drawn.
        ends: the values of the first and the last colour; what is beyond takes the nearest.
        colors: (256, 4), RGBA.
        inside: the regions' pixels (h, w), bool, or None.
        outline: the colour of the outline.
    """
    drawn = image if values is None or ends is None else blend(image, layer(values, ends, colors))
    return drawn if inside is None else outlined(drawn, inside, outline)


def layer(values: np.ndarray, ends: Ends, colors: np.ndarray) -> np.ndarray:
    """The colours (h, w, 4) of values (h, w)."""
    places = np.rint((values - ends.low) * (255 / (ends.high - ends.low)))
    return colors[np.clip(places, 0, 255).astype(np.uint8)]


def blend(image: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Lay an RGBA layer over an image."""
    alpha = above[..., 3:].astype(np.uint16)
    mixed = image * (255 - alpha) + above[..., :3] * alpha
    return ((mixed + 127) // 255).astype(np.uint8)


def outlined(image: np.ndarray, inside: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    """Draw a line around the regions, just outside them, so that it covers nothing of a finding."""
    rings = [_grown(inside, pixels) for pixels in (1, 1 + LINE, 2 + LINE)]
    drawn = image.copy()
    drawn[rings[2] & ~inside] = DARK
    drawn[rings[1] & ~rings[0]] = color
    return drawn


def resized(values: np.ndarray, size: Size) -> np.ndarray:
    """Values (h, w), float32, or a mask (h, w), bool, on a grid of another size: antialiased bilinear.

    A mask that shrinks keeps every pixel that it touches, or a small finding in a large image would be gone.
    """
    if values.shape == tuple(size):
        return values
    image = Image.fromarray(values.astype(np.float32))
    if values.dtype != bool:
        return np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR))
    if max(size) < max(values.shape):
        return np.asarray(image.resize((size[1], size[0]), Image.Resampling.BOX)) > 0
    return np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR)) >= 0.5


def _grown(inside: np.ndarray, pixels: int) -> np.ndarray:
    """The mask and what is within a square of `pixels` around it: shifted copies, first down and up, then sideways."""
    for turned in (False, True):
        source = inside.T if turned else inside
        grown = source.copy()
        for shift in range(1, pixels + 1):
            grown[shift:] |= source[:-shift]
            grown[:-shift] |= source[shift:]
        inside = grown.T if turned else grown
    return inside
