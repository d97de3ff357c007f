"""A map of scores per class by a 1x1 convolution, pooled to logits.

With mean pooling the map is exactly the class activation map of Zhou et al. 2016 (arXiv:1512.04150): the 1x1
convolution before global average pooling is the dense layer after it.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from stages.common.schema import Section

if TYPE_CHECKING:
    import keras

BAGS = False
SCORES = "head_scores"


class Settings(Section):
    """The keys of `head.score_map`."""

    pooling: Literal["mean", "lse", "top", "max"] = "mean"
    """How a class's scores become its logit: their mean, log-sum-exp, the mean of the `k` largest, or the largest."""

    r: Annotated[float, Field(gt=0)] = 5.0
    """Sharpness of `lse`: towards the mean when small, towards the maximum when large."""

    k: Annotated[int, Field(ge=1)] = 4
    """Cells that count with `top`."""

    k_start: Annotated[int, Field(ge=1)] | None = None
    """Cells that count with `top` when training starts: then no cell means anything yet, and many learn faster than
    few. They become fewer until, after a quarter of the epochs, `k` are left. null: `k`."""

    hidden: Annotated[int, Field(ge=1)] | None = None
    """Units of a 1x1 convolution with ReLU before the scores; null: none."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the channels (whole maps) that training drops before the scores."""


def build(features: "keras.KerasTensor", outputs: int, settings: Settings, seed: int) -> "keras.KerasTensor":
    """Features (n, h, w, c) -> logits (n, outputs), through the layer `head_scores` (n, h, w, outputs)."""
    from keras import initializers, layers

    x = features
    if settings.hidden is not None:
        start = initializers.HeUniform(seed=2 * seed + 1)
        x = layers.Conv2D(settings.hidden, 1, activation="relu", kernel_initializer=start, name="head_hidden")(x)
    if settings.dropout:
        x = layers.SpatialDropout2D(settings.dropout, seed=seed, name="head_dropout")(x)
    start = initializers.GlorotUniform(seed=2 * seed)
    scores = layers.Conv2D(outputs, 1, kernel_initializer=start, name=SCORES)(x)
    return _pooling(settings)(scores)


def _pooling(settings: Settings) -> "keras.Layer":
    from keras import layers

    from stages.models.layers import LogSumExpPooling2D, TopPooling2D

    name = "head_pooling"
    return {
        "mean": lambda: layers.GlobalAveragePooling2D(name=name),
        "lse": lambda: LogSumExpPooling2D(settings.r, name=name),
        "top": lambda: TopPooling2D(settings.k, settings.k_start, name=name),
        "max": lambda: layers.GlobalMaxPooling2D(name=name),
    }[settings.pooling]()
