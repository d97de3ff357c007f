"""What the small networks share: convolutions without padding, an activation, and poolings in between."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from stages.models.backbones import Pass

Plan = Sequence[tuple[int, bool]]  # filters of each convolution, and whether a 2x2 max-pooling follows it


def layer_names(plan: Plan) -> tuple[str, ...]:
    """The activations and poolings, first to last."""
    return tuple(
        f"{kind}{number}"
        for number, (_, pooled) in enumerate(plan, start=1)
        for kind in (("conv", "pool") if pooled else ("conv",))
    )


def smallest_input(plan: Plan, kernel: int) -> int:
    """The side of an input of which one cell is left."""
    side = 1
    for _, pooled in reversed(plan):
        side = (2 * side if pooled else side) + kernel - 1
    return side


def build(
    plan: Plan, kernel: int, slope: float, x: "keras.KerasTensor", at: "Pass", drop: "Pass"
) -> "keras.KerasTensor":
    """Images (n, h, w, 3) -> features; the activation is a ReLU with this slope below zero."""
    from keras import layers

    for number, (filters, pooled) in enumerate(plan, start=1):
        name = f"conv{number}"
        if slope:
            x = layers.Conv2D(filters, kernel, name=f"{name}_linear")(x)
            x = layers.LeakyReLU(slope, name=name)(x)
        else:
            x = layers.Conv2D(filters, kernel, activation="relu", name=name)(x)
        x = drop(name, at(name, x))
        if pooled:
            name = f"pool{number}"
            x = at(name, layers.MaxPooling2D(2, name=name)(x))
    return x
