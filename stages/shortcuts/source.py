"""The images, and where their regions are on the input grid."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.common import paths
from stages.common.geometry import Placement, place
from stages.common.regions import region_mask
from stages.extract.decode import normalized
from stages.extract.features import decoded
from stages.models.image import ImageSettings
from stages.shortcuts import pictures
from stages.shortcuts.settings import Settings


@dataclass(frozen=True)
class Source:
    """What is known of all images: images.csv by image_id, the rows of regions.csv of each that has some."""

    images: pd.DataFrame
    regions: Mapping[str, pd.DataFrame]
    view: ImageSettings
    settings: Settings

    def placement(self, image_id: str) -> Placement:
        """Where an image lies on the input grid."""
        return place(self._size(image_id), self.view.size, self.view.fit)

    def decoded(self, image_ids: list[str]) -> Iterator[tuple[str, np.ndarray]]:
        """Images (h, w, 3), float32, each with its image_id; colours are as stored, see `normalized`."""
        stored = [paths.IMAGES / self.images.at[image_id, "path"] for image_id in image_ids]
        batches = decoded(stored, self.view.model_copy(update={"normalize": False}))
        images = (image.astype(np.float32) for batch in batches for image in batch)
        return zip(image_ids, images, strict=True)

    def normalized(self, image_id: str, picture: np.ndarray) -> np.ndarray:
        """A picture (h, w, 3) of an image as the model is to see it: normalised after something was hidden, if at all.

        Before, what is hidden would still have a say in the colours of the rest.
        """
        if not self.view.normalize:
            return picture
        seen = self.placement(image_id).shown()
        place = np.ix_(seen.any(axis=1), seen.any(axis=0))
        result = picture.copy()
        result[place] = normalized(np.rint(picture[place]).astype(np.uint8))
        return result

    def covered(self, image_id: str, lender: str) -> np.ndarray:
        """The regions of an image, its own or another's, as pixels (h, w) of its input grid, grown."""
        stored = region_mask(self.regions[lender], self._size(lender), paths.MASKS)
        return pictures.on_input_grid(stored, self.placement(image_id), self.settings.dilation)

    def mean(self, image_ids: list[str]) -> np.ndarray:
        """The mean (h, w, 3), float32, of some images; at each pixel of those that reach it."""
        total, count = np.zeros((*self.view.size, 3)), np.zeros((*self.view.size, 1))
        for image_id, image in self.decoded(image_ids):
            seen = self.placement(image_id).shown()[..., None]
            total, count = total + image * seen, count + seen
        overall = total.sum(axis=(0, 1)) / count.sum()
        return np.where(count > 0, total / np.maximum(count, 1), overall).astype(np.float32)

    def _size(self, image_id: str) -> tuple[int, int]:
        return int(self.images.at[image_id, "height"]), int(self.images.at[image_id, "width"])
