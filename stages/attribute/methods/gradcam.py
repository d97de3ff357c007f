"""Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391): a layer's channels, weighted by their mean gradient.

The ReLU is left to whoever measures or draws the map (`part: positive`), so that an all-negative map says so. Where
the layer is not in front of the cut, kept features are enough and no backbone runs.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from stages.attribute.cells import on_input_grid
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject
from stages.attribute.walk import walk, with_gradient
from stages.models.backbones import AVERAGED, BACKBONES, INPUT

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from stages.common.geometry import Size
    from stages.common.params import Params
    from stages.models.backbones.settings import Architecture
    from stages.models.compose import Design

    Weigh = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

DESCRIPTION = "Grad-CAM: channels of a layer weighted by the mean gradient of the logit, summed"
EXPLAINS = "all models"
UNIT = "logit per mean activation"


class LayerSettings(MapSettings):
    """The keys of the methods of this family."""

    layer: str | None = None
    """The layer whose channels are summed; null: the last one of the backbone that is used (`backbone.end`)."""


class Settings(LayerSettings):
    """The keys of a map with `method: gradcam`."""

    method: Literal["gradcam"]


def problems(settings: LayerSettings, params: "Params") -> list[str]:
    """What does not fit, in words."""
    layers = BACKBONES[params.backbone.name].layer_names(params.backbone)
    end = params.backbone.end or layers[-1]
    allowed = layers[: layers.index(end) + 1] if end in layers else layers
    if settings.layer is not None and settings.layer not in allowed:
        return [f"layer `{settings.layer}` is not in the model; choose one of: {', '.join(allowed)}"]
    views, cut = params.backbone.views, params.backbone.cut
    one_of_many = views != "one" and settings.layer not in (None, end) and cut in (INPUT, *layers)
    if one_of_many and needs(settings, params.backbone, cut, end) == "images":
        return [f"layer `{settings.layer}` sees the image from several sides (`backbone.views`); leave `layer` null"]
    return []


def needs(settings: LayerSettings, backbone: "Architecture", cut: str, end: str) -> str:
    """Images where the layer comes before the cut, else features."""
    if cut == INPUT:
        return "images"
    layers = BACKBONES[backbone.name].layer_names(backbone)
    return "images" if layers.index(settings.layer or end) < layers.index(cut) else "features"


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:
    """A function from a batch to maps on the input grid, bilinear between the layer's cells."""
    return weighted(subject, settings, mean_gradient)


def weighted(subject: Subject, settings: LayerSettings, weigh: "Weigh") -> Callable[[Batch], Result]:
    """As `explainer`, with channels weighted by a function of (gradients, activations), both (n, cells, c)."""
    design = subject.model.design
    layer = settings.layer or design.end
    from_features = needs(settings, design.backbone, design.cut, design.end) == "features"
    cells = compiled(subject.parts.whole, layer, design.cut, weigh, from_images=not from_features)

    def explain(batch: Batch) -> Result:
        values = cells(batch.features if from_features else batch.images, batch.weights)
        return Result(on_input_grid(within_border(values, layer, design), design))

    return explain


def within_border(cells: np.ndarray, layer: str, design: "Design") -> np.ndarray:
    """Cells (n, h, w) of a layer with zeros where `head.border` keeps the head from seeing them.

    No logit depends on these, but their activations, which padding drives up, would get the others' weights.
    """
    return np.where(seen(cells.shape[1:], design.border), cells, 0) if layer == design.end else cells


def seen(size: "Size", border: int) -> np.ndarray:
    """The cells (h, w), bool, of the backbone's end that the head sees."""
    height, width = size
    inside = np.zeros(size, bool)
    inside[border : height - border, border : width - border] = True
    return inside


def mean_gradient(gradient: "tf.Tensor", values: "tf.Tensor") -> "tf.Tensor":  # noqa: ARG001 -- as others weigh
    """Grad-CAM's weights of channels (n, 1, c), from gradients and activations of all cells (n, cells, c)."""
    import tensorflow as tf

    return tf.reduce_mean(gradient, axis=1, keepdims=True)


def compiled(
    whole: "keras.Model", layer: str, cut: str, weigh: "Weigh", from_images: bool = False
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Inputs (kept features, or images) and logit weights (n, outputs) -> the layer's weighted cells (n, h, w).

    With tiles (n * tiles, h, w). What is kept at the cut counts as that layer's output.
    """
    import keras
    import tensorflow as tf

    several = cut == INPUT and any(one.name == AVERAGED for one in whole.layers)  # of the end: others are refused
    explained = whole.get_layer(AVERAGED if several else "cut" if layer == cut else layer).output
    source = whole.input if from_images or cut == INPUT else whole.get_layer("cut").output
    is_input = explained is source
    above = keras.Model(source, whole.output if is_input else [explained, whole.output])

    @tf.function
    def cells(inputs: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = walk(above, inputs, {"Dense"}, _dense)
            activations, logits = (inputs, outputs) if is_input else outputs
            score = tf.reduce_sum(logits * weights)
        *_, h, w, c = activations.shape
        rows = (len(weights), -1, c)  # all cells of an image, those of all its tiles too
        gradient, values = (tf.reshape(x, rows) for x in (tape.gradient(score, activations), activations))
        return tf.reshape(tf.reduce_sum(weigh(gradient, values) * values, axis=-1), (-1, h, w))

    return lambda inputs, weights: cells(tf.constant(inputs), tf.constant(weights)).numpy()


def _dense(layer: "keras.layers.Dense", x: "tf.Tensor") -> "tf.Tensor":
    """A dense layer on rows (n, c), whose gradient by x is the same, but multiplies by the kernel as it lies in memory.

    Transposed, as TensorFlow does it, the 25,088 x 2,048 of the head `fc` took three times as long.
    """
    import tensorflow as tf

    if len(x.shape) != 2 or layer.bias is None:
        return layer(x)
    kernel = tf.convert_to_tensor(layer.kernel)

    def backward(x: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:  # noqa: ARG001 -- as the rules of others
        return tf.transpose(tf.matmul(kernel, gradient, transpose_b=True))

    return layer.activation(with_gradient(lambda x: tf.matmul(x, kernel), backward, x) + layer.bias)
