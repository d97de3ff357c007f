"""The Open-i ancestor's head: flatten, one dense layer, logits."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from stages.common.schema import Section

if TYPE_CHECKING:
    import keras

BAGS = False


class Settings(Section):
    """The keys of `head.fc`."""

    width: Annotated[int, Field(ge=1)] = 2048
    """Units of the dense layer. Its weights dominate the cost of training: 51 million at 7x7x512 and 2048."""

    activation: Literal["tanh", "relu", "elu", "sigmoid", "linear"] = "tanh"
    """Activation of the dense layer."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Share of the dense layer's outputs that training drops."""


def build(features: "keras.KerasTensor", outputs: int, settings: Settings, seed: int) -> "keras.KerasTensor":
    """Features (n, h, w, c) -> logits (n, outputs)."""
    from keras import initializers, layers

    def dense(units: int, name: str, number: int) -> layers.Dense:
        start = initializers.GlorotUniform(seed=2 * seed + number)
        return layers.Dense(units, kernel_initializer=start, name=name)

    x = layers.Flatten(name="head_flatten")(features)
    x = dense(settings.width, "head_dense", 0)(x)
    x = layers.Activation(settings.activation, name="head_activation")(x)
    if settings.dropout:
        x = layers.Dropout(settings.dropout, seed=seed, name="head_dropout")(x)
    return dense(outputs, "head_logits", 1)(x)
