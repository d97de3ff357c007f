"""Independent random streams: what one part draws never moves another part."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """One number for each part that draws; a stream never changes its number."""

    LABELS = 0
    IMAGES = 1
    ANATOMY = 2
    VESSELS = 3
    LESIONS = 4
    DISTRACTORS = 5
    POSE = 6
    EXPOSURE = 7
    NOISE = 8
    TEXTURE = 9
    MARKER = 10


def generator(seed: int, patient: int, stream: Stream, image: int = 0) -> np.random.Generator:
    """A generator that depends on these numbers alone, whatever else was drawn before it."""
    return np.random.default_rng(np.random.SeedSequence([seed, patient, int(stream), image]))
