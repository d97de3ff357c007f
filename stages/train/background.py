"""What images of one view have in common: their mean, principal components, and how much the rest varies."""

import numpy as np

SMOOTH = 2.0  # pixels over which the deviation is averaged
FLOOR = 0.3  # of the median deviation, so that a corner which never varies does not shout


def fit(images: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (h, w), components (count, h * w) and deviation of the rest (h, w), float32, of images (n, h, w).

    With fewer than `count` + 1 images the last components are zero. One thread computes, so that the bytes do not
    depend on how many there are.
    """
    from scipy import ndimage
    from threadpoolctl import threadpool_limits

    n, height, width = images.shape
    mean = images.mean(axis=0, dtype=np.float64)
    centred = (images - mean).reshape(n, -1)
    with threadpool_limits(1):
        values, vectors = np.linalg.eigh(centred @ centred.T)
        kept = np.argsort(values)[::-1][: min(count, n - 1)]
        kept = kept[values[kept] > 1e-9 * values.max()]
        components = (vectors[:, kept] / np.sqrt(values[kept])).T @ centred
        rest = centred - (centred @ components.T) @ components
    deviation = np.sqrt((rest**2).mean(axis=0)).reshape(height, width)
    deviation = np.maximum(ndimage.gaussian_filter(deviation, SMOOTH), max(FLOOR * np.median(deviation), 1e-6))
    padded = np.zeros((count, height * width))
    padded[: len(components)] = components
    return mean.astype(np.float32), padded.astype(np.float32), deviation.astype(np.float32)
