"""One number a channel by generalised-mean (GeM) pooling, then a linear layer: logistic regression on pooled features.

Radenović et al. 2018, arXiv:1711.02512. The mean of the powers `p`, and its p-th root: 1 is the mean, as before the
linear layer of Zhou et al. 2016; a larger `p` listens to the cells that stand out. `head.standardize` acts on what is
pooled, so that `train.weight_decay` weighs all channels alike. It has few weights, which suits small data sets.
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stages.common.schema import Section

if TYPE_CHECKING:
    import keras

BAGS = False


class Settings(Section):
    """The keys of `head.gem`."""

    p: Annotated[float, Field(ge=1, le=8)] = 1.0
    """The power: 1 is the mean of a channel, a larger one is nearer to its maximum, and takes what is negative as 0."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the pooled channels that training drops."""


def pooled(features: "keras.KerasTensor", settings: Settings) -> "keras.KerasTensor":
    """Features (n, h, w, c) -> (n, c): what is standardised."""
    from keras import layers

    from stages.models.layers import GeneralizedMeanPooling2D

    if settings.p == 1:
        return layers.GlobalAveragePooling2D(name="head_pooling")(features)
    return GeneralizedMeanPooling2D(settings.p, name="head_pooling")(features)


def build(features: "keras.KerasTensor", outputs: int, settings: Settings, seed: int) -> "keras.KerasTensor":
    """Pooled features (n, c) -> logits (n, outputs), all zero before training."""
    from keras import layers

    x = features
    if settings.dropout:
        x = layers.Dropout(settings.dropout, seed=seed, name="head_dropout")(x)
    # From zero: chance weights would stay where the images say nothing, and 512 of them add up to noise of one logit.
    return layers.Dense(outputs, kernel_initializer="zeros", name="head_logits")(x)
