"""The colorectal system's ResNet50: output stride 8, dilation that rises and falls, DropBlock in stages 4 and 5.

Stage 4 has dilation 2; stage 5 has five blocks of dilations 2, 4, 4, 2 and 1, against the grid that equal dilations
leave on the features. The system's code added the shortcut in the last block alone; here every block has it, as
residual blocks do. With the published weights of ResNet50 the two blocks that it lacks begin at random.
"""

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
STRIDES = ()
BATCH_NORMALIZED = True
STAGES = (Stage(1, (1,) * 3), Stage(2, (1,) * 4), Stage(1, (2,) * 6), Stage(1, (2, 4, 4, 2, 1)))


def layer_names(architecture: "Architecture") -> tuple[str, ...]:  # noqa: ARG001 -- the backbones' interface
    """Where it may be cut or ended, first to last."""
    return resnet.layer_names(STAGES)


def smallest_input(architecture: "Architecture") -> int:  # noqa: ARG001 -- the backbones' interface
    """The least height and width, in pixels."""
    return 32


def build(x: "keras.KerasTensor", architecture: "Architecture", at: "Pass", drop: "Pass") -> "keras.KerasTensor":
    """Preprocessed images (n, h, w, 3) -> features (n, h / 8, w / 8, 2048)."""
    return resnet.build(STAGES, x, architecture, at, drop)
