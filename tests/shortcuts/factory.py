"""A workspace whose images have a finding and a mark on the border, and models of which one knows what they look at."""

import numpy as np
import pandas as pd
from PIL import Image

from stages.common import files, paths, tables
from stages.models import compose, front, runtime, trained
from tests import factories

COUNT, SIDE = 64, 64
FINDING, MARK, TISSUE = 230, 140, 100  # grey levels
CUT = {"backbone__cut": "block1_pool", "backbone__end": "block1_pool", "head__standardize": False}
VGG_BLUE = 103.939  # what VGG16's preprocessing subtracts from the channel that it puts first


def workspace(marked: int | None = None, folds: int = 0, sizes: tuple[int, int] = (SIDE, SIDE)) -> pd.DataFrame:
    """Images in the current folder, every other one positive, with a bright square inside and a mark on the upper rim.

    Args:
        marked: how many positive images have their square in regions.csv; None: all.
        folds: a quarter each in training and validation and half in test, or this many folds.
        sizes: least and greatest side of the images.

    Returns:
        split.csv.
    """
    random = np.random.default_rng(7)
    paths.IMAGES.mkdir(parents=True)
    rows, regions = [], []
    for number in range(COUNT):
        image_id, positive = f"i{number:02}", number % 2 == 1
        height, width = (int(random.integers(sizes[0], sizes[1] + 1)) for _ in range(2))
        pixels = random.integers(TISSUE - 10, TISSUE + 10, (height, width), dtype=np.uint8)
        y, x = (int(random.integers(10, length - 22)) for length in (height, width))
        if positive:
            pixels[y : y + 12, x : x + 12] = FINDING
            pixels[:3] = MARK
            regions.append((image_id, "nodule", "box", x, y, 12, 12, ""))
        Image.fromarray(pixels).save(paths.IMAGES / f"{image_id}.png")
        rows.append(
            (image_id, f"{image_id}.png", ["normal", "abnormal"][positive], f"g{number // 2:02}", width, height)
        )
    images = pd.DataFrame(rows, columns=["image_id", "path", "label", "group_id", "width", "height"])
    images = images.reindex(columns=list(tables.IMAGE_COLUMNS), fill_value="")
    tables.write(paths.IMAGE_TABLE, images, tables.IMAGE_COLUMNS)
    regions = pd.DataFrame(regions[:marked], columns=list(tables.REGION_COLUMNS))
    tables.write(paths.REGION_TABLE, regions, tables.REGION_COLUMNS)
    parts = ["train"] * (COUNT // 4) + ["validation"] * (COUNT // 4) + ["test"] * (COUNT // 2)
    split = images[["image_id", "group_id", "label"]].assign(split="test" if folds else parts, fold=-1)
    if folds:
        split["fold"] = [number // 2 % folds for number in range(COUNT)]
    tables.write(paths.SPLIT_TABLE, split, tables.SPLIT_COLUMNS)
    return split


def looks_at_the_border(folders: int = 0) -> None:
    """A model whose logit is the sum of the pixels in the outer two cells (of two pixels each) of the upper rim."""
    weights = np.zeros((SIDE // 2, SIDE // 2))
    weights[:2] = 1
    _by_hand(TISSUE, weights, folders)


def looks_at_the_finding(folders: int = 0) -> None:
    """A model whose logit is how much brighter than tissue and mark the pixels are, wherever."""
    _by_hand(MARK + 20, np.ones((SIDE // 2, SIDE // 2)), folders)


def save(design: object, folds: int = 0) -> None:
    """A model of a design with random weights, as stages weights and train leave it."""
    parts = _built(design)
    factories.randomize(parts.whole)
    _write(design, parts, folds)


def _by_hand(level: float, cells: np.ndarray, folds: int) -> None:
    """The pixels above a grey level, the greatest of each cell of 2 x 2, times weights (h, w), are the logit."""
    design = factories.design(**CUT)
    parts = _built(design)
    for name, variable in front.named_weights(parts.whole).items():
        variable.assign(np.zeros(variable.shape))
        if name.endswith("kernel") and name.startswith("block1"):
            values = np.zeros(variable.shape)
            values[1, 1, 0, 0] = 1
            variable.assign(values)
    named = front.named_weights(parts.whole)
    named["block1_conv1/bias"].assign([VGG_BLUE - level, 0, 0, 0])
    dense = np.zeros(named["head_dense/kernel"].shape)
    dense.reshape(*cells.shape, 4, -1)[:, :, 0, 0] = cells * 1e-6  # small, so that tanh does not level it
    named["head_dense/kernel"].assign(dense)
    named["head_logits/kernel"].assign(np.eye(16, 2)[:, ::-1] * 1e3)
    _write(design, parts, folds)


def _built(design: object):
    runtime.start()
    return compose.compose(design)


def _write(design: object, parts: object, folds: int) -> None:
    paths.WEIGHTS.mkdir(parents=True)
    if parts.front is not None:
        arrays = {name: np.array(value) for name, value in front.named_weights(parts.front).items()}
        files.write_arrays(paths.WEIGHTS / "vgg16.h5", arrays, {})
    arrays = {name: np.array(value) for name, value in front.named_weights(parts.tail).items()}
    for folder in [paths.MODEL / f"fold-{fold}" for fold in range(folds)] or [paths.MODEL]:
        folder.mkdir(parents=True)
        trained.save(factories.trained_model(design, arrays), folder)
