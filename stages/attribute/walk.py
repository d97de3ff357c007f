"""Run a flat Keras model node by node, with some of its nonlinear functions replaced.

The model and its layers stay as they are: others may be using them. Nothing is registered with TensorFlow either, so
that an explanation cannot change a later gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    Function = Callable[..., tf.Tensor]
    Step = Callable[[Function, tf.Tensor], tf.Tensor]


def walk(model: keras.Model, images: tf.Tensor, replaced: Container[str], step: Step) -> tf.Tensor:
    """The model's output; each function whose name is among `replaced` is run as `step(function, x)`.

    These are layers and operations by the name of their class ("MaxPooling2D"), and activations by that of their
    function ("relu"), also those that are part of a convolution or a dense layer. Only the nodes of this model are
    run: layers shared with other models have more.
    """

    def run(operation: keras.Operation) -> Callable[..., Any]:
        before, function = _split(operation, replaced)

        def call(*args: Any, **kwargs: Any) -> Any:
            outputs = before(*args, **kwargs)
            return outputs if function is None else step(function, outputs)

        return call

    return model._run_through_graph(images, operation_fn=run)


def name_of(function: Any) -> str:
    """The name of a function, or of the class of a layer or operation."""
    return getattr(function, "__name__", type(function).__name__)


def with_gradient(function: Function, backward: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    """function(x), whose gradient by x is `backward(x, gradient by its output)`."""
    import tensorflow as tf

    @tf.custom_gradient
    def replaced(x: tf.Tensor) -> tuple[tf.Tensor, Function]:
        return function(x), lambda gradient: backward(x, gradient)

    return replaced(x)


def _split(operation: keras.Operation, replaced: Container[str]) -> tuple[Function, Function | None]:
    """An operation as what comes before the replaced function, and that function; None where it has none."""
    name = name_of(operation)
    if name in replaced:
        return lambda x, **_: x, operation
    if name == "Cast":
        return lambda x: _rounded(x, operation), None
    activation = getattr(operation, "activation", None)
    if activation is None or name_of(activation) not in replaced:
        return operation, None
    return (lambda x, **_: x) if name == "Activation" else _without_activation(operation), activation


def _rounded(x: tf.Tensor, cast: keras.Operation) -> tf.Tensor:
    """What a cast leaves of x, still in float32, as the gradient would be rounded as well (below 6e-8 to zero)."""
    import tensorflow as tf

    return x + tf.stop_gradient(tf.cast(cast(x), x.dtype) - x)


def _without_activation(layer: keras.Layer) -> keras.Layer:
    """A twin on the same weights that has no activation."""
    import keras

    twin = object.__new__(type(layer))
    vars(twin).update(vars(layer), activation=keras.activations.linear)
    return twin
