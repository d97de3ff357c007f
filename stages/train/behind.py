"""What is trained, and what it is given: the tail and kept features, or what lies behind a background."""

from collections.abc import Callable

import keras
import numpy as np

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
    preprocessing = parts.whole.get_layer("preprocessing")

    def grey(places: np.ndarray) -> np.ndarray:
        return preprocessing(file.read(train.rows[places]).astype(np.float32)).numpy()

    folds = _folds(train)
    usual = np.flatnonzero(train.labels != finding) if (train.labels != finding).any() else np.arange(len(train.labels))
    usual = usual[np.linspace(0, len(usual) - 1, min(len(usual), background.MOST_IMAGES)).astype(int)]
    fitted = background.fit(grey(usual)[..., 0], folds[usual], layer.count)
    _assign(layer, fitted, fitted.mean, fitted.components)
    without = [_twin(layer, fitted, *one) for one in fitted.without]

    def read(places: np.ndarray) -> np.ndarray:
        images, rest = grey(places), np.empty((len(places), *layer.output.shape[1:]), np.float32)
        for fold in np.unique(folds[places]):
            chosen = folds[places] == fold
            rest[chosen] = without[fold](images[chosen])
        return rest

    return keras.Model(layer.output, parts.tail.output, name="behind_background"), read


def _folds(part: Part) -> np.ndarray:
    """A fold for each image, the same for a group's."""
    if part.groups is None:
        return np.arange(len(part.rows)) % background.FOLDS
    return np.unique(part.groups, return_inverse=True)[1] % background.FOLDS


def _twin(layer: Background, fitted: background.Fitted, mean: np.ndarray, components: np.ndarray) -> Background:
    twin = Background(layer.count)
    twin.build((None, *mean.shape, 1))
    _assign(twin, fitted, mean, components)
    return twin


def _assign(layer: Background, fitted: background.Fitted, mean: np.ndarray, components: np.ndarray) -> None:
    layer.mean.assign(mean)
    layer.components.assign(components)
    layer.deviation.assign(fitted.deviation)
    layer.spread.assign(fitted.spread)
