"""The polyp system's network: 3x3 convolutions, each with ReLU and 2x2 max-pooling.

The system put `head.kind: fc` behind it: 64 units, ReLU, dropout 0.5, one sigmoid. Its images had 300x300 pixels.
"""

from typing import TYPE_CHECKING

from stages.models.backbones import plain

if TYPE_CHECKING:
    import keras

    from stages.models.backbones import Pass
    from stages.models.backbones.settings import Architecture

PREPROCESSING = "unit"
PUBLISHED = None
DEPTHS = (1, 8)
STRIDES = ()
BATCH_NORMALIZED = False
WIDTHS = (32, 32, 64)
KERNEL = 3
SLOPE = 0.0


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
    """Each convolution has its pooling; `widths` says how many there are."""
    return [(filters, True) for filters in architecture.widths or WIDTHS]
