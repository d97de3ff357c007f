"""What VGG16 and VGG19 share (Simonyan and Zisserman 2015, arXiv:1409.1556)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from stages.models.backbones import Pass
    from stages.models.backbones.settings import Architecture

DROPPED = (4, 5)  # the blocks with a DropBlock after each convolution, as in the last two stages of a ResNet
OWN_STRIDE = 32


class Vgg:
    """A backbone (see `stages.models.backbones`): blocks of 3x3 convolutions, each ended by a 2x2 max-pooling."""

    PREPROCESSING = "caffe"
    STRIDES = (8, 16, 32)
    DEPTHS = (5, 5)
    BATCH_NORMALIZED = False

    def __init__(self, published: str, blocks: Sequence[tuple[int, int]]) -> None:
        """Convolutions and filters of each block."""
        self.PUBLISHED = published
        self._blocks = blocks

    def layer_names(self, architecture: "Architecture") -> tuple[str, ...]:  # noqa: ARG002 -- the backbones' interface
        """Where it may be cut or ended, all convolutions and poolings, first to last."""
        return tuple(
            f"block{block}_{layer}"
            for block, (convolutions, _) in enumerate(self._blocks, start=1)
            for layer in (*(f"conv{number + 1}" for number in range(convolutions)), "pool")
        )

    def smallest_input(self, architecture: "Architecture") -> int:  # noqa: ARG002 -- the backbones' interface
        """The least height and width, in pixels."""
        return OWN_STRIDE

    def build(
        self, x: "keras.KerasTensor", architecture: "Architecture", at: "Pass", drop: "Pass"
    ) -> "keras.KerasTensor":
        """Preprocessed images (n, h, w, 3) -> features (n, h // stride, w // stride, filters of the last block).

        Where `output_stride` is less than 32, a pooling that would go beyond it keeps its window but moves by one, and
        what follows is dilated instead (Chen et al. 2015, arXiv:1412.7062): every output_stride-th cell is exactly the
        network's own, and published weights hold.
        """
        from keras import layers

        widths = architecture.widths or [filters for _, filters in self._blocks]
        stride, rate = 1, 1
        for block, ((convolutions, _), filters) in enumerate(zip(self._blocks, widths, strict=True), start=1):
            for number in range(1, convolutions + 1):
                name = f"block{block}_conv{number}"
                convolution = layers.Conv2D(
                    filters, 3, padding="same", dilation_rate=rate, activation="relu", name=name
                )
                x = at(name, convolution(x))
                x = drop(name, x) if block in DROPPED else x
            dense = 2 * stride > (architecture.output_stride or OWN_STRIDE)
            name = f"block{block}_pool"
            x = at(name, _pooling(dense, rate, name)(x))
            stride, rate = (stride, 2 * rate) if dense else (2 * stride, rate)
        return x


def _pooling(dense: bool, rate: int, name: str) -> "keras.Layer":
    from keras import layers

    from stages.models.layers import DilatedMaxPooling2D

    if not dense:
        return layers.MaxPooling2D(2, name=name)
    if rate == 1:
        return layers.MaxPooling2D(2, strides=1, padding="same", name=name)
    return DilatedMaxPooling2D(rate, name=name)
