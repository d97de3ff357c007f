"""DeepLIFT with the Rescale rule (Shrikumar et al. 2017, arXiv:1704.02685), from logit to pixels.

Linear steps of the network pass their ordinary gradient. Nonlinear ones pass the slope between the reference's value
and the image's instead, so that the contributions of all pixels sum to the difference of the logits. Max-pooling has
the cross-maximum rule of shap's DeepExplainer (its plain gradient leaves 5-8 % of the sum).

What a layer is to DeepLIFT follows from the name of its class:

- `LINEAR`, or `linear = True` in a class of our own: the ordinary gradient (affine counts as linear);
- `RULES`: nonlinear. To add a layer, write a rule like `rescale` and one line in the dict.

Any other layer is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.attribute.gradients import in_batches
from stages.attribute.walk import name_of, walk, with_gradient
from stages.common.errors import UserError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    Function = Callable[..., tf.Tensor]
    Rule = Callable[[Function, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]

TINY = 1e-6  # where two inputs are closer than this, the slope between them is taken to be the derivative
STEEPEST = 0.02  # how far a rounding's slope may be from 1


class DeepLift:
    """DeepLIFT of one model: what every pixel and channel contributes to a logit, or to a contrast of logits.

    `model` is a flat functional Keras model from images (n, h, w, 3), in the units of its input, to logits (n, k).
    `reference` (h, w, 3) is shared by all images and passes the model once, here: the weights must not change
    afterwards. With None, each call brings a reference for each image. Any number of images may come at once: memory
    is bounded. Raises UserError with what `refusal` says.
    """

    def __init__(self, model: keras.Model, reference: np.ndarray | None = None) -> None:
        import tensorflow as tf

        if problem := refusal(model):
            raise UserError(problem)
        self._model = model
        self._shared = None if reference is None else _shared(model, reference)
        self._explain = tf.function(self._contributions, autograph=False)

    def __call__(
        self, images: np.ndarray, targets: np.ndarray, references: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Contributions (n, h, w, 3) and delta (n,), float32, of the targets on images (n, h, w, 3).

        `targets` are class indices (n,), or weights on the logits (n, k): 1 and -1 make a contrast. Delta is the
        target's value on the image minus that on the reference; the contributions of an image sum to it.
        `references` (n, h, w, 3) are the images' own, where the model was given no shared one. Raises ValueError for
        references given twice or not at all, or whose shape is not the images'.
        """
        if (references is None) == (self._shared is None):
            raise ValueError("give DeepLift one shared reference, or a reference for each image")
        if references is not None and references.shape != images.shape:
            raise ValueError(f"references of shape {references.shape} for images of shape {images.shape}")
        weights = _weights(targets, self._model.output_shape[-1])
        contributions, delta = in_batches(self._explain, images, weights, references)
        return contributions, delta

    def _contributions(
        self, images: tf.Tensor, weights: tf.Tensor, references: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        import tensorflow as tf

        if references is None:
            references, reference_logits, inputs = self._shared
        else:
            reference_logits, inputs = _record(self._model, references)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            logits = _replay(self._model, images, inputs)
        multipliers = tape.gradient(logits, images, output_gradients=weights)
        delta = tf.reduce_sum(weights * (logits - reference_logits), axis=-1)
        return multipliers * (images - references), delta


def refusal(model: keras.Model) -> str | None:
    """Why DeepLIFT cannot explain the model: the first layer that it has no rule for; None where it can."""
    nodes = getattr(model, "_nodes_by_depth", None)
    if nodes is None or len(model.inputs) != 1 or len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
        return f"DeepLIFT explains functional models from one image to one row of logits, which {model.name!r} is not"
    for depth in sorted(nodes, reverse=True):
        for node in nodes[depth]:
            if not node.is_input and (obstacle := _obstacle(node)):
                return f"DeepLIFT cannot explain layer {node.operation.name!r} ({name_of(node.operation)}): {obstacle}"
    return None


def rescale(function: Function, x: tf.Tensor, reference: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """The Rescale rule of an element-wise function: the slope between reference and x; where they meet, that at x.

    Like every rule it takes a function, its input for n images and for n references (or 1, shared), and the gradient
    of the target by the function's output; it returns the gradient by the input, such that times the change of the
    input it sums to the gradient times the change of the output.
    """

    return gradient * _slope(function(x) - function(reference), x - reference, _derivative(function, x))


def rounding(function: Function, x: tf.Tensor, reference: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """The rule of a rounding, as of kept features: rescale, within `STEEPEST` of the identity.

    Passed as the identity, the features' rounding errors added up to 0.4 % of a small delta. Where the points are only
    some steps of the rounding apart, the slope is a stair's, which means nothing and may be any.
    """
    import tensorflow as tf

    slope = _slope(function(x) - function(reference), x - reference, tf.ones_like(x))
    return gradient * tf.clip_by_value(slope, 1 - STEEPEST, 1 + STEEPEST)


def cross_maximum(function: Function, x: tf.Tensor, reference: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """The rule of a maximum over windows: a rise goes to the image's largest cell, a fall to the reference's.

    That is, max(y, ry) - ry goes to the argmax of x and y - max(y, ry) to that of the reference. One of the two is
    zero, and the cell of the other is the argmax of max(x, reference): a single pooling gradient does it. This cell
    changes at least as much as the maximum, so that the multiplier lies between 0 and 1.
    """
    import tensorflow as tf

    change = function(x) - function(reference)
    routed = _derivative(function, tf.maximum(x, reference), gradient * change)
    return tf.math.divide_no_nan(routed, x - reference)


def log_mean_exp(layer: keras.Layer, x: tf.Tensor, reference: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """The rule of log-sum-exp pooling, y = log(mean(exp(r x))) / r over h and w: exp, mean and log, one by one.

    `layer.r` is the sharpness, x is (n, h, w, k), the gradient (n, k). Image and reference share one shift of the
    exponents, the largest of both, without which their differences would mean nothing.
    """
    import tensorflow as tf

    rise = layer.r * (layer(x) - layer(reference))
    x, reference = layer.r * x, layer.r * tf.broadcast_to(reference, tf.shape(x))
    shift = tf.reduce_max(tf.maximum(x, reference), axis=(1, 2), keepdims=True)
    total, reference_total = (tf.reduce_sum(tf.exp(each - shift), axis=(1, 2)) for each in (x, reference))
    through_log = gradient * _slope(rise, total - reference_total, 1 / total)
    return rescale(tf.exp, x - shift, reference - shift, through_log[:, None, None, :])


def generalized_mean(layer: keras.Layer, x: tf.Tensor, reference: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """The rule of generalised-mean pooling: power, mean, root, one by one. x is (n, h, w, c), the gradient (n, c)."""
    import tensorflow as tf

    means, reference_means = (tf.reduce_mean(layer.power(each), axis=(1, 2)) for each in (x, reference))
    through_root = rescale(layer.root, means, reference_means, gradient)
    cells = tf.cast(tf.reduce_prod(tf.shape(x)[1:3]), x.dtype)
    return rescale(layer.power, x, reference, through_root[:, None, None, :] / cells)


def mean_of_largest(layer: keras.Layer, x: tf.Tensor, reference: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """The rule of top-k pooling, the mean of the k largest cells over h and w: a blend of the gradients at both points.

    That at x overlooks cells that were among the k largest of the reference, and gives too little to the change; that
    at the reference gives too much. There is one blend that gives the change. x is (n, h, w, k), the gradient (n, k).
    """
    import tensorflow as tf

    reference = tf.broadcast_to(reference, tf.shape(x))
    at_x, at_reference = (_derivative(layer, each) for each in (x, reference))
    too_much = tf.nn.relu(layer(reference) - tf.reduce_sum(at_x * reference, axis=(1, 2)))
    too_little = tf.nn.relu(layer(x) - tf.reduce_sum(at_reference * x, axis=(1, 2)))
    share = tf.where(too_much > 0, tf.math.divide_no_nan(too_little, too_much + too_little), 1)[:, None, None, :]
    return gradient[:, None, None, :] * (share * at_x + (1 - share) * at_reference)


LINEAR = {
    *("Identity", "Conv1D", "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D", "Dense"),
    *("BatchNormalization", "Normalization", "Rescaling", "AveragePooling2D", "GlobalAveragePooling2D"),
    *("Add", "Subtract", "Average", "Concatenate", "Flatten", "Reshape", "Permute"),
    *("Cropping2D", "ZeroPadding2D", "UpSampling2D", "Dropout", "SpatialDropout2D", "GaussianNoise"),
    # and of keras.ops, which is what `images[..., ::-1] / 127.5 - 1` becomes in a functional model
    *("GetItem", "Squeeze", "ExpandDims", "Transpose", "Pad", "Negative", "Mean", "Sum"),
}
LINEAR_IN_ONE = {"Multiply", "Divide", "TrueDivide", "Matmul"}  # with a constant
ELEMENTWISE = {
    *("ReLU", "LeakyReLU", "ELU"),  # layers
    *("relu", "relu6", "leaky_relu", "elu", "selu", "silu", "gelu", "softplus", "softsign"),  # keras.activations
    *("sigmoid", "hard_sigmoid", "hard_silu", "tanh", "exponential", "mish"),
    *("Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Silu", "Gelu", "Softplus", "Softsign"),  # keras.ops
    *("Sigmoid", "HardSigmoid", "HardSilu", "Tanh", "Exp", "Log"),
}
RULES: dict[str, Rule] = {
    **dict.fromkeys(sorted(ELEMENTWISE), rescale),
    "MaxPooling2D": cross_maximum,
    "DilatedMaxPooling2D": cross_maximum,
    "GlobalMaxPooling2D": cross_maximum,
    "RoundTrip": rounding,
    "GeneralizedMeanPooling2D": generalized_mean,
    "LogSumExpPooling2D": log_mean_exp,
    "TopPooling2D": mean_of_largest,
}


def _derivative(function: Function, x: tf.Tensor, gradient: tf.Tensor | None = None) -> tf.Tensor:
    """The gradient by x of the function's outputs, each times `gradient` (or 1)."""
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x, output_gradients=gradient)


def _slope(rise: tf.Tensor, run: tf.Tensor, derivative: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    return tf.where(tf.abs(run) < TINY, derivative, rise / run)


def _obstacle(node: Any) -> str | None:
    """What keeps DeepLIFT from passing a node of the model, or None."""
    operation = node.operation
    name = name_of(operation)
    if getattr(operation, "compute_dtype", "float32") != "float32":
        return f"it computes in {operation.compute_dtype}, not in float32"
    if name == "Cast":
        return None if "float" in operation.dtype else f"it casts to {operation.dtype}"
    if name in LINEAR_IN_ONE:
        constant = len(node.input_tensors) == 1 and ("Divide" not in name or _is_varying(node.arguments.args[0]))
        return None if constant else "it multiplies or divides by a tensor that varies with the image"
    if name == "Activation" or name in LINEAR or getattr(operation, "linear", False):
        activation = getattr(operation, "activation", None)
        known = activation is None or name_of(activation) in ("linear", *RULES)
        return None if known else f"its activation {name_of(activation)!r} has no rule"
    return None if name in RULES else "it has no rule"


def _is_varying(argument: Any) -> bool:
    import keras

    return isinstance(argument, keras.KerasTensor)


def _weights(targets: np.ndarray, classes: int) -> np.ndarray:
    """Weights on the logits (n, classes), float32, of targets in either form."""
    targets = np.asarray(targets)
    return np.asarray(np.eye(classes)[targets] if targets.ndim == 1 else targets, np.float32)


def _shared(model: keras.Model, reference: np.ndarray) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
    """A reference (1, h, w, 3), its logits (1, k), and its inputs of the nonlinear steps, one row or one a tile."""
    import tensorflow as tf

    # Twice, as one image takes other kernels than several do, with other last bits.
    both = tf.constant(np.stack([reference, reference]), tf.float32)
    logits, inputs = tf.function(lambda images: _record(model, images), autograph=False)(both)
    return both[:1], logits[:1], [each[: len(each) // 2] for each in inputs]


def _record(model: keras.Model, images: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """The logits, and the input of every nonlinear step in the order of the walk."""
    inputs = []

    def step(function: Function, x: tf.Tensor) -> tf.Tensor:
        inputs.append(x)
        return function(x)

    return walk(model, images, RULES, step), inputs


def _replay(model: keras.Model, images: tf.Tensor, references: list[tf.Tensor]) -> tf.Tensor:
    """The logits, with gradients that follow the rules; `references` are the reference's inputs from `_record`."""

    remaining = iter(references)

    def step(function: Function, x: tf.Tensor) -> tf.Tensor:
        reference = _for_each_image(next(remaining), x)
        rule = RULES[name_of(function)]
        return with_gradient(function, lambda x, gradient: rule(function, x, reference, gradient), x)

    return walk(model, images, RULES, step)


def _for_each_image(reference: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """The rows of a reference for every image in x; a single row is left alone, as the rules spread it themselves."""
    import tensorflow as tf

    if reference.shape[0] in (1, x.shape[0]):
        return reference
    images = tf.shape(x)[0] // tf.shape(reference)[0]
    return tf.tile(reference, [images, *[1] * (len(reference.shape) - 1)])
