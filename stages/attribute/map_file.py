"""What a map file holds besides the maps: how the stage and `predict` both write it."""

import h5py
import numpy as np

from stages.attribute.explain import Explained
from stages.attribute.methods import METHODS
from stages.attribute.methods.base import MapSettings
from stages.common import files


def attributes(own: MapSettings) -> dict[str, str]:
    """The attributes of a map file, from the map's settings."""
    method = METHODS[own.method]
    return {
        "method": own.method,
        "settings": own.model_dump_json(),
        "part": own.part,
        "unit": method.UNIT,
        "description": method.DESCRIPTION + _words(own),
    }


def _words(own: MapSettings) -> str:
    """What the settings that every map has make of the method."""
    less = (
        "" if own.contrast is None else f"; of the target's logit minus that of {own.contrast.removeprefix('class:')}"
    )
    return less + (f"; smoothed over {own.smooth:.3g} of the shorter side" if own.smooth else "")


def write_notes(file: h5py.File, notes: list[Explained]) -> None:
    """Write `target`, `status` and, where the method promises a sum, `delta` and `completeness_error`."""
    file.create_dataset("target", data=files.strings(note.target for note in notes))
    file.create_dataset("status", data=files.strings(note.status for note in notes))
    if notes[0].delta is not None:
        file.create_dataset("delta", data=np.array([note.delta for note in notes], np.float32))
        file.create_dataset("completeness_error", data=np.array([note.error for note in notes], np.float32))
