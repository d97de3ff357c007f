"""lesionmap's own Keras layers. Those that are linear in their input, or pass it on, say so: attribution asks them."""

import functools

import keras
import numpy as np
from keras import ops

from stages.common.geometry import Tiling

CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red; of ImageNet, as the VGG authors published it
NEARLY_WHITE = 220  # of 255: what is brighter on a stained slide is glass
PROGRESS = "progress"  # a variable of training, not a weight


class CaffePreprocessing(keras.layers.Layer):
    """RGB in 0..255 -> BGR with ImageNet's mean subtracted: what VGG16, VGG19 and ResNet50 were trained on."""

    linear = True

    def call(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """Images (n, h, w, 3) -> the same shape."""
        return images[..., ::-1] - ops.convert_to_tensor(CAFFE_MEAN, dtype=images.dtype)


class UnitPreprocessing(keras.layers.Layer):
    """RGB in 0..255 -> 0..1, for networks that are trained from scratch."""

    linear = True

    def call(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """Images (n, h, w, 3) -> the same shape."""
        return images / 255


class GreyPreprocessing(keras.layers.Layer):
    """RGB in 0..255 -> one grey channel in 0..1, the mean of the three."""

    linear = True

    def call(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """Images (n, h, w, 3) -> (n, h, w, 1)."""
        return ops.mean(images, axis=-1, keepdims=True) / 255


class Background(keras.layers.Layer):
    """How images differ from what is usual, in two channels, each over how much that varies, pixel by pixel.

    First what is left when a mean image and what lies along principal components is subtracted; then the difference
    from the mean alone, which tells where in the body a pixel is. Components, deviation and spread are known on a grid
    half as fine: anatomy has no finer detail in common. All is fitted before training (`stages.train.background`), not
    trained.
    """

    linear = True

    def __init__(self, count: int, **options: object) -> None:
        super().__init__(**options)
        self.count = count

    def build(self, shape: tuple) -> None:
        _, height, width, _ = shape
        grid = height // 2, width // 2
        self.mean = self._fitted("mean", (height, width), "zeros")
        self.components = self._fitted("components", (self.count, grid[0] * grid[1]), "zeros")
        self.deviation, self.spread = (self._fitted(name, grid, "ones") for name in ("deviation", "spread"))

    def call(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """Images (n, h, w, 1), h and w even -> (n, h, w, 2)."""
        difference = images - self.mean[..., None]
        coarse = ops.average_pool(difference, 2)
        flat = ops.reshape(coarse, (-1, self.components.shape[1]))
        usual = ops.matmul(ops.matmul(flat, ops.transpose(self.components)), self.components)
        rest = difference - _finer(ops.reshape(usual, (-1, *coarse.shape[1:])))
        scale = _finer(ops.stack([1 / self.deviation, 1 / self.spread], axis=-1)[None])
        return ops.concatenate([rest, difference], axis=-1) * scale

    def _fitted(self, name: str, shape: tuple, start: str) -> keras.Variable:
        return self.add_weight(name=name, shape=shape, initializer=start, trainable=False)

    def get_config(self) -> dict:
        return {**super().get_config(), "count": self.count}


class Haar(keras.layers.Layer):
    """Each 2x2 pixels as their mean and three differences: along the row, along the column, and across.

    The first level of the Haar wavelet. The differences are of the first channel alone, and multiplied by `gain`, which
    is fitted before training so that they vary as much as the means.
    """

    linear = True

    def build(self, shape: tuple) -> None:  # noqa: ARG002 -- Keras's interface
        self.gain = self.add_weight(name="gain", shape=(), initializer="ones", trainable=False)

    def call(self, maps: keras.KerasTensor) -> keras.KerasTensor:
        """Maps (n, h, w, c), h and w even -> (n, h / 2, w / 2, c + 3): the means, then the differences."""
        count = maps.shape[-1]
        means, falls = (np.zeros((2, 2, count, count + 3), np.float32) for _ in range(2))
        means[:, :, range(count), range(count)] = 1 / 4
        fall, even = np.array([1, -1]) / np.sqrt(2), np.array([1, 1]) / np.sqrt(2)
        falls[:, :, 0, count:] = np.stack([np.outer(even, fall), np.outer(fall, even), np.outer(fall, fall)], axis=-1)
        return ops.conv(maps, means + self.gain * falls, strides=2)


class RoundTrip(keras.layers.Layer):
    """Cast to a number type and back, so that a whole model gives the numbers of features kept in that type."""

    linear = True

    def __init__(self, kept: str, **options: object) -> None:
        super().__init__(**options)
        self.kept = kept

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Features of any shape -> the same, rounded."""
        rounded = ops.cast(ops.cast(features, self.kept), features.dtype)
        return features + ops.stop_gradient(rounded - features)  # exactly `rounded`, and gradients pass unrounded

    def get_config(self) -> dict:
        return {**super().get_config(), "kept": self.kept}


class Standardize(keras.layers.Layer):
    """Subtract a mean and divide by a deviation, per channel; both are fitted before training, not trained."""

    linear = True

    def build(self, shape: tuple) -> None:
        for name, start in (("mean", "zeros"), ("deviation", "ones")):
            setattr(self, name, self.add_weight(name=name, shape=(shape[-1],), initializer=start, trainable=False))

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Features (..., c) -> the same shape."""
        return (features - self.mean) / self.deviation


class LogSumExpPooling2D(keras.layers.Layer):
    """log(mean(exp(r x))) / r over h and w: between the mean (small r) and the maximum (large r).

    Pinheiro and Collobert 2015, arXiv:1411.6228.
    """

    def __init__(self, r: float, **options: object) -> None:
        super().__init__(**options)
        self.r = r

    def call(self, scores: keras.KerasTensor) -> keras.KerasTensor:
        """Scores (n, h, w, k) -> (n, k)."""
        scaled = scores * self.r
        cells = ops.cast(ops.shape(scores)[1] * ops.shape(scores)[2], scores.dtype)
        return (ops.logsumexp(scaled, axis=(1, 2)) - ops.log(cells)) / self.r

    def get_config(self) -> dict:
        return {**super().get_config(), "r": self.r}


class TopPooling2D(keras.layers.Layer):
    """The mean of the k largest values over h and w (Durand et al. 2017, CVPR, with positive evidence alone).

    With `start`, so many count when training starts, and ever fewer until k are left when `RAMP` of it is done.
    """

    RAMP = 0.25

    def __init__(self, k: int, start: int | None = None, **options: object) -> None:
        super().__init__(**options)
        self.k, self.start = k, start

    def build(self, shape: tuple) -> None:  # noqa: ARG002 -- Keras's interface
        if self.start is not None:
            self.progress = self.add_weight(name=PROGRESS, shape=(), initializer="ones", trainable=False)

    def call(self, scores: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """Scores (n, h, w, c) -> (n, c)."""
        cells = ops.shape(scores)[1] * ops.shape(scores)[2]
        rows = ops.transpose(ops.reshape(scores, (-1, cells, scores.shape[-1])), (0, 2, 1))
        if self.start is None or not training:
            return ops.mean(ops.top_k(rows, k=min(self.k, cells))[0], axis=-1)
        most = min(max(self.start, self.k), cells)
        counting = self.start * (self.k / self.start) ** self.progress
        shares = ops.clip(counting - ops.arange(most, dtype="float32"), 0, 1)
        shares = ops.cast(shares / ops.sum(shares), scores.dtype)
        return ops.sum(ops.top_k(rows, k=most)[0] * shares, axis=-1)

    def set_progress(self, done: float) -> None:
        """Part of the training that is done, 0 to 1."""
        if self.start is not None:
            self.progress.assign(min(1.0, done / self.RAMP))

    def get_config(self) -> dict:
        return {**super().get_config(), "k": self.k, "start": self.start}


class GeneralizedMeanPooling2D(keras.layers.Layer):
    """The p-th root of the mean of the p-th powers over h and w (GeM, Radenović et al. 2018, arXiv:1711.02512)."""

    FLOOR = 1e-6  # added to the mean of the powers, for the root's slope at zero

    def __init__(self, p: float, **options: object) -> None:
        super().__init__(**options)
        self.p = p

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Features (n, h, w, c) -> (n, c); negative ones count as zero."""
        return self.root(ops.mean(self.power(features), axis=(1, 2)))

    def power(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """What is averaged, of any shape."""
        return ops.power(ops.relu(features), self.p)

    def root(self, means: keras.KerasTensor) -> keras.KerasTensor:
        """The generalised mean, of a mean of powers."""
        return ops.power(means + self.FLOOR, 1 / self.p)

    def get_config(self) -> dict:
        return {**super().get_config(), "p": self.p}


class DilatedMaxPooling2D(keras.layers.Layer):
    """The maximum of four cells, `rate` apart, at every cell: a 2x2 pooling whose stride was taken out before it."""

    def __init__(self, rate: int, **options: object) -> None:
        super().__init__(**options)
        self.rate = rate

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Features (n, h, w, c) -> the same shape; the far rim sees fewer cells."""
        h, w = features.shape[1:3]
        far = ((0, 0), (0, self.rate), (0, self.rate), (0, 0))
        padded = ops.pad(features, far, constant_values=-np.inf)
        return functools.reduce(
            ops.maximum,
            [padded[:, y : y + h, x : x + w] for y in (0, self.rate) for x in (0, self.rate)],
        )

    def get_config(self) -> dict:
        return {**super().get_config(), "rate": self.rate}


class DropBlock(keras.layers.Layer):
    """Drop squares of cells while training, and enlarge what is left; pass all on otherwise.

    Ghiasi et al. 2018, arXiv:1810.12890, algorithm 1. Squares lie wholly on the map and may overlap; gamma makes the
    share of centres such that, without overlaps, 1 - keep of the cells is dropped. What is left is multiplied by all
    cells / cells left, counted over the batch. The dropped share grows from nothing until `ramp` of the training is
    done; with 0 it is whole at once.
    """

    linear = True

    def __init__(self, keep: float, size: int, shared: bool, ramp: float, seed: int, **options: object) -> None:
        super().__init__(**options)
        self.keep, self.block, self.shared, self.ramp, self.seed = keep, size, shared, ramp, seed
        self.random = keras.random.SeedGenerator(seed)

    def build(self, shape: tuple) -> None:  # noqa: ARG002 -- Keras's interface
        self.progress = self.add_weight(name=PROGRESS, shape=(), initializer="ones", trainable=False)

    def call(self, features: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """Features (n, h, w, c) -> the same shape."""
        if not training:
            return features
        kept = ops.cast(self._kept(features), features.dtype)
        left = ops.cast(ops.size(kept), features.dtype) / ops.maximum(ops.sum(kept), 1)
        return features * kept * left

    def _kept(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """1 where a cell is kept, (n, h, w, c) or (n, h, w, 1)."""
        h, w, c = features.shape[1:]
        size = min(self.block, h, w)
        inner = (h - size + 1, w - size + 1)
        dropped = (1 - self.keep) * self.progress
        gamma = dropped * (h * w) / (size**2 * inner[0] * inner[1])
        shape = (ops.shape(features)[0], *inner, 1 if self.shared else c)
        corners = ops.cast(keras.random.uniform(shape, seed=self.random) < gamma, "float32")
        room = (0, 0), (size - 1, size - 1), (size - 1, size - 1), (0, 0)
        return 1 - ops.max_pool(ops.pad(corners, room), size, strides=1, padding="valid")

    def set_progress(self, done: float) -> None:
        """Part of the training that is done, 0 to 1."""
        self.progress.assign(min(1.0, done / self.ramp) if self.ramp else 1.0)

    def get_config(self) -> dict:
        own = {"keep": self.keep, "size": self.block, "shared": self.shared, "ramp": self.ramp, "seed": self.seed}
        return {**super().get_config(), **own}


class Tiles(keras.layers.Layer):
    """Cut images into the square tiles of a bag. Tiles with too much background become black: they are no instances."""

    def __init__(self, height: int, width: int, side: int, stride: int, background: float | None, **options: object):
        super().__init__(**options)
        self.tiling, self.background = Tiling((height, width), side, stride), background
        self.linear = background is None

    def call(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """Images (n, h, w, 3), RGB in 0..255 -> (n * tiles, side, side, 3), row by row of each image."""
        side, (rows, columns) = self.tiling.side, self.tiling.grid
        for axis in (0, 1):
            cells = self.tiling.starts(axis)[:, None] + np.arange(side)
            images = ops.take(images, cells.reshape(-1), axis=axis + 1)
        grid = ops.reshape(images, (-1, rows, side, columns, side, images.shape[-1]))
        tiles = ops.reshape(ops.transpose(grid, (0, 1, 3, 2, 4, 5)), (-1, side, side, images.shape[-1]))
        if self.background is None:
            return tiles
        white = ops.cast(ops.mean(tiles, axis=-1, keepdims=True) >= NEARLY_WHITE, tiles.dtype)
        return tiles * ops.cast(ops.mean(white, axis=(1, 2), keepdims=True) <= self.background, tiles.dtype)

    def get_config(self) -> dict:
        (height, width), side, stride = self.tiling.input, self.tiling.side, self.tiling.stride
        own = {"height": height, "width": width, "side": side, "stride": stride, "background": self.background}
        return {**super().get_config(), **own}


class Bag(keras.layers.Layer):
    """Tiles in the batch -> a tile axis of their own."""

    linear = True

    def __init__(self, tiles: int, **options: object) -> None:
        super().__init__(**options)
        self.tiles = tiles

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Features (n * tiles, h, w, c) -> (n, tiles, h, w, c)."""
        return ops.reshape(features, (-1, self.tiles, *features.shape[1:]))

    def get_config(self) -> dict:
        return {**super().get_config(), "tiles": self.tiles}


class Unbag(keras.layers.Layer):
    """The tile axis back into the batch."""

    linear = True

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Features (n, tiles, h, w, c) -> (n * tiles, h, w, c)."""
        return ops.reshape(features, (-1, *features.shape[2:]))


class ArrangeTiles(keras.layers.Layer):
    """The feature maps of a bag's tiles side by side, as one map."""

    linear = True

    def __init__(self, rows: int, columns: int, **options: object) -> None:
        super().__init__(**options)
        self.rows, self.columns = rows, columns

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Features (n, rows * columns, h, w, c) -> (n, rows * h, columns * w, c)."""
        h, w, c = features.shape[2:]
        grid = ops.reshape(features, (-1, self.rows, self.columns, h, w, c))
        return ops.reshape(ops.transpose(grid, (0, 1, 3, 2, 4, 5)), (-1, self.rows * h, self.columns * w, c))

    def get_config(self) -> dict:
        return {**super().get_config(), "rows": self.rows, "columns": self.columns}


class Present(keras.layers.Layer):
    """Which instances of a bag there are: those that are not zero throughout.

    A cell in which nothing at all is active counts as absent, too: it has nothing to say.
    """

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Tiles (n, tiles, h, w, c) -> booleans (n, tiles); cells or pixels (n, h, w, c) -> booleans (n, h, w)."""
        return ops.any(features != 0, axis=(2, 3, 4) if len(features.shape) == 5 else 3)


class Coarser(keras.layers.Layer):
    """Whether anything is there within each cell of a coarser grid over the same area."""

    def __init__(self, height: int, width: int, **options: object) -> None:
        super().__init__(**options)
        self.size = (height, width)

    def call(self, present: keras.KerasTensor) -> keras.KerasTensor:
        """Booleans (n, h, w) -> booleans (n, height, width)."""
        over, beside = (
            ops.convert_to_tensor(_overlap(cells, fine), "float32")
            for cells, fine in zip(self.size, present.shape[1:], strict=True)
        )
        return ops.einsum("ah,nhw,bw->nab", over, ops.cast(present, "float32"), beside) > 0

    def get_config(self) -> dict:
        return {**super().get_config(), "height": self.size[0], "width": self.size[1]}


class KeepPresent(keras.layers.Layer):
    """Make the instances that are not there zero throughout."""

    def call(self, features: keras.KerasTensor, present: keras.KerasTensor) -> keras.KerasTensor:
        """Tiles (n, tiles, h, w, c) and booleans (n, tiles), or cells (n, h, w, c) and (n, h, w) -> the same shape."""
        alike = [1] * (len(features.shape) - len(present.shape))
        return features * ops.reshape(ops.cast(present, features.dtype), (-1, *present.shape[1:], *alike))


def set_progress(model: keras.Model, done: float) -> None:
    """Tell the layers that change in the course of training which part of it is done, 0 to 1."""
    for layer in model.layers:
        if hasattr(layer, "set_progress"):
            layer.set_progress(done)


def _finer(maps: keras.KerasTensor) -> keras.KerasTensor:
    """Each cell as 2x2 pixels: (n, h, w, c) -> (n, 2 h, 2 w, c)."""
    return ops.repeat(ops.repeat(maps, 2, axis=1), 2, axis=2)


def _overlap(cells: int, fine: int) -> np.ndarray:
    """Which of `fine` equal parts of a length touch each of `cells` equal parts of it (cells, fine), 0 or 1."""
    part = np.arange(fine)
    first, last = part * cells // fine, -(-(part + 1) * cells // fine) - 1
    cell = np.arange(cells)[:, None]
    return ((first <= cell) & (cell <= last)).astype(np.float32)


PREPROCESSING = {"caffe": CaffePreprocessing, "grey": GreyPreprocessing, "unit": UnitPreprocessing}
