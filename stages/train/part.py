"""The images of one part of a split."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Part:
    """Rows of the feature file, class numbers, and numbers of the groups that the images belong to; each (n,)."""

    rows: np.ndarray
    labels: np.ndarray
    groups: np.ndarray | None = None
    """None: each image is a group of its own."""
