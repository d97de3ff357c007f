"""Which images there will be: patients, labels, file names."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from stages.fetch.phantom.settings import Settings
from stages.fetch.phantom.streams import Stream, generator

NORMAL, ABNORMAL = "normal", "abnormal"
BLOCK = 20


@dataclass(frozen=True)
class Item:
    """One image to be rendered; `path` is relative, in the folder layout."""

    path: str
    label: str
    patient_id: str
    view: str
    patient: int
    """Counted from 1."""
    number: int
    """The image's number within its patient, counted from 1."""


def plan(settings: Settings) -> list[Item]:
    """The images of all patients, in the order of patients; a patient's items do not depend on how many follow."""
    return [item for patient in range(1, settings.patients + 1) for item in _items(settings, patient)]


def _items(settings: Settings, patient: int) -> Iterator[Item]:
    label = ABNORMAL if _is_abnormal(settings, patient) else NORMAL
    patient_id = f"p{patient:04d}"
    count = int(generator(settings.seed, patient, Stream.IMAGES).integers(1, 4))
    for number in range(1, count + 1):
        yield Item(f"{label}/{patient_id}_{number}.png", label, patient_id, "PA", patient, number)


def _is_abnormal(settings: Settings, patient: int) -> bool:
    """Draw labels by blocks of patients: the classes keep their balance, and the number tells nothing of the class."""
    block, place = divmod(patient - 1, BLOCK)
    order = generator(settings.seed, block, Stream.LABELS).permutation(BLOCK)
    return bool(order[place] < _abnormal_before(settings, block + 1) - _abnormal_before(settings, block))


def _abnormal_before(settings: Settings, block: int) -> int:
    return math.floor(block * BLOCK * settings.abnormal_fraction + 0.5)
