"""Fits the standardiser before training, on training images alone."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from stages.models import runtime
from stages.models.compose import STANDARDIZE, Parts
from stages.models.feature_file import FeatureFile
from stages.train import standardize

if TYPE_CHECKING:
    import keras


def prepare(parts: Parts, file: FeatureFile, rows: np.ndarray) -> None:
    """Set the layer that standardises features, where a model has it, to what comes before it."""
    layers = {layer.name: layer for layer in parts.tail.layers}
    if STANDARDIZE in layers:
        mean, deviation = standardize.fit(_head_inputs(parts, file, rows))
        layers[STANDARDIZE].mean.assign(mean)
        layers[STANDARDIZE].deviation.assign(deviation)


def _head_inputs(parts: Parts, file: FeatureFile, rows: np.ndarray) -> Iterable[np.ndarray]:
    """Features (n, ..., c) before the standardiser; of bags that lack some of their instances, those that are there."""

    def run(model: "keras.Model") -> Iterable[np.ndarray]:
        return runtime.run(runtime.compiled(model), file.chunks(rows), file.batch_size)

    features = file.chunks(rows) if parts.before_head is None else run(parts.before_head)
    if parts.present is None:
        return features
    return (chunk[present] for chunk, present in zip(features, run(parts.present), strict=True))
