"""The network of attention-based multiple-instance learning (Ilse et al. 2018, arXiv:1802.04712), for tiles of 28x28.

Two 5x5 convolutions, each with ReLU and 2x2 max-pooling. The dense layer of 500 after them is that of `head.attention`.
"""

from typing import TYPE_CHECKING

from stages.models.backbones import plain

if TYPE_CHECKING:
    import keras

    from stages.models.backbones import Pass
    from stages.models.backbones.settings import Architecture

PREPROCESSING = "unit"
PUBLISHED = None
DEPTHS = (2, 2)
STRIDES = ()
BATCH_NORMALIZED = False
WIDTHS = (20, 50)
KERNEL = 5
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
    """Each convolution has its pooling."""
    return [(filters, True) for filters in architecture.widths or WIDTHS]
