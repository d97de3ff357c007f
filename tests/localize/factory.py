"""Small workspaces: images with boxes, and maps that find them or do not."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from stages.common import files, paths, tables

SIZE = (40, 60)  # of the stored images
GRID = (20, 20)  # of the maps


def write_maps(
    path: Path, image_ids: list[str], maps: np.ndarray, status: list[str] | None = None, part: str = "positive"
) -> Path:
    """A file as stage attribute writes it."""
    arrays = {
        "image_id": files.strings(image_ids),
        "maps": np.asarray(maps, np.float32),
        "target": files.strings(["abnormal"] * len(image_ids)),
        "status": files.strings(status or ["ok"] * len(image_ids)),
    }
    words = {"method": path.stem, "settings": "{}", "part": part, "unit": "score", "description": "made up"}
    files.write_arrays(path, arrays, words)
    return path


def blob(x: float, y: float, grid: tuple[int, int] = GRID) -> np.ndarray:
    """A smooth map with its maximum at a place given as fractions of width and height."""
    ys, xs = ((np.arange(n) + 0.5) / n for n in grid)
    return np.exp(-((ys[:, None] - y) ** 2 + (xs[None] - x) ** 2) / 0.005).astype(np.float32)


def workspace(root: Path, folds: int = 0, findings: tuple[str, ...] = ("nodule",)) -> list[str]:
    """Tables, images and regions of 48 images, two a group, half of them with a box in their right half.

    Without folds: the first 24 images are of split train, then 12 validation and 12 test. Map `finder` has its maximum
    in the box, map `mirror` on the other side; both are made for validation and test (with folds: for all).

    Returns:
        The ids of the images with maps.
    """
    ids = [f"i{n:02d}" for n in range(48)]
    abnormal = [n % 2 == 1 for n in range(48)]
    images = pd.DataFrame({"image_id": ids}).assign(
        path=[f"{name}.png" for name in ids],
        label=np.where(abnormal, "abnormal", "normal"),
        group_id=[f"g{n // 2:02d}" for n in range(48)],
        width=SIZE[1],
        height=SIZE[0],
    )
    images = images.reindex(columns=list(tables.IMAGE_COLUMNS), fill_value="")
    split = images[["image_id", "group_id", "label"]].assign(split="test", fold=-1)
    if folds:
        split["fold"] = [n // 2 % folds for n in range(48)]
    else:
        split["split"] = ["train"] * 24 + ["validation"] * 12 + ["test"] * 12
    boxes = [
        {"image_id": name, "finding": findings[n % len(findings)], "kind": "box", "x": 33.0, "y": 6.0 + 0.5 * (n % 20)}
        | {"width": 12.0, "height": 10.0, "mask_path": ""}
        for n, name in enumerate(name for name, is_abnormal in zip(ids, abnormal, strict=True) if is_abnormal)
    ]
    predictions = split.assign(
        predicted=["normal" if name == "i47" else label for name, label in zip(ids, split["label"], strict=True)],
        p_normal=0.25,
        p_abnormal=0.75,
    )
    tables.write(root / paths.IMAGE_TABLE, images, tables.IMAGE_COLUMNS)
    tables.write(root / paths.SPLIT_TABLE, split, tables.SPLIT_COLUMNS)
    tables.write(root / paths.REGION_TABLE, pd.DataFrame(boxes), tables.REGION_COLUMNS)
    tables.write(root / paths.PREDICTIONS, predictions.drop(columns="group_id"), tables.PREDICTION_COLUMNS)
    for n, name in enumerate(ids):
        grey = np.random.default_rng(n).integers(0, 255, SIZE, dtype=np.uint8)
        files.write_bytes(root / paths.IMAGES / f"{name}.png", b"")
        Image.fromarray(grey).save(root / paths.IMAGES / f"{name}.png")
    mapped = ids if folds else ids[24:]
    heights = {box["image_id"]: (box["y"] + 5) / SIZE[0] for box in boxes}
    for name, x in (("finder", 39 / 60), ("mirror", 21 / 60)):
        write_maps(root / paths.MAPS / f"{name}.h5", mapped, [blob(x, heights.get(i, 0.5)) for i in mapped])
    return mapped
