"""VGG16 without its dense layers (Simonyan and Zisserman 2015, arXiv:1409.1556)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))  # convolutions and filters of each block
LAYERS = tuple(
    f"block{block}_{layer}"
    for block, (convolutions, _) in enumerate(BLOCKS, start=1)
    for layer in (*(f"conv{number + 1}" for number in range(convolutions)), "pool")
)
PREPROCESSING = "caffe"
SMALLEST_INPUT = 32


def build(x: "keras.KerasTensor", at: Callable[[str, "keras.KerasTensor"], "keras.KerasTensor"]) -> "keras.KerasTensor":
    """Preprocessed images (n, h, w, 3) -> features (n, h // 32, w // 32, 512); `at` sees each layer's output."""
    from keras import layers

    for block, (convolutions, filters) in enumerate(BLOCKS, start=1):
        for number in range(1, convolutions + 1):
            name = f"block{block}_conv{number}"
            x = at(name, layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)(x))
        name = f"block{block}_pool"
        x = at(name, layers.MaxPooling2D(2, name=name)(x))
    return x
