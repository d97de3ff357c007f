"""Fits the standardiser at the head's door: mean and deviation of each channel over the training images."""

from collections.abc import Iterable

import numpy as np


def fit(chunks: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (c,), float32, of features (n, ..., c); a channel that never varies gets deviation 1."""
    count, total, squares = 0, 0.0, 0.0
    for chunk in chunks:
        values = chunk.reshape(-1, chunk.shape[-1]).astype(np.float64)
        count += len(values)
        total = total + values.sum(axis=0)
        squares = squares + (values**2).sum(axis=0)
    count = max(count, 1)  # every instance of every bag may be absent
    mean = total / count
    variance = np.maximum(squares / count - mean**2, 0)
    constant = variance <= 1e-12 * np.maximum(mean**2, 1e-12)
    return mean.astype(np.float32), np.where(constant, 1, np.sqrt(variance)).astype(np.float32)
