"""shap's DeepExplainer on VGG16 with a fully connected head, as the oracle of DeepLIFT.

`python -m tests.attribute.oracle_deepshap INPUT.npz OUTPUT.npz` runs in a process of its own, as shap rewrites
TensorFlow's registry of gradients, and leaves it rewritten when it fails. It imports nothing of `stages`.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


def vgg16(pixels: int, width: int, seed: int = 0) -> "keras.Model":
    """VGG16 for square images of preprocessed pixels, then `width` tanh units, then two logits; random weights.

    Kernels keep the scale of what passes them and biases are not zero, so that units are on, off, and crossing.
    """
    import keras

    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(pixels, pixels, 3))
    x = keras.layers.Flatten()(base.output)
    x = keras.layers.Dense(width, activation="tanh")(x)
    model = keras.Model(base.input, keras.layers.Dense(2)(x))
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if layer.weights:
            kernel, bias = (weight.shape for weight in layer.weights)
            scale = np.sqrt((2 if len(kernel) == 4 else 1e-3) / np.prod(kernel[:-1]))
            layer.set_weights([random.normal(0, scale, kernel), random.normal(0, 0.1, bias)])
    return model


def explain(model: "keras.Model", images: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """DeepExplainer's contributions (n, h, w, 3) to logit 1, compared with one reference (h, w, 3)."""
    import shap

    explainer = shap.DeepExplainer(model, reference[None])
    return explainer.shap_values(images, check_additivity=False)[..., 1]


def main(source: Path, target: Path) -> None:
    """Explain the images of one file, write the contributions to another."""
    given = np.load(source)
    images = given["images"]
    model = vgg16(images.shape[1], int(given["width"]))
    np.savez(target, contributions=explain(model, images, given["reference"]))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
