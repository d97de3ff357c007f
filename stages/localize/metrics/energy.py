"""Energy in region (Wang et al. 2020, Score-CAM, arXiv:1910.01279: the energy-based pointing game)."""

import numpy as np


def energy(values: np.ndarray, inside: np.ndarray) -> float:
    """The share of the map's sum that lies in the regions."""
    return float(values.sum(where=inside, dtype=np.float64) / values.sum(dtype=np.float64))
