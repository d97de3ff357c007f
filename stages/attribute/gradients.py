"""Gradients and values of logits on any number of images, in padded batches that bound the memory."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.models import runtime

if TYPE_CHECKING:
    import tensorflow as tf

    Run = Callable[[tf.Tensor], tf.Tensor]

BATCH_PIXELS = 2 * 224 * 224
# VGG16 at 224 pixels takes 0.2-0.3 GB an image and side that it is seen from, and gains nothing beyond two images

Gradients = Callable[[np.ndarray, np.ndarray], np.ndarray]


def gradients(run: "Run") -> Gradients:
    """A function of images (n, h, w, 3) and logit weights (n, outputs) -> the weighted logits' gradient by the images.

    `run` gives the logits of a batch of images: a Keras model, or one walked through with other gradients.
    """
    import tensorflow as tf

    @tf.function(autograph=False)
    def gradient(images: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            logits = run(images)
        return (tape.gradient(logits, images, output_gradients=weights),)

    return lambda images, weights: in_batches(gradient, images, weights)[0]


def values(run: "Run") -> Gradients:
    """A function of images (n, h, w, 3) and logit weights (n, outputs) -> the weighted logits (n,), float32."""
    import tensorflow as tf

    @tf.function(autograph=False)
    def value(images: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        return (tf.reduce_sum(run(images) * weights, axis=-1),)

    return lambda images, weights: in_batches(value, images, weights)[0]


def in_batches(function: Callable[..., tuple], *arrays: np.ndarray | None) -> list[np.ndarray]:
    """What a compiled function of tensors gives on all rows of `arrays`, the first being images; None stays None.

    Batches have one size, which follows from that of the images; the last one is padded.
    """
    import tensorflow as tf

    images = arrays[0]
    size = runtime.batch_size(*images.shape[1:3], pixels=BATCH_PIXELS)

    def part(array: np.ndarray | None, rows: slice) -> "tf.Tensor | None":
        return None if array is None else tf.constant(runtime.pad(array[rows], size), tf.float32)

    parts = []
    for rows in runtime.batches(len(images), size):
        results = function(*(part(array, rows) for array in arrays))
        parts.append([result.numpy()[: rows.stop - rows.start] for result in results])
    return [np.concatenate(each) for each in zip(*parts, strict=True)]
