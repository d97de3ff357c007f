"""The keys of `image` in params.yaml: how a stored image becomes the network's input."""

from typing import Annotated

from pydantic import Field

from stages.common.geometry import Fit, Tiling
from stages.common.schema import Section
from stages.models import runtime


class TileSettings(Section):
    """A bag: a centred grid of square tiles of the input; the network sees each tile by itself."""

    size: Annotated[int, Field(ge=8)] | None = None
    """Side of a tile in pixels of the input; null: no tiles."""

    stride: Annotated[int, Field(ge=1)] | None = None
    """Pixels from one tile to the next; null: the size, so that tiles neither overlap nor leave gaps."""

    background: Annotated[float, Field(gt=0, le=1)] | None = None
    """A tile is left out of its bag where more than this share of its pixels is nearly white; null: none is."""


class ImageSettings(Section):
    """How a stored image becomes the network's input."""

    height: Annotated[int, Field(ge=32, le=4096)] = 224
    """Height of the network input in pixels."""

    width: Annotated[int, Field(ge=32, le=4096)] = 224
    """Width of the network input in pixels."""

    fit: Fit = "stretch"
    """stretch changes the aspect; letterbox pads with black; center_crop cuts the longer side; native keeps the pixels
    of images of different sizes, pads with black and leaves that out of the bag (`head.kind: attention`). What exceeds
    height and width is cut off: they should be those of the largest image."""

    normalize: bool = False
    """Whether each channel of each image is brought to ImageNet's mean and deviation, so that light, exposure and
    stain tell nothing."""

    tiles: TileSettings = TileSettings()

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the input grid."""
        return self.height, self.width

    @property
    def tiling(self) -> Tiling | None:
        """The grid of tiles, or None without tiles."""
        tiles = self.tiles
        return None if tiles.size is None else Tiling(self.size, tiles.size, tiles.stride or tiles.size)

    @property
    def masked(self) -> bool:
        """Whether bags lack some of their instances: tiles of background, or what is beyond an image's own size."""
        return self.fit == "native" or self.tiles.background is not None

    @property
    def seen(self) -> tuple[int, int]:
        """Height and width of what passes the backbone: a tile, or the whole input."""
        return self.size if self.tiling is None else (self.tiling.side, self.tiling.side)

    @property
    def batch_size(self) -> int:
        """Images a batch, wherever the pixels pass the backbone."""
        return runtime.batch_size(*self.seen, 1 if self.tiling is None else self.tiling.count)
