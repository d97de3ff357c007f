"""What is trained, and what it is given: the tail and kept features, or what lies behind a background."""

import tempfile
from collections.abc import Callable, Iterator

import keras
import numpy as np

from stages.models import runtime
from stages.models.compose import Parts
from stages.models.feature_file import FeatureFile
from stages.models.layers import Background
from stages.train import background
from stages.train.part import Part

Reader = Callable[[np.ndarray], np.ndarray]


def trained_part(parts: Parts, file: FeatureFile, train: Part, finding: int) -> tuple[keras.Model, Reader]:
    """The model that is trained, and a function of places in `train` that gives its inputs for these images.

    That is the tail and the kept features. Where the tail begins with a background, this is fitted here, on images of
    any class but number `finding`, and what is trained is the tail behind it. It is given what a background that was
    fitted without an image's fold leaves of the image, so that training images look as new ones will.
    """
    layer = next((layer for layer in parts.tail.layers if isinstance(layer, Background)), None)
    if layer is None:
        return parts.tail, lambda places: file.read(train.rows[places])
    folds, usual = _folds(train), _usual(train.labels, finding)
    images = np.empty((len(usual), *layer.input.shape[1:3]), np.float32)
    for chunk, made in _run(keras.Model(parts.tail.input, layer.input), file, train.rows, usual):
        images[chunk] = made[..., 0]
    fitted = background.fit(images, folds[usual], layer.count)
    parts.tail.get_layer("haar").gain.assign(fitted.gain)
    shape = len(folds), *layer.output.shape[1:]
    with tempfile.TemporaryFile() as room:  # memory may not do; and components are too large to be read for each batch
        rest = np.memmap(room, np.float16, "w+", shape=shape)  # of 8 bits, no more digits are left
    left = keras.Model(parts.tail.input, keras.ops.cast(layer.output, "float16"))
    for fold, (mean, components) in enumerate(fitted.without):
        _assign(layer, fitted, mean, components)
        places = np.flatnonzero(folds == fold)
        for chunk, made in _run(left, file, train.rows, places):
            rest[places[chunk]] = made
    _assign(layer, fitted, fitted.mean, fitted.components)
    return keras.Model(layer.output, parts.tail.output, name="behind_background"), lambda places: rest[places]


def _run(
    model: keras.Model, file: FeatureFile, rows: np.ndarray, places: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """What a model makes of the features in `rows[places]`, by and by: a slice of `places`, and the outputs."""
    outputs = runtime.run(runtime.compiled(model), file.chunks(rows[places]), file.batch_size)
    return zip(runtime.batches(len(places), file.batch_size), outputs, strict=True)


def _usual(labels: np.ndarray, finding: int) -> np.ndarray:
    """Places of images without the finding, evenly spaced where they are many; of any images if all have it."""
    places = np.flatnonzero(labels != finding)
    places = places if len(places) else np.arange(len(labels))
    return places[np.linspace(0, len(places) - 1, min(len(places), background.MOST_IMAGES)).astype(int)]


def _folds(part: Part) -> np.ndarray:
    """A fold for each image, the same for a group's."""
    if part.groups is None:
        return np.arange(len(part.rows)) % background.FOLDS
    return np.unique(part.groups, return_inverse=True)[1] % background.FOLDS


def _assign(layer: Background, fitted: background.Fitted, mean: np.ndarray, components: np.ndarray) -> None:
    layer.mean.assign(mean)
    layer.components.assign(components)
    layer.deviation.assign(fitted.deviation)
    layer.spread.assign(fitted.spread)
