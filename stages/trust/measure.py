"""Runs the model, and the methods, for both measurements."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stages.attribute import explain, references
from stages.attribute.cells import on_input_grid
from stages.attribute.changed import Forward
from stages.attribute.methods import METHODS, gradcam
from stages.attribute.methods.base import Batch, MapSettings, Subject
from stages.attribute.noise import generator
from stages.common import paths
from stages.common.geometry import Placement, upsample
from stages.common.maps import MapFile, Part
from stages.extract.features import decoded
from stages.models import runtime, trained
from stages.trust import faithfulness
from stages.trust import sanity as sanity_of
from stages.trust.settings import Settings

COVERS = ("black", "blurred")
HALF = 0.5
BLACK_BOX = (
    "occlusion",
    "rise",
)  # they know the model's answers alone, and cannot but follow its weights


@dataclass(frozen=True)
class Curve:
    """The probability of the explained class along one curve, (steps + 1): by a map, and by pixels in random order."""

    image_id: str
    map: str
    cover: str
    curve: str
    values: np.ndarray
    random: np.ndarray


@dataclass(frozen=True)
class Sanity:
    """Likeness of maps (images,) before and after shuffling, by map and level."""

    images: int
    likeness: dict[str, dict[str, np.ndarray]]


def read_images(own: Subject, names: Sequence[str]) -> np.ndarray:
    """The images (n, h, w, 3), float32, on the input grid."""
    view = own.model.design
    batches = decoded([paths.IMAGES / name for name in names], view)
    return np.concatenate(list(batches)).astype(np.float32)


def curves(
    own: Subject, images: np.ndarray, image_ids: list[str], maps: list[MapFile], settings: Settings
) -> Iterator[Curve]:
    """All curves of the images (n, h, w, 3), for each map and cover."""
    forward = Forward(own)
    for image, image_id in zip(images, image_ids, strict=True):
        random = generator(settings.seed, image)
        rows = [each.image_ids.index(image_id) for each in maps]
        values = [ranked(each.read(row), each.part) for each, row in zip(maps, rows, strict=True)]
        orders = [faithfulness.order(each, random) for each in [*values, np.zeros(image.shape[:2])]]
        for cover, other in zip(COVERS, (np.zeros_like(image), references.blurred(image[None])[0]), strict=True):
            logits = forward(
                copy for order in orders for copy in faithfulness.copies(image, other, order, settings.steps)
            )
            shares = trained.probabilities(logits, own.model).reshape(len(orders), 2 * settings.steps, -1)
            for number, (each, row) in enumerate(zip(maps, rows, strict=True)):
                target = own.model.classes.index(each.target[row])
                found = faithfulness.curves(shares[[number, -1], :, target])
                for place, curve in enumerate(faithfulness.CURVES):
                    yield Curve(image_id, each.name, cover, curve, *found[:, place])


def sanity(
    own: Subject,
    images: np.ndarray,
    image_ids: list[str],
    inside: np.ndarray,
    maps: list[MapFile],
    settings: Mapping[str, MapSettings],
    seed: int,
) -> Sanity:
    """How alike the maps of images (n, h, w, 3) are, `inside` (n, h, w), before and after the weights are shuffled."""
    from stages.models import front

    copy = Subject(own.model, trained.build(own.model, paths.WEIGHTS), own.training_images)
    checked = [each for each in maps if each.method not in BLACK_BOX]
    found: dict[str, dict[str, np.ndarray]] = {each.name: {} for each in checked}
    for level, layers in sanity_of.levels(own.parts).items():
        front.assign(copy.parts.whole, dict(sanity_of.shuffled(own.parts, layers, seed)))
        for each in checked:
            rows = [each.image_ids.index(image_id) for image_id in image_ids]
            targets = [each.target[row] for row in rows]
            before = np.stack([ranked(each.read(row), each.part) for row in rows])
            after = ranked(again(copy, settings[each.name], images, targets), each.part)
            found[each.name][level] = sanity_of.likeness(before, after, inside)
    return Sanity(len(images), found)


def joined(found: Sequence[Sanity]) -> Sanity:
    """The measurements of several models of one design as one."""
    likeness = {
        name: {level: np.concatenate([each.likeness[name][level] for each in found]) for level in levels}
        for name, levels in found[0].likeness.items()
    }
    return Sanity(sum(each.images for each in found), likeness)


def looked_at(own: Subject, images: np.ndarray, placements: Sequence[Placement]) -> np.ndarray:
    """The pixels (n, h, w), bool, of images (n, h, w, 3) that count for the head.

    What pads an image, what `head.border` leaves out and instances that are not there say nothing of a method: their
    zeros, the same before and after, would make any two maps alike.
    """
    from stages.models.compose import BORDER

    design, whole = own.model.design, own.parts.whole
    inside = np.stack([placement.shown() for placement in placements])
    if design.border:
        cells = gradcam.seen(whole.get_layer(BORDER).input.shape[1:3], design.border)
        inside &= upsample(cells[None].astype(np.float32), design.size) >= HALF
    if own.parts.present is not None:
        kept = images if own.parts.front is None else kept_features(own, images)
        there = runtime.compiled(own.parts.present)(kept).astype(np.float32)
        cells = there.reshape(-1, 1, 1) if design.tiling else there
        inside &= on_input_grid(cells, design) >= HALF
    return inside


def kept_features(own: Subject, images: np.ndarray) -> np.ndarray:
    """What `extract` would keep of images (n, h, w, 3), as float32. What overflows, as shuffled weights may make it, is
    the largest number there is, and no error."""
    dtype = np.finfo(own.model.design.dtype)
    raw = runtime.compiled(own.parts.front)(images)
    return np.clip(raw, dtype.min, dtype.max).astype(dtype.dtype).astype(np.float32)


def again(own: Subject, settings: MapSettings, images: np.ndarray, targets: list[str]) -> np.ndarray:
    """The maps (n, h, w) that a method makes of images now."""
    method, design = METHODS[settings.method], own.model.design
    size = max(len(images), runtime.BATCHES[0])
    weights = runtime.pad(explain.logit_weights(targets, settings.contrast, own.model), size)
    batch = Batch(runtime.pad(images, size), None, weights)
    if method.needs(settings, design.backbone, design.cut, design.end) == "features":
        batch = Batch(None, kept_features(own, batch.images), weights)
    return explain.explainer(own, settings)(batch).maps[: len(images)]


def ranked(values: np.ndarray, part: Part) -> np.ndarray:
    """What of a raw map is put in order; of a signed one all, so that what speaks against the class comes last."""
    return np.abs(values) if part == "absolute" else values
