"""Fits what is fitted before training, on training images alone: the background and the standardiser."""

from collections.abc import Iterable

import numpy as np

from stages.models import runtime
from stages.models.compose import STANDARDIZE, Parts
from stages.models.feature_file import FeatureFile
from stages.models.layers import Background
from stages.train import background, standardize

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
        chunks = file.chunks(rows)
        if parts.before_head is not None:
            chunks = runtime.run(runtime.compiled(parts.before_head), chunks, file.batch_size)
        _assign(layers[STANDARDIZE], ("mean", "deviation"), standardize.fit(chunks))


def _outputs(layer: "object", chunks: Iterable[np.ndarray]) -> Iterable[np.ndarray]:
    return (np.asarray(layer(chunk.astype(np.float32))) for chunk in chunks)


def _assign(layer: "object", names: tuple[str, ...], values: tuple[np.ndarray, ...]) -> None:
    for name, value in zip(names, values, strict=True):
        getattr(layer, name).assign(value)
