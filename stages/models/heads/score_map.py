"""A map of scores per class by a 1x1 convolution, pooled to logits.

With mean pooling the map is exactly the class activation map of Zhou et al. 2016 (arXiv:1512.04150): the 1x1
convolution before global average pooling is the dense layer after it.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from stages.common.schema import Section

if TYPE_CHECKING:
    import keras

SCORES = "head_scores"


class Settings(Section):
    """The keys of `head.score_map`."""

    pooling: Literal["mean"] = "mean"
    """How a class's scores become its logit."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the channels (whole maps) that training drops before the scores."""


def build(features: "keras.KerasTensor", outputs: int, settings: Settings, seed: int) -> "keras.KerasTensor":
    """Features (n, h, w, c) -> logits (n, outputs), through the layer `head_scores` (n, h, w, outputs)."""
    from keras import initializers, layers

    x = features
    if settings.dropout:
        x = layers.SpatialDropout2D(settings.dropout, seed=seed, name="head_dropout")(x)
    start = initializers.GlorotUniform(seed=seed)
    scores = layers.Conv2D(outputs, 1, kernel_initializer=start, name=SCORES)(x)
    return layers.GlobalAveragePooling2D(name="head_pooling")(scores)
