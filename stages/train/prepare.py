"""Fits what is fitted before training, on training images alone: the background and the standardiser."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from stages.models import runtime
from stages.models.compose import STANDARDIZE, Parts
from stages.models.feature_file import FeatureFile
from stages.models.layers import Background
from stages.train import background, standardize

if TYPE_CHECKING:
    import keras

MOST_IMAGES = 2000  # that the background is fitted on, evenly spaced: their products are held in memory


def prepare(parts: Parts, file: FeatureFile, rows: np.ndarray) -> None:
    """Set the fitted layers of a model, first to last: each sees what those before it give."""
    layers = {layer.name: layer for layer in parts.tail.layers}
    for layer in layers.values():
        if isinstance(layer, Background):
            chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_IMAGES)).astype(int)]
            images = np.concatenate(list(_outputs(parts.whole.get_layer("preprocessing"), file.chunks(chosen))))
            _assign(layer, ("mean", "components", "deviation"), background.fit(images[..., 0], layer.count))
    if STANDARDIZE in layers:
        _assign(layers[STANDARDIZE], ("mean", "deviation"), standardize.fit(_head_inputs(parts, file, rows)))


def _outputs(layer: "keras.Layer", chunks: Iterable[np.ndarray]) -> Iterable[np.ndarray]:
    return (np.asarray(layer(chunk.astype(np.float32))) for chunk in chunks)


def _head_inputs(parts: Parts, file: FeatureFile, rows: np.ndarray) -> Iterable[np.ndarray]:
    """Features (n, ..., c) before the standardiser; of bags that lack some of their instances, those that are there."""

    def run(model: "keras.Model") -> Iterable[np.ndarray]:
        return runtime.run(runtime.compiled(model), file.chunks(rows), file.batch_size)

    features = file.chunks(rows) if parts.before_head is None else run(parts.before_head)
    if parts.present is None:
        return features
    return (chunk[present] for chunk, present in zip(features, run(parts.present), strict=True))


def _assign(layer: "keras.Layer", names: tuple[str, ...], values: tuple[np.ndarray, ...]) -> None:
    for name, value in zip(names, values, strict=True):
        getattr(layer, name).assign(value)
