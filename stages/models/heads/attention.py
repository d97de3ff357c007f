"""Attention-based multiple-instance learning (Ilse et al. 2018, arXiv:1802.04712).

The instances of a bag are its tiles, or, without tiles, the cells of a feature map. Each is embedded, a small network
says how much it counts, and the class is read off the weighted mean of the embeddings.
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stages.common.schema import Section

if TYPE_CHECKING:
    import keras

BAGS = True
INSTANCES = "head_instances"  # the layer that lays the tiles or cells out, (n, instances, values)
ATTENTION = "head_attention"  # the layer whose output (n, instances) sums to 1


class Settings(Section):
    """The keys of `head.attention`."""

    embedding: Annotated[int, Field(ge=1)] | None = 500
    """Units of the dense layer (ReLU) that embeds each instance; null: the features themselves."""

    units: Annotated[int, Field(ge=1)] = 128
    """Units of the tanh layer (and of the gate) that scores the embeddings."""

    gated: bool = False
    """Whether a sigmoid gate is multiplied to the tanh layer, the paper's gated attention."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of each embedding's values that training drops."""


def build(
    features: "keras.KerasTensor",
    outputs: int,
    settings: Settings,
    seed: int,
    present: "keras.KerasTensor | None" = None,
) -> "keras.KerasTensor":
    """Features (n, h, w, c) or (n, tiles, h, w, c) -> logits (n, outputs), through `head_attention` (n, instances).

    `present` (n, tiles) or (n, h, w), booleans: the other instances get no attention.
    """
    from keras import initializers, layers

    def dense(units: int, name: str, number: int, activation: str | None = None) -> layers.Dense:
        start = initializers.GlorotUniform(seed=5 * seed + number)
        return layers.Dense(units, activation=activation, kernel_initializer=start, name=name)

    x = _instances(features)
    if settings.embedding is not None:
        x = dense(settings.embedding, "head_embedding", 0, "relu")(x)
    if settings.dropout:
        x = layers.Dropout(settings.dropout, seed=seed, name="head_dropout")(x)
    scored = dense(settings.units, "head_tanh", 1, "tanh")(x)
    if settings.gated:
        gate = dense(settings.units, "head_gate", 2, "sigmoid")(x)
        scored = layers.Multiply(name="head_gated")([scored, gate])
    scores = layers.Reshape((x.shape[1],), name="head_scores")(dense(1, "head_score", 3)(scored))
    if present is not None:
        present = layers.Reshape((x.shape[1],), name="head_present")(present)
    weights = layers.Softmax(name=ATTENTION)(scores, mask=present)
    bag = layers.Dot(axes=(1, 1), name="head_bag")([weights, x])
    return dense(outputs, "head_logits", 4)(bag)


def _instances(features: "keras.KerasTensor") -> "keras.KerasTensor":
    """Tiles (n, tiles, h * w * c), or cells (n, h * w, c)."""
    from keras import layers

    cells = len(features.shape) == 4
    count = features.shape[1] * features.shape[2] if cells else features.shape[1]
    return layers.Reshape((count, -1), name=INSTANCES)(features)
