"""What changing training images costs: `python -m benchmarks.augment` prints one JSON object.

One affine layer against Keras's own layers in turn (a mirror, a rotation, a shear, a zoom, a shift, each with an
interpolation of its own), with the settings of two recipes on random images of their size, in one run, by turns.
"""

import argparse
import json
from collections.abc import Callable

import numpy as np

from benchmarks.clock import seconds
from stages.common.files import significant
from stages.models import runtime
from stages.train.augment_settings import Settings

RECIPES = {
    "polyps": ((4, 300, 300, 3), Settings(flip="horizontal", rotation=10, shear=0.1, zoom=0.2, shift=0.1)),
    "phantom": ((32, 128, 128, 2), Settings(flip="both", shift=0.05)),
}


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--batches", type=int, default=30, help="in each turn")
    arguments = parser.parse_args()
    runtime.start()
    print(json.dumps({name: compared(*RECIPES[name], arguments.turns, arguments.batches) for name in RECIPES}))


def compared(shape: tuple[int, ...], settings: Settings, turns: int, batches: int) -> dict[str, float]:
    """Processor milliseconds an image of both, medians of the turns, and how many times as much Keras's layers take."""
    from stages.train import augment

    images = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    ways = {"own": augment.layers(settings, 0), "keras": _keras_layers(settings)}
    works = {name: _work(layers, images, batches) for name, layers in ways.items()}
    spent = {name: [] for name in works}
    for _ in range(turns):
        for name, work in works.items():
            spent[name].append(seconds(work)[1])
    cost = {name: 1000 * float(np.median(each)) / (batches * shape[0]) for name, each in spent.items()}
    return {
        "own_ms": significant(cost["own"], 3),
        "keras_ms": significant(cost["keras"], 3),
        "ratio": significant(cost["keras"] / cost["own"], 3),
    }


def _work(layers: list, images: np.ndarray, batches: int) -> Callable[[], None]:
    """So many batches, compiled and run once before."""
    import tensorflow as tf

    @tf.function
    def change(batch: "tf.Tensor") -> "tf.Tensor":
        for layer in layers:
            batch = layer(batch, training=True)
        return batch

    given = tf.constant(images)
    change(given)

    def work() -> None:
        for _ in range(batches):
            change(given).numpy()

    return work


def _keras_layers(settings: Settings) -> list:
    from keras import layers

    options = {"fill_mode": "nearest"}
    flips = {"both": ("horizontal", "vertical")}.get(settings.flip, (settings.flip,))
    made = [layers.RandomFlip(way) for way in flips]
    if settings.rotation:
        made.append(layers.RandomRotation(settings.rotation / 360, **options))
    if settings.shear:
        made.append(layers.RandomShear(settings.shear, settings.shear, **options))
    if settings.zoom:
        made.append(layers.RandomZoom((-settings.zoom, settings.zoom), **options))
    return [*made, layers.RandomTranslation(settings.shift, settings.shift, **options)]


if __name__ == "__main__":
    main()
