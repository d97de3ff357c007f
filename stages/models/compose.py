"""Joins a backbone and a head into one flat model, cut in two where the features are kept."""

from dataclasses import dataclass
from typing import Literal

import keras

from stages.common.geometry import Fit
from stages.common.schema import Section
from stages.models import layers
from stages.models.backbones import BACKBONES, INPUT
from stages.models.heads import HEADS

STANDARDIZE = "head_standardize"


class Design(Section):
    """Everything a model's shape depends on. With named weights it is the model."""

    backbone: str
    cut: str
    end: str
    height: int
    width: int
    fit: Fit
    dtype: Literal["float16", "float32"]
    head: str
    head_settings: dict
    head_seed: int
    standardize: bool
    outputs: int


@dataclass(frozen=True)
class Parts:
    """Three views of one model; they share their layers and weights.

    front: image (n, h, w, 3), RGB in 0..255 -> the features at the cut, before they are rounded for keeping.
    tail: kept features -> logits (n, outputs).
    whole: image -> logits, rounding the features at the cut as keeping them does.
    before_head: kept features -> the head's input, before it is standardised; None where the head follows the cut.
    With `cut: input`, kept features are the images themselves: front is None and tail is the whole.
    """

    front: keras.Model | None
    tail: keras.Model
    whole: keras.Model
    before_head: keras.Model | None


def compose(design: Design) -> Parts:
    """Build the model of a design; its weights are those that the layers start with."""
    image = keras.Input((design.height, design.width, 3), name="image")
    cut = {INPUT: (image, image)} if design.cut == INPUT else {}
    last = {}

    def at(name: str, tensor: keras.KerasTensor) -> keras.KerasTensor:
        if name == design.cut:
            rounded = layers.RoundTrip(design.dtype, name="cut")(tensor)
            cut[name] = (tensor, rounded)
            tensor = rounded
        last[name] = tensor
        return tensor

    module = BACKBONES[design.backbone]
    preprocessed = layers.PREPROCESSING[module.PREPROCESSING](name="preprocessing")(image)
    module.build(preprocessed, at)
    end = last[design.end]
    features = layers.Standardize(name=STANDARDIZE)(end) if design.standardize else end
    head = HEADS[design.head]
    logits = head.build(features, design.outputs, head.Settings.model_validate(design.head_settings), design.head_seed)
    raw, kept = cut[design.cut]
    whole = keras.Model(image, logits, name="whole")
    if design.cut == INPUT:
        return Parts(None, whole, whole, keras.Model(image, end))
    return Parts(
        front=keras.Model(image, raw, name="front"),
        tail=keras.Model(kept, logits, name="tail"),
        whole=whole,
        before_head=None if design.cut == design.end else keras.Model(kept, end, name="before_head"),
    )
