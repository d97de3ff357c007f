"""What images of one view have in common: their mean, principal components, and how much the rest varies."""

from dataclasses import dataclass

import numpy as np

FOLDS = 5
MOST_IMAGES = 4000  # that are fitted, evenly spaced: their products are held in memory
SMOOTH = 2.0  # cells over which a deviation is averaged
SMALLEST = 1e-6  # of the first component's variance: less is rounding
FLOOR = 0.3  # of the median deviation, so that a corner which never varies does not shout


@dataclass(frozen=True)
class Fitted:
    """A background, and those that know nothing of a fold of the images; all share what is known but mean and
    components. A grid (h / 2, w / 2) is half as fine as the images."""

    mean: np.ndarray
    """(h, w) float32."""
    components: np.ndarray
    """(count, h / 2 * w / 2) float32, orthonormal; with too few images the last are zero."""
    deviation: np.ndarray
    """(h / 2, w / 2) float32, of what is left of images that were not fitted."""
    spread: np.ndarray
    """(h / 2, w / 2) float32, of the images about the mean."""
    gain: float
    """What the Haar wavelet's differences are multiplied by, so that their deviation is 1."""
    without: list[tuple[np.ndarray, np.ndarray]]
    """Mean and components fitted on all folds but one, for each fold."""


def fit(images: np.ndarray, folds: np.ndarray, count: int) -> Fitted:
    """Fit images (n, h, w), h and w even, each of the fold (n,) whose number is below `FOLDS`.

    What is left of an image that was fitted is less than what is left of a new one. So the deviation is that of images
    of each fold, with the background of the others; and a network learns from such images too. One thread computes, so
    that the bytes do not depend on how many there are.
    """
    from threadpoolctl import threadpool_limits

    middle = images.mean(axis=0, dtype=np.float64).astype(np.float32)
    grid = middle.shape[0] // 2, middle.shape[1] // 2
    flat, fine = np.empty((len(images), grid[0] * grid[1]), np.float32), np.zeros(grid)
    for row, image in zip(flat, images, strict=True):  # one by one: memory
        difference = image - middle
        means = coarse(difference)
        row[:] = means.ravel()
        fine += coarse(difference**2) - means**2
    with threadpool_limits(1):
        products = flat @ flat.T
        offset, components = _principal(flat, products, np.ones(len(flat), bool), count)
        without = [_principal(flat, products, folds != fold, count) for fold in range(FOLDS)]
        squares = np.zeros(flat.shape[1])
        for fold, (its_offset, its_components) in enumerate(without):
            rest = flat[folds == fold] - its_offset
            rest -= (rest @ its_components.T) @ its_components
            squares += (rest**2).sum(axis=0, dtype=np.float64)
    deviation, spread = (_smoothed(np.sqrt(found).reshape(grid)) for found in (squares / len(flat), flat.var(axis=0)))
    means = [middle + _finer(one.reshape(grid)) for one in (offset, *(its for its, _ in without))]
    others = list(zip(means[1:], (many for _, many in without), strict=True))
    return Fitted(means[0], components, deviation, spread, _gain(fine / len(images), deviation), others)


def _gain(fine: np.ndarray, deviation: np.ndarray) -> float:
    """From the mean square (h / 2, w / 2) of pixels about the mean of their 2x2: four make three differences."""
    variance = float((fine * 4 / 3 / deviation**2).mean())
    return 1 / np.sqrt(variance) if variance > SMALLEST else 1.0


def _finer(cells: np.ndarray) -> np.ndarray:
    """Each cell as 2x2 pixels: (h, w) -> (2 h, 2 w)."""
    return cells.repeat(2, axis=0).repeat(2, axis=1)


def coarse(images: np.ndarray) -> np.ndarray:
    """Means of 2x2 pixels: (..., h, w) -> (..., h / 2, w / 2)."""
    upper, lower = images[..., ::2, :], images[..., 1::2, :]
    return (upper[..., ::2] + upper[..., 1::2] + lower[..., ::2] + lower[..., 1::2]) / 4


def _principal(flat: np.ndarray, products: np.ndarray, chosen: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean (d,) and components (count, d) of the chosen rows (n,) of `flat` (n, d); of none, zeros.

    From the products (n, n) of all rows, which need computing only once.
    """
    from scipy.linalg import eigh

    rows, n = flat[chosen], np.count_nonzero(chosen)
    components = np.zeros((count, flat.shape[1]), np.float32)
    mean = rows.mean(axis=0) if n else components.sum(axis=0)
    if n < 2:
        return mean, components
    inner = products[np.ix_(chosen, chosen)].astype(np.float64)
    means = inner.mean(axis=0)
    inner += means.mean() - means - means[:, None]
    values, vectors = eigh(inner, subset_by_index=(max(0, n - count), n - 1))
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > SMALLEST * values[0]
    kept[n - 1 :] = False  # centred, n rows have n - 1 dimensions
    components[: np.count_nonzero(kept)] = (vectors[:, kept] / np.sqrt(values[kept])).T.astype(np.float32) @ (
        rows - mean
    )
    return mean, components


def _smoothed(deviation: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    least = max(FLOOR * np.median(deviation), 1e-6)
    return np.maximum(ndimage.gaussian_filter(deviation, SMOOTH), least).astype(np.float32)
