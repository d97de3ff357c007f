"""One number a channel by generalised-mean (GeM) pooling, then a linear layer: logistic regression on pooled features.

Radenović et al. 2018, arXiv:1711.02512. The mean of the powers `p`, and its p-th root: 1 is the mean, as before the
linear layer of Zhou et al. 2016; a larger `p` listens to the cells that stand out. `head.standardize` acts on what is
pooled, so that `train.weight_decay` weighs all channels alike. It has few weights, which suits small data sets.
"""

import itertools
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stages.common.errors import UserError
from stages.common.schema import Section

if TYPE_CHECKING:
    import keras

BAGS = False


class Settings(Section):
    """The keys of `head.gem`."""

    p: Annotated[float, Field(ge=1, le=8)] = 1.0
    """The power: 1 is the mean of a channel, a larger one is nearer to its maximum, and takes what is negative as 0."""

    rows: Annotated[int, Field(ge=1, le=8)] = 1
    """Parts of the map, one above the other, that are pooled apart, and weighed each by itself (Lazebnik et al. 2006,
    doi:10.1109/CVPR.2006.68): for images that are all held alike, as chest X-rays are."""

    columns: Annotated[int, Field(ge=1, le=8)] = 1
    """Parts side by side."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the pooled channels that training drops."""


def pooled(features: "keras.KerasTensor", settings: Settings) -> "keras.KerasTensor":
    """Features (n, h, w, c) -> (n, parts * c): what is standardised. Raises UserError where a part would be empty."""
    from keras import layers

    if settings.rows == settings.columns == 1:
        return _pooling(settings, "head_pooling")(features)
    found = []
    for row, (top, bottom) in enumerate(_margins(features.shape[1], settings.rows)):
        for column, (left, right) in enumerate(_margins(features.shape[2], settings.columns)):
            cut_out = layers.Cropping2D(((top, bottom), (left, right)), name=f"head_part_{row}_{column}")
            found.append(_pooling(settings, f"head_pooling_{row}_{column}")(cut_out(features)))
    return layers.Concatenate(name="head_parts")(found)


def _pooling(settings: Settings, name: str) -> "keras.Layer":
    from keras import layers

    from stages.models.layers import GeneralizedMeanPooling2D

    return (
        layers.GlobalAveragePooling2D(name=name) if settings.p == 1 else GeneralizedMeanPooling2D(settings.p, name=name)
    )


def _margins(length: int, parts: int) -> list[tuple[int, int]]:
    """What is before and behind each of some nearly equal parts of an axis, in cells."""
    if parts > length:
        raise UserError(
            f"`head.gem.rows` and `columns`: {parts} parts of a feature map of {length} cells; ask for fewer"
        )
    edges = [round(number * length / parts) for number in range(parts + 1)]
    return [(start, length - end) for start, end in itertools.pairwise(edges)]


def build(features: "keras.KerasTensor", outputs: int, settings: Settings, seed: int) -> "keras.KerasTensor":
    """Pooled features (n, f) -> logits (n, outputs), all zero before training."""
    from keras import layers

    x = features
    if settings.dropout:
        x = layers.Dropout(settings.dropout, seed=seed, name="head_dropout")(x)
    # From zero: chance weights would stay where the images say nothing, and 512 of them add up to noise of one logit.
    return layers.Dense(outputs, kernel_initializer="zeros", name="head_logits")(x)
