"""Simple competitors of a map: they know nothing of the image at hand."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from stages.common.folds import parts_of_fold
from stages.common.geometry import Size, upsample
from stages.common.regions import region_mask

BASELINES = ("center", "prior", "random")
GRID = 64  # cells of the prior's common grid, each way


def center(size: Size, sigma: float) -> np.ndarray:
    """A Gaussian at the middle of the image; `sigma` is a fraction of its height and width."""
    y, x = (np.exp(-0.5 * (((np.arange(n) + 0.5) / n - 0.5) / sigma) ** 2) for n in size)
    return np.outer(y, x).astype(np.float32)


def prior(grid: np.ndarray, size: Size) -> np.ndarray:
    """A mean of regions (GRID, GRID) stretched over an image."""
    return upsample(grid[None], size)[0]


def mean_regions(images: pd.DataFrame, marked: pd.DataFrame, masks: Path) -> dict[int, np.ndarray]:
    """For each fold (-1 without folds), the mean (GRID, GRID) of its training images' regions; box-supervised.

    Args:
        images: `image_id, split, fold, width, height` of all images.
        marked: regions.csv.
        masks: the folder of the masks.

    Returns:
        fold -> mean over those of its training images that have regions; a fold without any is left out.
    """
    by_image = dict(iter(marked.groupby("image_id")))
    training = {fold: parts_of_fold(images, fold)["train"]["image_id"] for fold in sorted(set(images["fold"]))}
    trained = set().union(*training.values())
    grids = {
        image.image_id: covered(region_mask(by_image[image.image_id], (image.height, image.width), masks))
        for image in images.itertuples()
        if image.image_id in by_image and image.image_id in trained
    }
    of_fold = {fold: [grids[name] for name in names if name in grids] for fold, names in training.items()}
    return {fold: np.mean(some, axis=0, dtype=np.float64).astype(np.float32) for fold, some in of_fold.items() if some}


def covered(inside: np.ndarray) -> np.ndarray:
    """The fraction of each of GRID x GRID cells that a mask (h, w) covers, float32."""
    image = Image.fromarray(inside.astype(np.float32))
    return np.asarray(image.resize((GRID, GRID), Image.Resampling.BOX))


def names(priors: Iterable[int]) -> list[str]:
    """The baselines there are: without any prior, `prior` is left out."""
    return [name for name in BASELINES if name != "prior" or priors]
