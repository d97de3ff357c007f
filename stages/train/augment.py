"""Random changes of training images; they are no part of the model."""

import math

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from stages.train.augment_settings import Settings

WHITE = 255.0
NEAREST = {"fill_mode": "nearest"}
VERSIONS = 5
LARGEST_SIDE = 160  # in pixels, on the contact sheet: it is kept in git


class RandomResizedCrop(keras.layers.Layer):
    """A part of each image at a random place, enlarged to the image's size. Keras's own cuts all images of a batch at
    one place."""

    def __init__(self, share: float, seed: int) -> None:
        super().__init__()
        self.share, self.random = share, keras.random.SeedGenerator(seed)

    def call(self, images: tf.Tensor, training: bool = True) -> tf.Tensor:  # noqa: ARG002 -- Keras's interface
        """Images (n, h, w, 3) -> the same shape."""
        count, size = tf.shape(images)[0], images.shape[1:3]
        starts = keras.random.uniform((count, 2), maxval=1 - self.share, seed=self.random)
        boxes = tf.concat([starts, starts + self.share], axis=1)
        return tf.image.crop_and_resize(images, boxes, tf.range(count), size)


def layers(settings: Settings, seed: int) -> list[keras.Layer]:
    """Keras layers to be called in turn on images (n, h, w, 3) in 0..255, with `training=True`.

    Their random numbers are state (`variables`): the same state gives the same changes.
    """
    made = keras.layers
    flips = {"none": (), "both": ("horizontal", "vertical")}.get(settings.flip, (settings.flip,))
    changes = [
        made.RandomFlip(way, seed=seed + 10 * number) for number, way in enumerate(flips)
    ]  # one layer's are tied
    if settings.rotation:
        changes.append(made.RandomRotation(settings.rotation / 360, seed=seed + 1, **NEAREST))
    if settings.shear:
        changes.append(made.RandomShear(settings.shear, settings.shear, seed=seed + 2, **NEAREST))
    if settings.zoom:
        changes.append(made.RandomZoom((-settings.zoom, settings.zoom), seed=seed + 3, **NEAREST))
    if settings.shift:
        changes.append(made.RandomTranslation(settings.shift, settings.shift, seed=seed + 4, **NEAREST))
    if settings.crop < 1:
        changes.append(RandomResizedCrop(settings.crop, seed + 5))
    if settings.brightness:
        changes.append(made.RandomBrightness(settings.brightness, value_range=(0.0, WHITE), seed=seed + 6))
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
