"""A small network that sees what is unusual in an image of a fixed view, such as a frontal chest X-ray.

Its first layer removes what images without the finding have in common: their mean and their first principal components
(`backbone.components`), pixel by pixel, and scales what is left by how much it varies there ("eigen-images", Turk and
Pentland 1991, J. Cogn. Neurosci. 3(1)); beside that it passes on the difference from the mean. The layer is linear,
fitted before training, and part of the model. A Haar wavelet halves the grid and keeps the detail, in channels of its
own: mixed with the rest, whose variation is larger, it is learnt slowly. Then come a 5x5 convolution of stride 2 and
3x3 convolutions, all with batch normalisation and ReLU; between the first ones and their normalisation is a 2x2
max-pooling, until a cell of the last layer stands for `output_stride` pixels. That is few on purpose: a cell that sees
far fires beside what it sees, and maps point nowhere. It is trained from scratch, on images that all show the same
thing alike.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from stages.models.backbones import Pass
    from stages.models.backbones.settings import Architecture

PREPROCESSING = "grey"
PUBLISHED = None
DEPTHS = (1, 8)
STRIDES = (4, 8, 16)
BATCH_NORMALIZED = True
WIDTHS = (32, 48, 48)
STRIDE = 8
COMPONENTS = 200
MOMENTUM = 0.9  # of learnt statistics: Keras's 0.99 takes hundreds of steps to follow, which small sets do not have


def layer_names(architecture: "Architecture") -> tuple[str, ...]:
    """The activations, first to last."""
    return tuple(f"conv{number}" for number in range(1, len(architecture.widths or WIDTHS) + 1))


def smallest_input(architecture: "Architecture") -> int:
    """The least height and width, in pixels."""
    return architecture.output_stride or STRIDE


def build(x: "keras.KerasTensor", architecture: "Architecture", at: "Pass", drop: "Pass") -> "keras.KerasTensor":
    """Preprocessed images (n, h, w, 1) -> the last layer's output (n, h / stride, w / stride, last width)."""
    from keras import layers

    from stages.models.backbones import VIEWED
    from stages.models.layers import Background, Haar

    x = Background(architecture.components or COMPONENTS, name="background")(x)
    x = Haar(name="haar")(at(VIEWED, x))  # the background itself is of one view
    poolings = (architecture.output_stride or STRIDE).bit_length() - 3  # the grid is halved twice before
    for number, filters in enumerate(architecture.widths or WIDTHS, start=1):
        name = f"conv{number}"
        shape = {"kernel_size": 5, "strides": 2} if number == 1 else {"kernel_size": 3}
        x = layers.Conv2D(filters, **shape, padding="same", use_bias=False, name=f"{name}_linear")(x)
        if number <= poolings:  # before the normalisation, which then costs a quarter
            x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
        normalize = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_bn")
        x = normalize(x) if architecture.train_statistics else normalize(x, training=False)
        x = drop(name, at(name, layers.Activation("relu", name=name)(x)))
    return x
