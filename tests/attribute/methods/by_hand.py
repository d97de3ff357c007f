"""Subjects whose logits are small functions that can be worked out by hand."""

from types import SimpleNamespace

import keras
import numpy as np

from stages.attribute.methods import METHODS
from stages.attribute.methods.base import Batch, Subject
from stages.models.image import ImageSettings


def weighted(kernel, bias=0.0, **options):
    """A 1x1 convolution with given weights: kernel (inputs, outputs)."""
    kernel = np.array(kernel, np.float32)
    layer = keras.layers.Conv2D(kernel.shape[1], 1, **options)
    layer.build((None, None, None, kernel.shape[0]))
    layer.set_weights([kernel[None, None], np.full(kernel.shape[1], bias, np.float32)])
    return layer


def subject(build, size, training=None):
    """The model whose one logit, or several, `build` makes of images (n, h, w, 3)."""
    inputs = keras.Input((*size, 3))
    model = keras.Model(inputs, build(inputs))
    view = ImageSettings.model_construct(height=size[0], width=size[1])
    batches = [] if training is None else [np.array(training, np.float32)]
    return Subject(SimpleNamespace(design=view), SimpleNamespace(whole=model), lambda: iter(batches))


def explain(own, method, images, weights=None, **settings):
    """What a method gives on images (n, h, w, 3), of the first logit unless weights are given."""
    images = np.array(images, np.float32)
    if weights is None:
        weights = np.eye(own.parts.whole.output_shape[-1])[np.zeros(len(images), int)]
    module = METHODS[method]
    function = module.explainer(own, module.Settings(method=method, **settings))
    return function(Batch(images, None, np.array(weights, np.float32)))
