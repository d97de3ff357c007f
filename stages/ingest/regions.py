"""Ground truth of one image: boxes clipped to it, masks united and stored."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from stages.common.regions import MASK_THRESHOLD
from stages.ingest.decode import decode
from stages.ingest.listing import UnfitError
from stages.ingest.picture import DEEP


def box_rows(image_id: str, boxes: pd.DataFrame | None, size: tuple[int, int], label: str) -> list[dict]:
    """Rows of regions.csv for an image's boxes (BOX_COLUMNS), clipped to its `size` (width, height).

    Raises:
        UnfitError: bad_region; a box has no part in the image.
    """
    rows = []
    for box in () if boxes is None else boxes.itertuples():
        left, top = max(box.x, 0.0), max(box.y, 0.0)
        right, bottom = min(box.x + box.width, float(size[0])), min(box.y + box.height, float(size[1]))
        if right <= left or bottom <= top:
            where = f"x {box.x:g}, y {box.y:g}, width {box.width:g}, height {box.height:g}"
            raise UnfitError("bad_region", f"a box ({where}) has no part in the image of {size[0]}x{size[1]}")
        rows.append(_row(image_id, box.finding or label, "box", (left, top, right - left, bottom - top)))
    return rows


def mask_rows(image_id: str, paths: list[Path], size: tuple[int, int], label: str, folder: Path) -> list[dict]:
    """The row of regions.csv for an image's masks, united into `folder`/<image_id>.png; none if they mark nothing.

    Raises:
        UnfitError: bad_region; a mask cannot be read, has another size than the image's `size` (width, height), or is
            too dark.
    """
    masks = [_read_mask(path, size) for path in paths]
    united = np.any(masks, axis=0) if masks else np.zeros(0, bool)
    if not united.any():
        return []
    name = f"{image_id}.png"
    Image.fromarray(united.astype(np.uint8) * 255).save(folder / name, "PNG")
    rows, columns = np.nonzero(united.any(axis=1))[0], np.nonzero(united.any(axis=0))[0]
    box = (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
    return [_row(image_id, label, "mask", tuple(float(edge) for edge in box), name)]


def _read_mask(path: Path, size: tuple[int, int]) -> np.ndarray:
    """The marked pixels (bool) of a mask file: those brighter than 127 of 255 in any channel."""
    try:
        image = decode(path.read_bytes()).image
    except UnfitError as error:
        raise UnfitError("bad_region", f"its mask cannot be read: {error.detail}") from None
    if image.size != size:
        sizes = f"{image.width}x{image.height}, the image {size[0]}x{size[1]}"
        raise UnfitError("bad_region", f"its mask is {sizes}; they must be equal")
    values = np.asarray(image)
    values = values.max(axis=2) if values.ndim == 3 else values
    brightest = DEEP if values.dtype == np.uint16 else 255
    marked = values > MASK_THRESHOLD * (brightest // 255)
    if values.any() and not marked.any():
        raise UnfitError("bad_region", f"its mask is not brighter than {values.max()} of {brightest}; mark with white")
    return marked


def _row(image_id: str, finding: str, kind: str, box: tuple[float, ...], mask_path: str = "") -> dict:
    x, y, width, height = box
    return {
        "image_id": image_id,
        "finding": finding,
        "kind": kind,
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "mask_path": mask_path,
    }
