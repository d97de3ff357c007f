"""Logits of many changed copies of images, made while they are needed and run in full batches."""

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from stages.models import runtime

if TYPE_CHECKING:
    from stages.attribute.methods.base import Subject


class Forward:
    """The logits of a subject's whole model."""

    def __init__(self, subject: "Subject") -> None:
        self._run, self._size = runtime.compiled(subject.parts.whole), subject.model.design.batch_size

    def __call__(self, images: Iterable[np.ndarray]) -> np.ndarray:
        """Logits (n, outputs), float32, of images (h, w, 3) that come one by one."""
        return np.concatenate(list(runtime.run(self._run, _stacked(images, self._size), self._size)))


def _stacked(images: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    images = iter(images)
    while batch := list(itertools.islice(images, size)):
        yield np.stack(batch)
