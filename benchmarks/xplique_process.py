"""xplique's explanations of VGG16, in an environment of its own: `python xplique_process.py FOLDER`.

It imports nothing of the project. FOLDER holds `<head>.npz`, the weights by layer. Every line of the standard input is
a request in JSON: head, method, settings, and an `.npz` of FOLDER with images (n, h, w, 3), preprocessed, and targets
(n, outputs). The maps (n, h, w), or logits (n, outputs) with the method "logits", are written to `answer.npy` in
FOLDER; the answer is one line of JSON: seconds by the clock and of processor time.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

if TYPE_CHECKING:
    import keras


def main(folder: Path, requests: TextIO, answers: TextIO) -> None:
    """Answer requests until there are no more. What has run once is kept, compiled."""
    networks, explainers = {}, {}
    for line in requests:
        request = json.loads(line)
        head, method, settings = request["head"], request["method"], request["settings"]
        given = np.load(folder / request["given"])
        if head not in networks:
            networks[head] = network(head, given["images"].shape[1], np.load(folder / f"{head}.npz"))
        key = json.dumps([head, method, settings])
        if key not in explainers:
            explainers[key] = explainer(networks[head], method, settings)
        begun = time.perf_counter(), time.process_time()
        found = np.asarray(explainers[key](given["images"], given["targets"]))
        took = time.perf_counter() - begun[0], time.process_time() - begun[1]
        np.save(folder / "answer.npy", found[..., 0] if found.ndim == 4 else found)
        print(json.dumps(took), file=answers, flush=True)


def network(head: str, pixels: int, weights: dict[str, np.ndarray]) -> "keras.Model":
    """VGG16 on preprocessed images with the head `fc` or `score_map`, as plain Keras layers."""
    import keras
    from keras import layers

    x = (vgg := keras.applications.VGG16(weights=None, include_top=False, input_shape=(pixels, pixels, 3))).output
    if head == "fc":
        x = layers.Flatten()(x)
        x = layers.Dense(weights["head_dense/bias"].size, activation="tanh", name="head_dense")(x)
        logits = layers.Dense(weights["head_logits/bias"].size, name="head_logits")(x)
    else:
        x = layers.Conv2D(weights["head_scores/bias"].size, 1, name="head_scores")(x)
        logits = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(vgg.input, logits)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([weights[f"{layer.name}/kernel"], weights[f"{layer.name}/bias"]])
    return model


def explainer(model: "keras.Model", method: str, settings: dict) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """One of xplique's methods by the name of its class; a list among the settings is a value for each channel."""
    if method == "logits":
        return lambda images, targets: model.predict(images, verbose=0)  # noqa: ARG005 -- as explainers are called
    from xplique import attributions

    settings = {key: np.float32(value) if isinstance(value, list) else value for key, value in settings.items()}
    return getattr(attributions, method)(model, **settings)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    main(Path(sys.argv[1]), sys.stdin, answers)
