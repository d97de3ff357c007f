"""From millimetres in the patient to pixels on the detector.

Patient axes in mm: x to the patient's left (the image's right, as radiographs are hung), y down, z to the front
(towards the detector, as in a postero-anterior view). The origin lies in mid-depth on the midline, at the hila.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image
from scipy import ndimage

SOURCE_TO_DETECTOR = 1830.0
"""Focus-detector distance of an upright chest radiograph in mm (6 feet)."""
ORIGIN_TO_DETECTOR = 150.0
"""Distance of the patient's mid-depth from the detector, mm."""
CHUNK = 8192
Window = tuple[slice, slice]


@dataclass(frozen=True)
class Camera:
    """A cone beam whose turns are small: a turn shears the patient, which is exact to the first order."""

    size: int
    """Height and width of the detector in pixels."""
    field: float
    """Height and width of the detector in mm."""
    yaw: float = 0.0
    """Turn about the patient's long axis, radians: fronts move sideways against backs."""
    pitch: float = 0.0
    """Forward or backward lean, radians: fronts move up or down against backs."""
    roll: float = 0.0
    """Turn in the detector's plane, radians."""
    shift: tuple[float, float] = (0.0, 0.0)
    """Where the origin's ray meets the detector, mm right and down of its centre."""

    @cached_property
    def coarse(self) -> int:
        """Pixels a side of the grid on which smooth organs are drawn."""
        return -(-self.size // 2)

    def magnification(self, depth: float | np.ndarray) -> float | np.ndarray:
        """How much larger than life a thing at `depth` (z in mm) appears."""
        return SOURCE_TO_DETECTOR / (SOURCE_TO_DETECTOR - ORIGIN_TO_DETECTOR + depth)

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Column and row (in detector pixels, edges at whole numbers) of points (n, 3) in mm."""
        x, y, z = np.moveaxis(np.asarray(points, dtype=np.float64), -1, 0)
        scale = self.magnification(z)
        u, v = (x + self.yaw * z) * scale, (y + self.pitch * z) * scale
        cosine, sine = np.cos(self.roll), np.sin(self.roll)
        column = cosine * u - sine * v + self.shift[0]
        row = sine * u + cosine * v + self.shift[1]
        return (column / self.field + 0.5) * self.size, (row / self.field + 0.5) * self.size

    def plane(self, depth: float, pixels: int | None = None, window: Window | None = None) -> tuple[np.ndarray, ...]:
        """Patient x and y in mm where each pixel's ray crosses `depth`: the inverse of `project`.

        The grid has `pixels` a side (default: the coarse grid); `window` cuts a part out of it.
        """
        pixels = pixels or self.coarse
        rows, columns = window or (slice(0, pixels), slice(0, pixels))
        u = (np.arange(columns.start, columns.stop) + 0.5) / pixels * self.field - self.field / 2 - self.shift[0]
        v = (np.arange(rows.start, rows.stop) + 0.5) / pixels * self.field - self.field / 2 - self.shift[1]
        u, v = u[None, :], v[:, None]
        scale = self.magnification(depth)
        cosine, sine = np.cos(self.roll), np.sin(self.roll)
        x = (cosine * u + sine * v) / scale - self.yaw * depth
        y = (cosine * v - sine * u) / scale - self.pitch * depth
        return x.astype(np.float32), y.astype(np.float32)

    def window(self, centre: np.ndarray, radius: float) -> Window:
        """The part of the detector (in its own pixels) within `radius` mm of a point (3,); empty if outside."""
        column, row = (float(value) for value in self.project(centre))
        reach = radius * float(self.magnification(centre[2])) * self.size / self.field + 2
        return _span(row, reach, self.size), _span(column, reach, self.size)

    def splat(self, points: np.ndarray, volumes: np.ndarray, pixels: int | None = None) -> np.ndarray:
        """Path length in mm (pixels, pixels) of small volumes (n,) in mm3 at points (n, 3), shared bilinearly.

        `pixels` is the side of the grid (default: the detector's own).
        """
        pixels = pixels or self.size
        canvas = np.zeros(pixels * pixels)
        # In chunks: large temporary arrays cost more in fresh memory than in arithmetic.
        for start in range(0, len(points), CHUNK):
            part = slice(start, start + CHUNK)
            self._splat_onto(canvas, points[part], volumes[part], pixels)
        return canvas.reshape(pixels, pixels).astype(np.float32)

    def blur(self, layer: np.ndarray, sigma: float) -> np.ndarray:
        """Gaussian blur of a square layer, `sigma` in mm on the detector."""
        return ndimage.gaussian_filter(layer, sigma * layer.shape[0] / self.field, mode="nearest", truncate=3.0)

    def resample(self, layer: np.ndarray, pixels: int | None = None) -> np.ndarray:
        """A square layer on a grid of `pixels` a side (default: the detector's own); averages when it shrinks."""
        pixels = pixels or self.size
        if layer.shape[0] == pixels:
            return layer
        image = Image.fromarray(np.ascontiguousarray(layer, dtype=np.float32))
        return np.asarray(image.resize((pixels, pixels), Image.Resampling.BILINEAR))

    def _splat_onto(self, canvas: np.ndarray, points: np.ndarray, volumes: np.ndarray, pixels: int) -> None:
        column, row = (value * (pixels / self.size) - 0.5 for value in self.project(points))
        inside = (column > 0) & (row > 0) & (column < pixels - 1) & (row < pixels - 1)
        column, row = column[inside], row[inside]
        left, top = column.astype(np.int64), row.astype(np.int64)
        lengths = volumes[inside] * (self.magnification(points[inside, 2]) * (pixels / self.field)) ** 2
        right_part, low_part = column - left, row - top
        low = lengths * low_part
        low_right, right = low * right_part, lengths * right_part
        corner = top * pixels + left
        np.add.at(canvas, corner, lengths - low - right + low_right)
        np.add.at(canvas, corner + 1, right - low_right)
        np.add.at(canvas, corner + pixels, low - low_right)
        np.add.at(canvas, corner + pixels + 1, low_right)


def chord(squared: np.ndarray) -> np.ndarray:
    """sqrt(1 - squared), zero outside: the half-length of a ray through a unit sphere."""
    return np.sqrt(np.clip(1 - squared, 0, None))


def sigmoid(values: np.ndarray | float) -> np.ndarray:
    """The logistic function, for soft edges."""
    return 0.5 + 0.5 * np.tanh(0.5 * np.asarray(values))


def _span(centre: float, reach: float, size: int) -> slice:
    start, stop = (int(np.clip(np.floor(value), 0, size)) for value in (centre - reach, centre + reach + 1))
    return slice(start, max(start, stop))
