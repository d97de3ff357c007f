"""What the ResNets share (He et al. 2016, arXiv:1512.03385): bottleneck blocks, with the layer names of Keras."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from stages.models.backbones import Pass
    from stages.models.backbones.settings import Architecture

WIDTHS = (64, 128, 256, 512)
EXPANSION = 4  # a block puts out this many times its width
DROPPED = (4, 5)  # the stages with a DropBlock after each convolution
MOMENTUM = 0.9  # of learnt statistics: Keras's 0.99 takes hundreds of steps to follow, which small sets do not have


@dataclass(frozen=True)
class Stage:
    """One stage: the stride of its first block, and the dilation of each block."""

    stride: int
    rates: Sequence[int]


def layer_names(stages: Sequence[Stage]) -> tuple[str, ...]:
    """Where nothing bypasses: the stem, and the output of each block."""
    blocks = (
        f"conv{number}_block{block}_out"
        for number, stage in enumerate(stages, start=2)
        for block in range(1, len(stage.rates) + 1)
    )
    return ("conv1_relu", "pool1_pool", *blocks)


def build(
    stages: Sequence[Stage], x: "keras.KerasTensor", architecture: "Architecture", at: "Pass", drop: "Pass"
) -> "keras.KerasTensor":
    """Preprocessed images (n, h, w, 3) -> the last block's output (n, h / stride, w / stride, 4 * last width)."""
    from keras import layers

    widths = architecture.widths or WIDTHS
    block = _Block(architecture.train_statistics, drop)
    x = layers.ZeroPadding2D(3, name="conv1_pad")(x)
    x = layers.Conv2D(widths[0], 7, strides=2, name="conv1_conv")(x)
    x = at("conv1_relu", layers.Activation("relu", name="conv1_relu")(block.normalize("conv1_bn", x)))
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = at("pool1_pool", layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x))
    for number, (stage, width) in enumerate(zip(stages, widths, strict=True), start=2):
        for place, rate in enumerate(stage.rates, start=1):
            name = f"conv{number}_block{place}"
            stride = stage.stride if place == 1 else None
            x = at(f"{name}_out", block(name, x, width, stride, rate, dropped=number in DROPPED))
    return x


@dataclass(frozen=True)
class _Block:
    """Builds bottleneck blocks: 1x1, 3x3, 1x1, and a shortcut around them."""

    train_statistics: bool
    drop: "Pass"

    def __call__(
        self, name: str, x: "keras.KerasTensor", width: int, stride: int | None, rate: int, dropped: bool
    ) -> "keras.KerasTensor":
        """One block; with a stride, the first of its stage, its shortcut is a convolution too."""
        from keras import layers

        def convolve(part: str, x: "keras.KerasTensor", filters: int, **options: object) -> "keras.KerasTensor":
            x = layers.Conv2D(filters, name=f"{name}_{part}_conv", **options)(x)
            x = self.normalize(f"{name}_{part}_bn", x)
            if part in ("1", "2"):
                x = layers.Activation("relu", name=f"{name}_{part}_relu")(x)
            return self.drop(f"{name}_{part}", x) if dropped else x

        step, wide = stride or 1, EXPANSION * width
        shortcut = x if stride is None else convolve("0", x, wide, kernel_size=1, strides=step)
        x = convolve("1", x, width, kernel_size=1, strides=step)
        x = convolve("2", x, width, kernel_size=3, padding="same", dilation_rate=rate)
        x = convolve("3", x, wide, kernel_size=1)
        x = layers.Add(name=f"{name}_add")([shortcut, x])
        return layers.Activation("relu", name=f"{name}_out")(x)

    def normalize(self, name: str, x: "keras.KerasTensor") -> "keras.KerasTensor":
        """Batch normalisation; with its kept statistics also while training, unless they are to be learnt."""
        from keras import layers

        layer = layers.BatchNormalization(epsilon=1.001e-5, momentum=MOMENTUM, name=name)
        return layer(x) if self.train_statistics else layer(x, training=False)
