"""Random changes of training images; they are no part of the model."""

import functools
import math

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from stages.train.augment_settings import Settings

WHITE = 255.0
VERSIONS = 5
LARGEST_SIDE = 160  # in pixels, on the contact sheet: it is kept in git
FLIPS = {"none": (0, 0), "horizontal": (1, 0), "vertical": (0, 1), "both": (1, 1)}


class RandomAffine(keras.layers.Layer):
    """All changes of place in one: mirrored, turned, sheared, zoomed, shifted, cropped, each image by itself.

    Keras has a layer for each of these. One interpolation instead of five blurs less and costs less; where images are
    only mirrored and shifted, by whole pixels, there is none.
    """

    def __init__(self, settings: Settings, seed: int) -> None:
        super().__init__(autocast=False)
        self.settings, self.random = settings, keras.random.SeedGenerator(seed)
        self._blurs = settings.rotation or settings.shear or settings.zoom or settings.crop < 1

    def call(self, images: tf.Tensor, training: bool = True) -> tf.Tensor:  # noqa: ARG002 -- Keras's interface
        """Images (n, h, w, c) of any number type -> the same shape; float32, or the same type if nothing blurs."""
        chances = tf.unstack(keras.random.uniform((tf.shape(images)[0], 10), -1.0, 1.0, seed=self.random), axis=1)
        if not self._blurs:
            return self._moved(images, chances)
        matrices = self._to_input(chances, *images.shape[1:3])
        return keras.ops.image.affine_transform(
            tf.cast(images, tf.float32),
            matrices[:, :8],
            interpolation="bilinear",
            fill_mode="nearest",
            data_format="channels_last",
        )

    def _moved(self, images: tf.Tensor, chances: list[tf.Tensor]) -> tf.Tensor:
        """What the affine transformation gives where it only mirrors and shifts, without interpolation."""
        flip_x, flip_y, _, _, _, _, shift_x, shift_y, _, _ = chances
        horizontal, vertical = FLIPS[self.settings.flip]
        height, width = images.shape[1:3]
        rows = self._places(height, vertical * _up(flip_y), shift_y)
        columns = self._places(width, horizontal * _up(flip_x), shift_x)
        return tf.gather(tf.gather(images, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)

    def _places(self, length: int, mirrored: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        """Where each pixel along an axis comes from (n, length); beyond the rim, the rim."""
        sign = 1 - 2 * mirrored[:, None]
        from_middle = tf.range(length, dtype=tf.float32) - (length - 1) / 2
        moved = from_middle + tf.round(shift * self.settings.shift * length)[:, None]
        return tf.cast(tf.clip_by_value(sign * moved + (length - 1) / 2, 0, length - 1), tf.int32)

    def _to_input(self, chances: list[tf.Tensor], height: int, width: int) -> tf.Tensor:
        """Where each pixel comes from: homogeneous matrices (n, 9) from output to input places (x, y, 1)."""
        asked = self.settings
        flip_x, flip_y, turn, shear_x, shear_y, zoom, shift_x, shift_y, crop_x, crop_y = chances
        horizontal, vertical = FLIPS[asked.flip]
        angle = turn * math.radians(asked.rotation)
        scale = 1 + zoom * asked.zoom
        center_x, center_y = (width - 1) / 2, (height - 1) / 2
        spare = 1 - asked.crop
        steps = [
            _matrix(dx=center_x, dy=center_y, like=turn),
            _matrix(xx=1 - 2 * horizontal * _up(flip_x), yy=1 - 2 * vertical * _up(flip_y), like=turn),
            _matrix(xx=tf.cos(angle), xy=-tf.sin(angle), yx=tf.sin(angle), yy=tf.cos(angle), like=turn),
            _matrix(xy=shear_x * asked.shear, yx=shear_y * asked.shear, like=turn),
            _matrix(xx=scale, yy=scale, like=turn),
            _matrix(dx=tf.round(shift_x * asked.shift * width), dy=tf.round(shift_y * asked.shift * height), like=turn),
            _matrix(
                xx=asked.crop, yy=asked.crop, dx=crop_x * spare * center_x, dy=crop_y * spare * center_y, like=turn
            ),
            _matrix(dx=-center_x, dy=-center_y, like=turn),
        ]
        return tf.reshape(functools.reduce(tf.matmul, steps), (-1, 9))


def _up(chance: tf.Tensor) -> tf.Tensor:
    """1 or 0, from numbers between -1 and 1."""
    return tf.cast(chance > 0, tf.float32)


def _matrix(xx=1.0, xy=0.0, dx=0.0, yx=0.0, yy=1.0, dy=0.0, *, like: tf.Tensor) -> tf.Tensor:
    """(x, y, 1) -> (xx x + xy y + dx, yx x + yy y + dy, 1) as matrices (n, 3, 3), n of `like` (n,)."""
    values = [
        tf.broadcast_to(tf.cast(value, tf.float32), tf.shape(like)) for value in (xx, xy, dx, yx, yy, dy, 0, 0, 1)
    ]
    return tf.reshape(tf.stack(values, axis=1), (-1, 3, 3))


def layers(settings: Settings, seed: int) -> list[keras.Layer]:
    """Keras layers to be called in turn on images (n, h, w, c) in 0..255, with `training=True`.

    Their random numbers are state (`variables`): the same state gives the same changes.
    """
    changes = []
    if settings.model_copy(update={"brightness": 0.0}).active:
        changes.append(RandomAffine(settings, seed))
    if settings.brightness:
        changes.append(keras.layers.RandomBrightness(settings.brightness, value_range=(0.0, WHITE), seed=seed + 1))
    return changes


def contact_sheet(images: np.ndarray, settings: Settings, seed: int) -> Image.Image:
    """Images (n, h, w, 3) in 0..255, a row each: first as they are, then changed five times; large ones shrunk."""
    changes = layers(settings, seed)
    columns = [images.astype(np.float32)]
    for _ in range(VERSIONS):
        changed = tf.convert_to_tensor(columns[0])
        for layer in changes:
            changed = layer(changed, training=True)
        columns.append(changed.numpy())
    sheet = np.concatenate([np.concatenate(list(column)) for column in columns], axis=1)
    picture = Image.fromarray(np.clip(np.rint(sheet), 0, WHITE).astype(np.uint8))
    factor = max(1, math.ceil(max(images.shape[1:3]) / LARGEST_SIDE))
    return picture.reduce(factor)
