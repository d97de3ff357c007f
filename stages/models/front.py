"""The frozen part of a network, up to the cut; and weights by explicit names."""

import keras
import numpy as np

from stages.models import layers
from stages.models.backbones import BACKBONES


def build(backbone: str, cut: str, height: int, width: int) -> keras.Model:
    """The frozen part alone: image -> the features at the cut, unrounded."""
    image = keras.Input((height, width, 3), name="image")
    found = {}

    def at(name: str, tensor: keras.KerasTensor) -> keras.KerasTensor:
        return found.setdefault(name, tensor)

    module = BACKBONES[backbone]
    module.build(layers.PREPROCESSING[module.PREPROCESSING](name="preprocessing")(image), at)
    return keras.Model(image, found[cut], name="front")


def named_weights(model: keras.Model) -> dict[str, keras.Variable]:
    """A model's variables by `layer/variable`; layer names are explicit, so these are stable."""
    named = {}
    for layer in model.layers:
        for variable in layer.weights:
            if "seed_generator" not in variable.path:
                named[f"{layer.name}/{variable.name}"] = variable
    return named


def assign(model: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Set those of a model's variables that `arrays` names.

    Raises:
        ValueError: a shape differs.
    """
    for name, variable in named_weights(model).items():
        if name in arrays:
            if tuple(variable.shape) != arrays[name].shape:
                raise ValueError(f"{name}: the model wants {tuple(variable.shape)}, the file has {arrays[name].shape}")
            variable.assign(arrays[name])
