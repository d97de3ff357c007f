"""From the stored image's grid to the network's input grid and back.

Coordinates are continuous pixels: pixel i covers [i, i + 1), its centre is at i + 0.5. `stored` is the image in
data/images, `input` the fixed grid that the network sees. Sizes are (height, width).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

Fit = Literal["stretch", "letterbox", "center_crop", "native"]
Size = tuple[int, int]


@dataclass(frozen=True)
class Placement:
    """Where an image lies on the input grid: input = stored * scale + offset, for y and x alone."""

    stored: Size
    input: Size
    scale: tuple[float, float]
    offset: tuple[float, float]

    def to_stored(self, values: np.ndarray, fill: float) -> np.ndarray:
        """Resample a map (h, w) on the input grid to the stored grid, bilinear; what the network never saw is `fill`.

        Values at the rim are held constant over the outer half pixel.
        """
        ys, xs = (self._input_centres(axis) for axis in (0, 1))
        inside = _within(ys, self.input[0])[:, None] & _within(xs, self.input[1])[None, :]
        resampled = _interpolate(_interpolate(values.astype(np.float32), ys, axis=0), xs, axis=1)
        return resampled if inside.all() else np.where(inside, resampled, np.float32(fill))

    def seen(self) -> np.ndarray:
        """The stored pixels (bool, stored size) whose centre the network sees."""
        ys, xs = (self._input_centres(axis) for axis in (0, 1))
        return _within(ys, self.input[0])[:, None] & _within(xs, self.input[1])[None, :]

    def shown(self) -> np.ndarray:
        """The pixels of the input grid (bool, input size) that hold the image, not the black around it."""
        shown = np.zeros(self.input, bool)
        shown[tuple(self._span(axis) for axis in (0, 1))] = True
        return shown

    def to_input(self, y: float, x: float) -> tuple[float, float]:
        """A point of the stored image on the input grid."""
        return y * self.scale[0] + self.offset[0], x * self.scale[1] + self.offset[1]

    def _span(self, axis: int) -> slice:
        offset, length = self.offset[axis], self.stored[axis] * self.scale[axis]
        return slice(max(0, round(offset)), min(self.input[axis], round(offset + length)))

    def _input_centres(self, axis: int) -> np.ndarray:
        """Array coordinates on the input grid of the stored pixels' centres along one axis."""
        return (np.arange(self.stored[axis]) + 0.5) * self.scale[axis] + self.offset[axis] - 0.5


def place(stored: Size, input_size: Size, fit: Fit) -> Placement:
    """How an image of the stored size is brought to the input size.

    stretch fills the input and changes the aspect; letterbox shows the whole image and pads with black;
    center_crop fills the input and cuts off what is too much on the longer side; native keeps the image's own pixels
    in the middle of the input, pads with black and cuts off what does not fit.
    """
    ratios = (input_size[0] / stored[0], input_size[1] / stored[1])
    if fit == "stretch":
        return Placement(stored, input_size, ratios, (0.0, 0.0))
    scale = {"letterbox": min(ratios), "center_crop": max(ratios), "native": 1.0}[fit]
    inner = [max(1, round(length * scale)) for length in stored]
    offset = [(whole - part) // 2 for whole, part in zip(input_size, inner, strict=True)]
    exact = tuple(part / length for part, length in zip(inner, stored, strict=True))
    return Placement(stored, input_size, exact, (float(offset[0]), float(offset[1])))


def fit_image(image: Image.Image, placement: Placement) -> Image.Image:
    """Bring a stored image to the input grid: antialiased bilinear, pads with black."""
    return pad(resize(image, placement), placement)


def resize(image: Image.Image, placement: Placement) -> Image.Image:
    """A stored image in the size that it has on the input grid: antialiased bilinear."""
    height, width = (round(length * scale) for length, scale in zip(placement.stored, placement.scale, strict=True))
    return image if (height, width) == placement.stored else image.resize((width, height), Image.Resampling.BILINEAR)


def pad(image: Image.Image, placement: Placement) -> Image.Image:
    """A resized image at its place on the input grid: pads with black, and cuts off what lies outside."""
    if placement.offset == (0.0, 0.0) and (image.height, image.width) == placement.input:
        return image
    canvas = Image.new(image.mode, (placement.input[1], placement.input[0]))
    canvas.paste(image, (round(placement.offset[1]), round(placement.offset[0])))
    return canvas


@dataclass(frozen=True)
class Tiling:
    """A centred grid of square tiles on the input grid, row by row; tiles may overlap, and may leave a margin.

    input: size of the input grid. side: of a tile. stride: from one tile to the next. All in pixels.
    """

    input: Size
    side: int
    stride: int

    @property
    def grid(self) -> Size:
        """Rows and columns of tiles; 0 where not even one fits."""
        return tuple(max(0, (length - self.side) // self.stride + 1) for length in self.input)

    @property
    def count(self) -> int:
        """Tiles of an image."""
        return self.grid[0] * self.grid[1]

    def starts(self, axis: int) -> np.ndarray:
        """Where the rows (axis 0) or columns (axis 1) of tiles begin."""
        count = self.grid[axis]
        margin = self.input[axis] - ((count - 1) * self.stride + self.side)
        return margin // 2 + self.stride * np.arange(count)

    def cut(self, images: np.ndarray) -> np.ndarray:
        """Images (n, h, w, ...) on the input grid -> their tiles (n, tiles, side, side, ...)."""
        ys, xs = (self.starts(axis)[:, None] + np.arange(self.side) for axis in (0, 1))
        tiles = images[:, ys[:, None, :, None], xs[None, :, None, :]]
        return tiles.reshape(len(images), self.count, self.side, self.side, *images.shape[3:])

    def stitch(self, tiles: np.ndarray, fill: float) -> np.ndarray:
        """Values (n, tiles, side, side) -> (n, h, w), the mean where tiles overlap; `fill` where there is none."""
        total = np.zeros((len(tiles), *self.input), np.float64)
        times = np.zeros(self.input, np.int64)
        for number, (y, x) in enumerate((y, x) for y in self.starts(0) for x in self.starts(1)):
            place = np.s_[y : y + self.side, x : x + self.side]
            total[:, *place] += tiles[:, number]
            times[place] += 1
        return np.where(times > 0, total / np.maximum(times, 1), fill).astype(np.float32)


def upsample(values: np.ndarray, size: Size) -> np.ndarray:
    """Resample cell values (n, h, w) to (n, *size), bilinear between cell centres (half-pixel), rims held constant."""
    ys, xs = ((np.arange(out) + 0.5) * length / out - 0.5 for out, length in zip(size, values.shape[1:], strict=True))
    rows = _interpolate(values, ys, axis=1)
    return _interpolate(rows, xs, axis=2).astype(np.float32)


def _interpolate(values: np.ndarray, at: np.ndarray, axis: int) -> np.ndarray:
    at = np.clip(at, 0, values.shape[axis] - 1)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, values.shape[axis] - 1)
    shape = [1] * values.ndim
    shape[axis] = len(at)
    weight = (at - low).reshape(shape).astype(np.float32)
    return np.take(values, low, axis=axis) * (1 - weight) + np.take(values, high, axis=axis) * weight


def _within(coordinates: np.ndarray, length: int) -> np.ndarray:
    return (coordinates >= -0.5) & (coordinates < length - 0.5)
