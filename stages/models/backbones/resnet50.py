"""ResNet50 (He et al. 2016, arXiv:1512.03385), as Keras has it: the stride is in a block's first convolution."""

from typing import TYPE_CHECKING

from stages.models.backbones import resnet
from stages.models.backbones.resnet import Stage

if TYPE_CHECKING:
    import keras

    from stages.models.backbones import Pass
    from stages.models.backbones.settings import Architecture

PREPROCESSING = "caffe"
PUBLISHED = "resnet50"
DEPTHS = (4, 4)
STRIDES = (8, 16, 32)
BATCH_NORMALIZED = True
BLOCKS = (3, 4, 6, 3)


def layer_names(architecture: "Architecture") -> tuple[str, ...]:
    """Where it may be cut or ended, first to last."""
    return resnet.layer_names(stages(architecture))


def smallest_input(architecture: "Architecture") -> int:  # noqa: ARG001 -- the backbones' interface
    """The least height and width, in pixels."""
    return 32


def build(x: "keras.KerasTensor", architecture: "Architecture", at: "Pass", drop: "Pass") -> "keras.KerasTensor":
    """Preprocessed images (n, h, w, 3) -> features (n, h / 32, w / 32, 2048) at the network's own stride."""
    return resnet.build(stages(architecture), x, architecture, at, drop)


def stages(architecture: "Architecture") -> list[Stage]:
    """The four stages; where one would go beyond the output stride, it and what follows is dilated instead.

    Every other cell is then exactly the network's own (Chen et al. 2017, arXiv:1706.05587), and published weights hold.
    """
    found, stride, rate = [], 4, 1
    for number, blocks in enumerate(BLOCKS):
        step = 1 if number == 0 else 2
        if stride * step > (architecture.output_stride or 32):
            step, rate = 1, 2 * rate
        stride *= step
        found.append(Stage(step, (rate,) * blocks))
    return found
