"""Which layers compute in half precision while training: mixed precision (Micikevicius et al. 2018, arXiv:1710.03740).

Weights, gradients of weights and optimisers are float32 throughout, and so is everything but the training step.
"""

import contextlib
from collections.abc import Iterator

import keras

SUMS = (  # over many values, or of exponentials
    keras.layers.Dot,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.Softmax,
)
LAST = ("head_logits", "head_scores")


@contextlib.contextmanager
def of(model: keras.Model, name: str) -> Iterator[None]:
    """While a step is traced: Keras's own layers compute in a precision, its dtype policy's name.

    What sums over many values, what gives logits, and lesionmap's own layers (preprocessing, what was fitted, masks,
    DropBlock) stay in float32.
    """
    lowered = [layer for layer in model.layers if _may_be_lowered(layer)]
    try:
        for layer in lowered:
            layer.dtype_policy = name
        yield
    finally:
        for layer in lowered:
            layer.dtype_policy = "float32"


def _may_be_lowered(layer: keras.Layer) -> bool:
    keras_s_own = type(layer).__module__.startswith("keras.")
    return keras_s_own and not isinstance(layer, SUMS) and layer.name not in LAST
