"""What layers see of an image from several sides, averaged: nothing depends on how the image was held."""

from typing import TYPE_CHECKING

import keras
from keras import ops

from stages.models.backbones import AVERAGED

if TYPE_CHECKING:
    from stages.models.backbones.settings import Architecture

MIRRORED, UPSIDE_DOWN, TRANSPOSED = 1, 2, 4  # the parts of a view
VIEWS = {"one": range(1), "mirror": range(2), "flips": range(4), "dihedral": range(8)}


class Turned(keras.layers.Layer):
    """An image or a map as one of the eight views of a square shows it, or back again."""

    linear = True

    def __init__(self, view: int, back: bool = False, **options: object) -> None:
        super().__init__(**options)
        self.view, self.back = view, back

    def call(self, maps: keras.KerasTensor) -> keras.KerasTensor:
        """Maps (n, h, w, c) -> the same shape; transposed ones must be square."""
        axes = [axis for part, axis in ((MIRRORED, 2), (UPSIDE_DOWN, 1)) if self.view & part]
        flipped = (lambda each: ops.flip(each, axes)) if axes else (lambda each: each)
        if not self.view & TRANSPOSED:
            return flipped(maps)
        if self.back:
            return flipped(ops.transpose(maps, (0, 2, 1, 3)))
        return ops.transpose(flipped(maps), (0, 2, 1, 3))

    def get_config(self) -> dict:
        return {**super().get_config(), "view": self.view, "back": self.back}


def averaged(pixels: keras.KerasTensor, features: keras.KerasTensor, architecture: "Architecture") -> keras.KerasTensor:
    """The mean of `features`, which layers make of `pixels`, and of what they make of its other views, turned back."""
    others = VIEWS[architecture.views][1:]
    if not others:
        return features
    network = keras.Model(pixels, features)
    found = [features]
    for view in others:
        seen = Turned(view, name=f"view{view}")(pixels)
        # layer by layer: attribution wants a flat model
        made = network._run_through_graph(seen, operation_fn=lambda operation: operation)
        found.append(Turned(view, back=True, name=f"view{view}_back")(made))
    return keras.layers.Average(name=AVERAGED)(found)
