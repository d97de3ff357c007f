"""Reads data/features.h5 row by row, or from memory where it is small enough."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from stages.common import files
from stages.common.errors import UserError
from stages.models import runtime


class FeatureFile:
    """The kept features by row; a context manager. What it gives does not depend on how it reads."""

    def __init__(self, path: Path, memory_bytes: int = 0) -> None:
        """Open a file; up to `memory_bytes` of features are read at once, larger files row by row when asked for."""
        self._file = h5py.File(path, "r")
        self._features = self._file["features"]
        self.image_ids = files.texts(self._file["image_id"])
        self.attributes = dict(self._file.attrs)
        self.shape: tuple[int, ...] = self._features.shape[1:]
        self._rows = {image_id: row for row, image_id in enumerate(self.image_ids)}
        if self._features.size * self._features.dtype.itemsize <= memory_bytes:
            self._features = self._features[()]

    def __enter__(self) -> "FeatureFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def rows(self, image_ids: list[str]) -> np.ndarray:
        """Row numbers of images.

        Raises:
            UserError: an image is not in the file.
        """
        missing = [image_id for image_id in image_ids if image_id not in self._rows]
        if missing:
            raise UserError(
                f"{self._file.filename} has no features of {missing[0]} ({len(missing)} missing); rerun extract"
            )
        return np.array([self._rows[image_id] for image_id in image_ids], dtype=np.int64)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Features (len(rows), ...) in the file's number type; row by row, as h5py's fancy index is 30 times slower."""
        if isinstance(self._features, np.ndarray):
            return self._features[rows]
        batch = np.empty((len(rows), *self.shape), self._features.dtype)
        for place, row in enumerate(rows):
            self._features.read_direct(batch, np.s_[int(row)], np.s_[place])
        return batch

    @property
    def batch_size(self) -> int:
        """Rows a batch, wherever a model runs over them."""
        return runtime.batch_size(*self.shape[:-1])

    def chunks(self, rows: np.ndarray, size: int | None = None) -> Iterator[np.ndarray]:
        """Features of the rows in order, in batches of at most `size` (None: `batch_size`)."""
        for place in runtime.batches(len(rows), size or self.batch_size):
            yield self.read(rows[place])
