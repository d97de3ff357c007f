"""Layer-wise relevance propagation, epsilon rule (Bach et al. 2015, doi:10.1371/journal.pone.0130140).

Every activation f hands its relevance to its inputs in proportion to what they add, with z + epsilon in place of z
below the line. That is gradient x input with f(z) / (z + epsilon) instead of each derivative (Ancona et al. 2018,
arXiv:1711.06104, proposition 1), and computed so; batch normalisation then counts as part of its convolution. A pixel
is measured from black. Relevance goes to biases too, so that the map's sum does not meet the logit.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from stages.attribute.gradients import gradients
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject, of_images
from stages.attribute.methods.base import needs_images as needs  # noqa: F401 -- the methods' interface
from stages.attribute.walk import walk, with_gradient

if TYPE_CHECKING:
    import tensorflow as tf

    from stages.common.params import Params

DESCRIPTION = "relevance by the epsilon rule, summed over the colour channels"
EXPLAINS = (
    "all models but those with `head.kind: attention`, score_map with `pooling: lse`, or fc with `activation: sigmoid`"
)
UNIT = "logit"
ACTIVATIONS = {"relu", "tanh", "elu", "Relu", "Tanh", "Elu", "ReLU", "LeakyReLU", "ELU"}  # all are 0 at 0


class Settings(MapSettings):
    """The keys of a map with `method: lrp_epsilon`."""

    method: Literal["lrp_epsilon"]
    epsilon: Annotated[float, Field(gt=0)] = 0.25
    """What damps small activations, as a fraction of their root mean square in the layer and image (Montavon et al.
    2019, doi:10.1007/978-3-030-28954-6_10)."""


def problems(settings: Settings, params: "Params") -> list[str]:  # noqa: ARG001 -- the methods' interface
    """What does not fit, in words."""
    head = params.head
    if head.kind == "attention":
        return ["lrp_epsilon has no rule for `head.kind: attention`; attention and gradcam explain it"]
    if head.kind == "score_map" and head.score_map.pooling == "lse":
        return ["lrp_epsilon has no rule for `head.score_map.pooling: lse`; cam, deeplift and gradcam explain it"]
    if head.kind == "fc" and head.fc.activation == "sigmoid":
        return ["lrp_epsilon needs an activation that is 0 at 0, unlike `head.fc.activation: sigmoid`; take deeplift"]
    return []


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:
    """A function from a batch of images to maps."""

    def run(images: "tf.Tensor") -> "tf.Tensor":
        return walk(subject.parts.whole, images, ACTIVATIONS, step)

    def step(function: Callable, x: "tf.Tensor") -> "tf.Tensor":
        return with_gradient(function, lambda x, gradient: gradient * function(x) / _damped(x, settings.epsilon), x)

    gradient = gradients(run)

    def explain(images: np.ndarray, weights: np.ndarray) -> Result:
        return Result((gradient(images, weights) * images).sum(axis=-1))

    return of_images(explain)


def _damped(x: "tf.Tensor", epsilon: float) -> "tf.Tensor":
    """x, moved away from 0 by epsilon times its root mean square in each row."""
    import tensorflow as tf

    size = tf.sqrt(tf.reduce_mean(x**2, axis=range(1, len(x.shape)), keepdims=True))
    return x + tf.where(x < 0, -1.0, 1.0) * (epsilon * size + 1e-12)
