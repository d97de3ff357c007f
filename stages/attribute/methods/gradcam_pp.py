"""Grad-CAM++ (Chattopadhay et al. 2018, arXiv:1710.11063): Grad-CAM, with weights that tell several findings apart.

A channel's weight is the sum of its positive gradients, each cell's share such that a finding counts the same whether
large or small. The paper's factor exp(logit), one positive number an image, is left out.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from stages.attribute.methods import gradcam
from stages.attribute.methods.base import Batch, Result, Subject
from stages.attribute.methods.gradcam import needs, problems  # noqa: F401 -- the methods' interface

if TYPE_CHECKING:
    import tensorflow as tf

DESCRIPTION = "Grad-CAM++: channels of a layer weighted by their positive gradients, summed"
EXPLAINS = "all models"
UNIT = "logit per activation, times activation"


class Settings(gradcam.LayerSettings):
    """The keys of a map with `method: gradcam_pp`."""

    method: Literal["gradcam_pp"]


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:
    """A function from a batch to maps on the input grid, bilinear between the layer's cells."""
    return gradcam.weighted(subject, settings, positive_gradients)


def positive_gradients(gradient: "tf.Tensor", values: "tf.Tensor") -> "tf.Tensor":
    """The weights of channels (n, 1, c), from gradients and activations of all cells (n, cells, c); equation 19."""
    import tensorflow as tf

    square = gradient**2
    total = tf.reduce_sum(values, axis=1, keepdims=True)
    shares = tf.math.divide_no_nan(square, 2 * square + total * gradient * square)
    return tf.reduce_sum(shares * tf.nn.relu(gradient), axis=1, keepdims=True)
