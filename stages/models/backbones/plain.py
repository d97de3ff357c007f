"""What the small networks share: convolutions without padding, an activation, and poolings in between."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from stages.models.backbones import Pass
    from stages.models.backbones.settings import Architecture


class Plain:
    """A backbone (see `stages.models.backbones`) of convolutions, some or all followed by a 2x2 max-pooling."""

    PREPROCESSING = "unit"
    PUBLISHED = None
    STRIDES = ()
    BATCH_NORMALIZED = False

    def __init__(
        self,
        widths: Sequence[int],
        kernel: int,
        depths: tuple[int, int],
        slope: float = 0.0,
        pooled: Sequence[bool] | None = None,
    ) -> None:
        """Filters of each convolution and its side; the slope of the ReLU below zero; `pooled` as None: all are."""
        self.DEPTHS = depths
        self.kernel = kernel
        self._widths, self._slope, self._pooled = widths, slope, pooled

    def plan(self, architecture: "Architecture") -> list[tuple[int, bool]]:
        """The filters of each convolution, and whether a pooling follows it."""
        widths = architecture.widths or self._widths
        return list(zip(widths, self._pooled or [True] * len(widths), strict=True))

    def layer_names(self, architecture: "Architecture") -> tuple[str, ...]:
        """Where it may be cut or ended, the activations and poolings, first to last."""
        return tuple(
            f"{kind}{number}"
            for number, (_, pooled) in enumerate(self.plan(architecture), start=1)
            for kind in (("conv", "pool") if pooled else ("conv",))
        )

    def smallest_input(self, architecture: "Architecture") -> int:
        """The least height and width, in pixels: one cell is left of it."""
        side = 1
        for _, pooled in reversed(self.plan(architecture)):
            side = (2 * side if pooled else side) + self.kernel - 1
        return side

    def build(
        self, x: "keras.KerasTensor", architecture: "Architecture", at: "Pass", drop: "Pass"
    ) -> "keras.KerasTensor":
        """Preprocessed images (n, h, w, 3) -> the last layer's output."""
        from keras import layers

        for number, (filters, pooled) in enumerate(self.plan(architecture), start=1):
            name = f"conv{number}"
            if self._slope:
                x = layers.Conv2D(filters, self.kernel, name=f"{name}_linear")(x)
                x = layers.LeakyReLU(self._slope, name=name)(x)
            else:
                x = layers.Conv2D(filters, self.kernel, activation="relu", name=name)(x)
            x = drop(name, at(name, x))
            if pooled:
                name = f"pool{number}"
                x = at(name, layers.MaxPooling2D(2, name=name)(x))
        return x
