"""Colours of values: tables of 256 RGBA colours from the low end of the scale to the high end."""

import numpy as np

from stages.render.settings import Settings

SPAN = (0.35, 0.88)  # of the palette: its darkest part would look like shadow, its palest like dense tissue


def table(settings: Settings) -> np.ndarray:
    """(256, 4), uint8. Opacity grows with the value, or from the middle outwards where the map is signed."""
    import matplotlib

    at = np.linspace(0, 1, 256)
    strength = np.abs(2 * at - 1) if settings.signed else at
    palette = settings.signed_colors if settings.signed else settings.colors
    colors = matplotlib.colormaps[palette](at if settings.signed else SPAN[0] + (SPAN[1] - SPAN[0]) * at)
    colors[:, 3] = settings.opacity * strength
    return np.rint(colors * 255).astype(np.uint8)


def hexadecimal(colors: np.ndarray, count: int) -> list[str]:
    """`count` colours of a table, evenly from end to end, as #rrggbbaa."""
    places = np.linspace(0, len(colors) - 1, count).round().astype(int)
    return ["#" + bytes(color).hex() for color in colors[places]]


def rgb(color: str) -> tuple[int, int, int]:
    """The three channels of #rrggbb."""
    return tuple(bytes.fromhex(color.removeprefix("#")))
