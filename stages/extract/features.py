"""Images -> features at the cut, decoded while others pass the network."""

import collections
import concurrent.futures
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from stages.common.errors import UserError
from stages.extract.decode import decode
from stages.models import runtime
from stages.models.image import ImageSettings

if TYPE_CHECKING:
    import keras

Item, Result = TypeVar("Item"), TypeVar("Result")
AHEAD = 2  # batches decoded before they are wanted


def decoded(paths: list[Path], view: ImageSettings) -> Iterator[np.ndarray]:
    """Batches of decoded images (at most `view.batch_size`, h, w, 3) uint8, in order, decoded while others compute.

    One thread keeps up with a network on two cores, and more would take processor time from it.
    """
    places = runtime.batches(len(paths), view.batch_size)
    return ahead(lambda place: np.stack([decode(path, view) for path in paths[place]]), places)


def ahead(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`function` of every item, in order; a few are worked out before they are wanted."""
    items = iter(items)
    with concurrent.futures.ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 4)) as pool:
        waiting = collections.deque(pool.submit(function, item) for item in itertools.islice(items, AHEAD))
        while waiting:
            ready = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in itertools.islice(items, 1))
            yield ready


def compute(
    front: Callable[[], "keras.Model"],
    paths: list[Path],
    view: ImageSettings,
    dtype: str,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Features of image files, batch by batch: which of `paths` they are of, and (rows, [tiles,] h, w, c) of `dtype`.

    Raises:
        UserError: a value does not fit into `dtype`.
    """
    model = front()
    outputs = runtime.run(runtime.compiled(model), decoded(paths, view), view.batch_size)
    for place, output in zip(runtime.batches(len(paths), view.batch_size), outputs, strict=True):
        yield place, narrow(output, dtype, model.output_names[0])


def narrow(features: np.ndarray, dtype: str, layer: str) -> np.ndarray:
    """Features in the number type in which they are kept, rounded to nearest."""
    with np.errstate(over="ignore"):
        kept = features.astype(dtype)
    if not np.isfinite(kept).all():
        raise UserError(
            f"layer `{layer}` gives {np.abs(features).max():.6g}, too large for {dtype}; set `extract.dtype: float32`"
        )
    return kept
