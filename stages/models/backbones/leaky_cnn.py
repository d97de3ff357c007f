"""The network that the breast histology system compared with: five 3x3 convolutions with leaky ReLU.

The system put `head.kind: fc` behind it: 1024 units, dropout 0.5. Its source does not say after which convolutions the
poolings stand; here they leave one cell of a tile of 28x28.
"""

from typing import TYPE_CHECKING

from stages.models.backbones import plain

if TYPE_CHECKING:
    import keras

    from stages.models.backbones import Pass
    from stages.models.backbones.settings import Architecture

PREPROCESSING = "unit"
PUBLISHED = None
DEPTHS = (5, 5)
STRIDES = ()
BATCH_NORMALIZED = False
WIDTHS = (64, 64, 128, 128, 128)
KERNEL = 3
SLOPE = 0.01
POOLED = (False, True, False, True, True)


def layer_names(architecture: "Architecture") -> tuple[str, ...]:
    """Where it may be cut or ended, first to last."""
    return plain.layer_names(plan(architecture))


def smallest_input(architecture: "Architecture") -> int:
    """The least height and width, in pixels."""
    return plain.smallest_input(plan(architecture), KERNEL)


def build(x: "keras.KerasTensor", architecture: "Architecture", at: "Pass", drop: "Pass") -> "keras.KerasTensor":
    """Preprocessed images (n, h, w, 3) -> the last layer's output."""
    return plain.build(plan(architecture), KERNEL, SLOPE, x, at, drop)


def plan(architecture: "Architecture") -> plain.Plan:
    """Some convolutions have a pooling."""
    return list(zip(architecture.widths or WIDTHS, POOLED, strict=True))
