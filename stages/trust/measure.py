"""Runs the model, and the methods, for both measurements."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stages.attribute import explain, references
from stages.attribute.changed import Forward
from stages.attribute.methods import METHODS
from stages.attribute.methods.base import Batch, MapSettings, Subject
from stages.attribute.noise import generator
from stages.common import paths
from stages.common.maps import MapFile, Part
from stages.extract.features import decoded, narrow
from stages.models import runtime, trained
from stages.trust import faithfulness
from stages.trust import sanity as sanity_of
from stages.trust.settings import Settings

COVERS = ("black", "blurred")
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
    maps: list[MapFile],
    settings: Mapping[str, MapSettings],
    seed: int,
) -> Sanity:
    """How alike the maps of images (n, h, w, 3) are before and after the model's weights are shuffled."""
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
            found[each.name][level] = sanity_of.likeness(before, after)
    return Sanity(len(images), found)


def again(own: Subject, settings: MapSettings, images: np.ndarray, targets: list[str]) -> np.ndarray:
    """The maps (n, h, w) that a method makes of images now."""
    method, design = METHODS[settings.method], own.model.design
    size = max(len(images), runtime.SMALLEST_BATCH)
    weights = runtime.pad(explain.logit_weights(targets, settings.contrast, own.model), size)
    batch = Batch(runtime.pad(images, size), None, weights)
    if method.needs(settings, design.backbone, design.cut, design.end) == "features":
        raw = runtime.compiled(own.parts.front)(batch.images)
        batch = Batch(None, narrow(raw, design.dtype, design.cut).astype(np.float32), weights)
    return explain.explainer(own, settings)(batch).maps[: len(images)]


def ranked(values: np.ndarray, part: Part) -> np.ndarray:
    """What of a raw map is put in order; of a signed one all, so that what speaks against the class comes last."""
    return np.abs(values) if part == "absolute" else values
