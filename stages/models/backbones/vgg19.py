"""VGG19 without its dense layers (Simonyan and Zisserman 2015, arXiv:1409.1556)."""

from typing import TYPE_CHECKING

from stages.models.backbones import vgg

if TYPE_CHECKING:
    import keras

    from stages.models.backbones import Pass
    from stages.models.backbones.settings import Architecture

BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))  # convolutions and filters of each block
PREPROCESSING = "caffe"
PUBLISHED = "vgg19"
STRIDES = (8, 16, 32)
DEPTHS = (5, 5)
BATCH_NORMALIZED = False


def layer_names(architecture: "Architecture") -> tuple[str, ...]:  # noqa: ARG001 -- the backbones' interface
    """Where it may be cut or ended, first to last."""
    return vgg.layer_names(BLOCKS)


def smallest_input(architecture: "Architecture") -> int:  # noqa: ARG001 -- the backbones' interface
    """The least height and width, in pixels."""
    return 32


def build(x: "keras.KerasTensor", architecture: "Architecture", at: "Pass", drop: "Pass") -> "keras.KerasTensor":
    """Preprocessed images (n, h, w, 3) -> features (n, h // 32, w // 32, 512) at the network's own stride."""
    return vgg.build(BLOCKS, x, architecture, at, drop)
