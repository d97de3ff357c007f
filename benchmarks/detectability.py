"""How well anyone could tell the phantom's classes: `python -m benchmarks.detectability` prints one JSON object.

An observer who knows the lesions' exact shapes and how normal images vary, but not where a lesion is: the prewhitening
matched filter (Barrett and Myers 2004, Foundations of Image Science, 13.2), ideal for linear observers of Gaussian
variation. It looks at what the background of `background_cnn` leaves of an image, without the detail that a grid half
as fine does not show. The same image is drawn with and without its lesions, so their signal is known; the variation is
that of normal patients' images of the same place, as a power spectrum. `d` (detectability) of an image is that of its
clearest lesion. Who does not know the place takes the largest answer of many places: the AUC is given for 1 to 1000
independent ones. Some hundred places of the size of a nodule make up the lungs.
"""

import argparse
import concurrent.futures
import json
from collections.abc import Callable

import numpy as np
from scipy import ndimage
from sklearn.metrics import roc_auc_score

from stages.common.files import significant
from stages.fetch.phantom.generate import compose, patient_lesions
from stages.fetch.phantom.plan import Item, plan
from stages.fetch.phantom.settings import Settings
from stages.models.backbones.background_cnn import COMPONENTS
from stages.train import background

SIDE, WINDOW = 128, 48  # of the grid, and of the part around a lesion, in cells
PLACES = (1, 30, 100, 300, 1000)
LIMITS = (2, 3, 4, 5)
DRAWS = 4  # of the noise, for each image


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=2000, help="half are drawn with and without lesions")
    parser.add_argument("--seed", type=int, default=3001)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    settings = Settings(patients=arguments.patients, seed=arguments.seed, size=2 * SIDE)
    with concurrent.futures.ProcessPoolExecutor(arguments.workers) as pool:
        found = detectabilities(settings, pool)
    print(
        json.dumps(
            {
                "images": len(found),
                "d_median": significant(float(np.median(found)), 3),
                "share_with_d_below": {str(limit): significant(float((found < limit).mean()), 3) for limit in LIMITS},
                "auc_by_places": {str(places): significant(observer_auc(found, places), 3) for places in PLACES},
            }
        )
    )


def detectabilities(settings: Settings, pool: concurrent.futures.Executor) -> np.ndarray:
    """`d` (n,) of images of every second patient; the others, drawn without lesions, are the background."""
    items = plan(settings)
    normal, abnormal = ([item for item in items if item.patient % 2 == odd] for odd in (0, 1))
    usual = _drawn(pool, _without, settings, normal)
    folds = np.array([item.patient for item in normal]) // 2 % background.FOLDS
    fitted = background.fit(usual, folds, COMPONENTS)
    rest = np.empty((len(usual), SIDE, SIDE), np.float32)
    for fold, known in enumerate(fitted.without):
        rest[folds == fold] = _left(background.coarse(usual[folds == fold] - known[0]), known[1]) / fitted.deviation
    return np.array([_detectability(*three, fitted, rest) for three in _drawn(pool, _three, settings, abnormal)])


def observer_auc(found: np.ndarray, places: int) -> float:
    """AUC of the largest of `places` independent standard normal answers, one of them raised by `d` where abnormal."""
    random = np.random.default_rng(0)
    d = np.tile(found, DRAWS)
    normal, abnormal = (random.standard_normal((len(d), places)) for _ in range(2))
    abnormal[:, 0] += d
    return float(roc_auc_score(np.repeat([0, 1], len(d)), np.concatenate([normal.max(1), abnormal.max(1)])))


def _detectability(
    with_lesions: np.ndarray, without: np.ndarray, mask: np.ndarray, fitted: background.Fitted, rest: np.ndarray
) -> float:
    signal = _left((with_lesions - without)[None], fitted.components)[0] / fitted.deviation
    labels, count = ndimage.label(mask > 0)
    found = [0.0]
    for number in range(1, count + 1):
        middle = ndimage.center_of_mass(labels == number)
        place = tuple(slice(start, start + WINDOW) for start in (_start(value) for value in middle))
        spectrum = (np.abs(np.fft.fft2(rest[(slice(None), *place)])) ** 2).mean(axis=0)
        own = _alone(signal[place], labels[place] == number, labels[place] > 0)
        found.append(float(np.sqrt((np.abs(np.fft.fft2(own)) ** 2 / spectrum).sum())))
    return max(found)


def _alone(signal: np.ndarray, inside: np.ndarray, lesions: np.ndarray) -> np.ndarray:
    """A lesion's signal without the photons' noise, which is drawn anew, and the window's shift of all grey levels."""
    if not lesions.all():
        signal = signal - np.median(signal[~lesions])
    edge = ndimage.gaussian_filter(ndimage.binary_dilation(inside).astype(float), 1)
    return ndimage.gaussian_filter(signal, 1) * edge


def _start(middle: float) -> int:
    return int(np.clip(middle - WINDOW // 2, 0, SIDE - WINDOW))


def _left(difference: np.ndarray, components: np.ndarray) -> np.ndarray:
    """What components (k, h * w) leave of differences (n, h, w) from the mean."""
    flat = difference.reshape(len(difference), -1)
    return (flat - (flat @ components.T) @ components).reshape(difference.shape)


def _drawn(
    pool: concurrent.futures.Executor,
    draw: Callable[[Settings, Item], np.ndarray],
    settings: Settings,
    items: list[Item],
) -> np.ndarray:
    """What `draw` gives for each item, (n, ...) float32."""
    return np.stack(list(pool.map(draw, [settings] * len(items), items, chunksize=16)))


def _three(settings: Settings, item: Item) -> np.ndarray:
    """An image with the lesions its patient has or would have, without them, and their mask (3, SIDE, SIDE)."""
    ill = compose(settings, item, patient_lesions(settings, item))
    return background.coarse(
        np.stack([ill.pixels / np.float32(255), _without(settings, item), ill.mask], dtype=np.float32)
    )


def _without(settings: Settings, item: Item) -> np.ndarray:
    """An image without lesions (2 SIDE, 2 SIDE)."""
    return compose(settings, item, []).pixels / np.float32(255)


if __name__ == "__main__":
    main()
