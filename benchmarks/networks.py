"""The networks that attribution is measured on: VGG16 at 224 pixels with ImageNet's weights and one of two heads."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import platformdirs

from stages.attribute.methods import METHODS
from stages.attribute.methods.base import Batch, Result, Subject
from stages.common import files
from stages.common.errors import UserError
from stages.extract.decode import decode
from stages.models import runtime
from stages.models.backbones.settings import Settings
from stages.models.image import ImageSettings

PIXELS, CUT = 224, "block5_pool"
HEADS = {"fc": {"width": 2048, "dropout": 0.0}, "score_map": {"pooling": "mean"}}
CLASSES = ["normal", "abnormal"]
REAL = ("busi", "nih_cxr", "polyp_crops", "ucsb_breast")


def subject(head: str, training_images: np.ndarray | None = None) -> Subject:
    """The pipeline's model with a seeded, untrained head; features are kept as float32, and not standardised.

    The kernel of the head's hidden layer is a tenth of what it starts with, or every tanh would be saturated.
    """
    from stages.models import compose, front

    design = compose.Design(
        backbone={"name": "vgg16"},
        cut=CUT,
        end=CUT,
        height=PIXELS,
        width=PIXELS,
        dtype="float32",
        head=head,
        head_settings=HEADS[head],
        head_seed=0,
        standardize=False,
        outputs=len(CLASSES),
    )
    parts = compose.compose(design)
    front.assign(parts.whole, imagenet())
    for layer in parts.whole.layers:
        if layer.name == "head_dense":
            layer.kernel.assign(layer.kernel / 10)
    return Subject(SimpleNamespace(design=design, classes=CLASSES), parts, lambda: [training_images])


def weights_of(parts: object) -> dict[str, np.ndarray]:
    """The weights of a composed model by `layer/kernel` and `layer/bias`."""
    from stages.models import front

    return {name: np.asarray(value) for name, value in front.named_weights(parts.whole).items()}


def imagenet() -> dict[str, np.ndarray]:
    """VGG16's published weights, which are kept in the user's cache.

    Raises:
        NetworkError: they are not there, and could not be fetched.
    """
    from stages.weights.__main__ import obtain

    file = Path(platformdirs.user_cache_dir("lesionmap")) / "benchmarks/vgg16.h5"
    if not file.exists():
        arrays, _, _ = obtain(Settings(name="vgg16", weights="imagenet"))
        file.parent.mkdir(parents=True, exist_ok=True)
        files.write_arrays(file, arrays, {})
    return files.read_arrays(file)


def method(subject: Subject, name: str, **settings: object) -> Callable[[Batch], Result]:
    """A method of the stage `attribute`, ready to run."""
    module = METHODS[name]
    return module.explainer(subject, module.Settings(method=name, **settings))


def kept(subject: Subject, batch: Batch) -> Batch:
    """A batch as `extract` would have kept it."""
    return Batch(None, runtime.compiled(subject.parts.front)(batch.images), batch.weights)


def preprocessed(images: np.ndarray) -> np.ndarray:
    """What the pipeline's model does to its images (n, h, w, 3) first, for the plain networks."""
    from stages.models.layers import CaffePreprocessing

    return CaffePreprocessing()(images).numpy()


def real_images(count: int) -> Batch:
    """Images of LESIONMAP_REAL_DATA, evenly over its sets and their files; the second class is their target.

    Raises:
        UserError: there are none.
    """
    root = Path(os.environ.get("LESIONMAP_REAL_DATA", "../shared/data"))
    sets = [_images(root / name) for name in REAL if (root / name).is_dir()]
    if not sets:
        raise UserError(f"no image sets in {root}; set LESIONMAP_REAL_DATA to a folder with some of {', '.join(REAL)}")
    shares = np.diff(np.linspace(0, count, len(sets) + 1).astype(int))
    chosen = [
        paths[index]
        for paths, share in zip(sets, shares, strict=True)
        for index in np.linspace(0, len(paths) - 1, share).astype(int)
    ]
    view = ImageSettings(height=PIXELS, width=PIXELS)
    images = np.stack([decode(path, view) for path in chosen]).astype(np.float32)
    return Batch(images, None, targets(len(images)))


def targets(count: int) -> np.ndarray:
    """One-hot (count, classes): the second class."""
    return np.tile(np.float32([0, 1]), (count, 1))


def _images(folder: Path) -> list[Path]:
    paths = (path for kind in ("png", "jpg") for path in folder.rglob(f"*.{kind}"))
    return sorted(path for path in paths if "masks" not in path.parts)
