"""Gradients that change at every ReLU: guided backpropagation and the deconvolutional network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from stages.attribute.gradients import gradients
from stages.attribute.methods.base import Result
from stages.attribute.walk import walk, with_gradient

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from stages.common.params import Params

RELUS = {"relu", "Relu", "ReLU"}  # the activation, the operation, the layer


def summed(model: keras.Model, kind: Literal["guided", "deconvolution"]) -> Callable[[np.ndarray, np.ndarray], Result]:
    """A function of images (n, h, w, 3) and logit weights (n, outputs) to maps: gradients, summed over the channels.

    A gradient is passed by a ReLU where it is positive; `guided`, where the ReLU's input is positive too. Activations
    that are no ReLU, and max-pooling, pass their ordinary gradient.
    """

    def run(images: tf.Tensor) -> tf.Tensor:
        return walk(model, images, RELUS, step)

    def step(function: Callable, x: tf.Tensor) -> tf.Tensor:
        return with_gradient(function, _guided if kind == "guided" else _positive, x)

    gradient = gradients(run)
    return lambda images, weights: Result(gradient(images, weights).sum(axis=-1))


def problems(method: str, params: Params) -> list[str]:
    """Why networks without a ReLU cannot be explained by it, in words."""
    if params.backbone.name == "leaky_cnn":
        return [f"{method} needs a backbone with ReLUs, which leaky_cnn has not; saliency and gradcam explain it"]
    return []


def _guided(x: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    return tf.where(x > 0, _positive(x, gradient), 0)


def _positive(x: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:  # noqa: ARG001 -- as _guided
    import tensorflow as tf

    return tf.nn.relu(gradient)
