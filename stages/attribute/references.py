"""What an image is compared with: the reference of an attribution."""

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from stages.attribute.methods.base import Subject

Kind = Literal["black", "mean", "blurred"]
BLUR = 0.1  # deviation of the blurred reference's Gaussian, as a fraction of the shorter side


def shared(subject: "Subject", kind: Kind) -> np.ndarray | None:
    """The reference (h, w, 3), float32, that all images share, or None where each has its own."""
    design = subject.model.design
    if kind == "black":
        return np.zeros((design.height, design.width, 3), np.float32)
    if kind == "mean":
        return _mean(subject.training_images)
    return None


@functools.lru_cache(maxsize=1)  # several maps of a model, and the model when it is shuffled, share its training images
def _mean(training_images: Callable[[], Iterable[np.ndarray]]) -> np.ndarray:
    count, total = 0, 0.0
    for images in training_images():
        count, total = count + len(images), total + images.sum(axis=0, dtype=np.float64)
    return (total / count).astype(np.float32)


def for_each(subject: "Subject", kind: Kind) -> Callable[[np.ndarray], np.ndarray]:
    """A function from images (n, h, w, 3) to their references of the same shape."""
    one = shared(subject, kind)
    return blurred if one is None else lambda images: np.broadcast_to(one, images.shape)


def blurred(images: np.ndarray) -> np.ndarray:
    """Images (n, h, w, 3), blurred until no finding is left."""
    from scipy import ndimage

    deviation = BLUR * min(images.shape[1:3])
    return ndimage.gaussian_filter(images, (0, deviation, deviation, 0), mode="nearest")


def some(subject: "Subject", count: int) -> np.ndarray:
    """At most `count` training images (count, h, w, 3), float32, evenly spaced in the order of their image_ids."""
    kept: list[np.ndarray] = []
    step = 1  # every step-th image is kept so far
    for number, image in enumerate(_one_by_one(subject.training_images())):
        if number % step:
            continue
        if len(kept) == count:
            kept, step = kept[::2], 2 * step
            if number % step:
                continue
        kept.append(image)
    return np.stack(kept).astype(np.float32)


def _one_by_one(batches: Iterable[np.ndarray]) -> Iterable[np.ndarray]:
    for batch in batches:
        yield from batch
