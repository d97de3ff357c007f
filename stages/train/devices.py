"""Several GPUs that share each training batch."""

import keras
import tensorflow as tf


def strategy(gpus: int) -> tf.distribute.Strategy:
    """How a batch is shared by at most so many GPUs; with one, or none, TensorFlow's default, which changes nothing.

    Without GPUs the logical processors count, of which there is one unless a test makes more.
    """
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    names = [device.name for device in found[:gpus]]
    if len(names) < 2:
        return tf.distribute.get_strategy()
    together = tf.distribute.ReductionToOneDevice()  # collective operations mix up sums inside layers and of gradients
    return tf.distribute.MirroredStrategy(names, together)


def synchronize(model: keras.Model) -> None:
    """Let batch normalisation see the whole batch, not each device its share."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True
