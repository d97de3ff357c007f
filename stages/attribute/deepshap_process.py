"""shap's DeepExplainer on one of our models: `python -m stages.attribute.deepshap_process FOLDER`.

A process of its own, as shap rewrites TensorFlow's registry of gradients, and leaves it rewritten when it fails.
FOLDER holds `design.json`, `weights.h5` and `given.h5` (images, references, weights); `answer.h5` is written into it.
"""

import argparse
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stages.common import console, files
from stages.models import runtime

if TYPE_CHECKING:
    import keras


def main(folder: Path) -> None:
    """Contributions (n, h, w, 3), float32, of the weighted logits on the images, in the mean over the references."""
    console.end_with_parent()
    runtime.start()
    from stages.models import compose, front

    model = compose.compose(compose.Design.model_validate(files.read_json(folder / "design.json"))).whole
    front.assign(model, files.read_arrays(folder / "weights.h5"))
    given = files.read_arrays(folder / "given.h5")
    files.write_arrays(folder / "answer.h5", {"contributions": contributions(model, **given)}, {})


def contributions(model: "keras.Model", images: np.ndarray, references: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """As `main` writes them. shap explains a model's every output: each kind of target gets a model with one."""
    import keras
    import shap

    found = np.zeros(images.shape, np.float32)
    for weight in np.unique(weights, axis=0):
        rows = (weights == weight).all(axis=1)
        last = keras.layers.Dense(1, use_bias=False, name="target")
        explained = keras.Model(model.input, last(model.output))
        last.set_weights([weight[:, None]])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the versions of TensorFlow that shap was written for
            explainer = shap.DeepExplainer(explained, references)
            found[rows] = explainer.shap_values(images[rows], check_additivity=False)[..., 0]
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m stages.attribute.deepshap_process", description=__doc__)
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
