"""Joins a backbone and a head into one flat model, cut in two where the features are kept."""

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import keras

from stages.common.errors import UserError
from stages.common.schema import Section
from stages.models import front, layers, views
from stages.models.backbones import BACKBONES, INPUT, VIEWED
from stages.models.backbones.settings import Architecture
from stages.models.drop_block import Settings as DropBlockSettings
from stages.models.heads import HEADS
from stages.models.image import ImageSettings

if TYPE_CHECKING:
    from stages.common.params import Params

STANDARDIZE, BORDER = "head_standardize", "head_border"  # layers


class Design(ImageSettings):
    """Everything a model's shape depends on. With named weights it is the model."""

    backbone: Architecture
    cut: str
    end: str
    dtype: Literal["float16", "float32"]
    head: str
    head_settings: dict
    head_seed: int
    standardize: bool
    border: int = 0
    drop_block: DropBlockSettings = DropBlockSettings()
    outputs: int

    @property
    def in_training(self) -> "Design":
        """With the same weights, what is trained: layers behind the cut see one side of an image at a time."""
        if self.cut != INPUT:
            return self
        return self.model_copy(update={"backbone": self.backbone.model_copy(update={"views": "one"})})


def design_of(params: "Params") -> Design:
    """The model that params.yaml describes."""
    backbone, head = params.backbone, params.head
    return Design(
        **dict(params.image),
        backbone=Architecture(**{name: getattr(backbone, name) for name in Architecture.model_fields}),
        cut=backbone.cut,
        end=backbone.end or BACKBONES[backbone.name].layer_names(backbone)[-1],
        dtype=params.extract.dtype,
        head=head.kind,
        head_settings=getattr(head, head.kind).model_dump(),
        head_seed=head.seed,
        standardize=head.standardize,
        border=head.border,
        drop_block=params.train.drop_block,
        outputs=1 if params.train.loss == "sigmoid" else len(params.ingest.classes),
    )


@dataclass(frozen=True)
class Parts:
    """Views of one model; they share their layers and weights.

    front: image (n, h, w, 3), RGB in 0..255 -> the features at the cut, before they are rounded for keeping.
    tail: kept features -> logits (n, outputs).
    whole: image -> logits, rounding the features at the cut as keeping them does.
    before_head: kept features -> the head's input, before it is standardised; None where it is the kept features.
    present: kept features -> which instances of the head's input are there, booleans; None where all are.
    With `cut: input`, kept features are the images themselves: front is None and tail is the whole.
    """

    front: keras.Model | None
    tail: keras.Model
    whole: keras.Model
    before_head: keras.Model | None
    present: keras.Model | None


def compose(design: Design) -> Parts:
    """Build the model of a design; its weights are those that the layers start with."""
    image = keras.Input((*design.size, 3), name="image")
    pixels = front.seen(image, design)
    raw, kept, end = _backbone(design, image, pixels)
    present = _present(design, pixels, kept, end)
    ready = _head_input(design, end)
    logits = _head(design, ready, present)
    whole = keras.Model(image, logits, name="whole")
    there = None if present is None else keras.Model(kept, present, name="present")
    if design.cut == INPUT:
        return Parts(None, whole, whole, keras.Model(image, ready), there)
    return Parts(
        front=keras.Model(image, raw, name="front"),
        tail=keras.Model(kept, logits, name="tail"),
        whole=whole,
        before_head=None if ready is kept else keras.Model(kept, ready, name="before_head"),
        present=there,
    )


def _backbone(
    design: Design, image: keras.KerasTensor, pixels: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
    """The features at the cut, raw and as they are kept, and those at the backbone's end, all with their tile axis."""
    cut = {INPUT: (image, image)} if design.cut == INPUT else {}
    last = {}
    ready = front.preprocessed(pixels, design.backbone)

    def at(name: str, tensor: keras.KerasTensor) -> keras.KerasTensor:
        last[name] = tensor
        if name == design.cut:
            raw = front.bagged(front.features(ready, last, name, design.backbone), pixels, design)
            kept = layers.RoundTrip(design.dtype, name="cut")(raw)
            cut[name] = (raw, kept)
            last[name] = kept if design.tiling is None else layers.Unbag(name="cut_tiles")(kept)
        return tensor if name == design.end else last[name]  # what follows the end is not used

    def drop(name: str, tensor: keras.KerasTensor) -> keras.KerasTensor:
        return _dropped(design, name, tensor) if cut and design.drop_block.at("backbone") else tensor

    architecture = design.backbone
    BACKBONES[architecture.name].build(ready, architecture, at, drop)
    raw, kept = cut[design.cut]
    if design.cut == INPUT:
        last[design.end] = views.averaged(last.get(VIEWED, ready), last[design.end], architecture)
    if design.tiling is None:
        return raw, kept, last[design.end]
    if design.cut == design.end:
        return raw, kept, kept
    return raw, kept, layers.Bag(design.tiling.count, name="end_bag")(last[design.end])


def _present(
    design: Design, pixels: keras.KerasTensor, kept: keras.KerasTensor, end: keras.KerasTensor
) -> keras.KerasTensor | None:
    """Which tiles (n, tiles), or cells (n, h, w) of the end, are there, from what the tail is given; None: all are."""
    if not design.masked:
        return None
    if design.cut == INPUT:
        return front.present(pixels, end, design)
    present = layers.Present(name="kept_present")(kept)
    return present if design.tiling is not None else front.coarser(present, end, "end_present")


def _head_input(design: Design, end: keras.KerasTensor) -> keras.KerasTensor:
    """What the head standardises."""
    head = HEADS[design.head]
    features = end
    if design.tiling is not None and not head.BAGS:
        features = layers.ArrangeTiles(*design.tiling.grid, name="arranged")(features)
    if design.border:
        features = _cropped(features, design.border)
    return head.pooled(features, _head_settings(design)) if hasattr(head, "pooled") else features


def _cropped(features: keras.KerasTensor, border: int) -> keras.KerasTensor:
    height, width = features.shape[1:3]
    if min(height, width) <= 2 * border:
        raise UserError(
            f"`head.border`: {border} leaves nothing of the feature map of {height}x{width} cells; lower it"
        )
    return keras.layers.Cropping2D(border, name=BORDER)(features)


def _head_settings(design: Design) -> Section:
    return HEADS[design.head].Settings.model_validate(design.head_settings)


def _head(design: Design, features: keras.KerasTensor, present: keras.KerasTensor | None) -> keras.KerasTensor:
    head, settings = HEADS[design.head], _head_settings(design)
    if design.standardize:
        features = layers.Standardize(name=STANDARDIZE)(features)
    if design.drop_block.at("head"):
        features = _dropped(design, "head", features)
    also = {"present": present} if head.BAGS else {}
    return head.build(features, design.outputs, settings, design.head_seed, **also)


def _dropped(design: Design, name: str, tensor: keras.KerasTensor) -> keras.KerasTensor:
    settings = design.drop_block
    seed = zlib.crc32(f"{design.head_seed} {name}".encode())
    name = f"{name}_drop_block"
    return layers.DropBlock(settings.keep, settings.size, settings.shared, settings.ramp, seed, name=name)(tensor)
