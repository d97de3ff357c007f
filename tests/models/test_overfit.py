"""Every head and every backbone trained from scratch learns 16 real images by heart: what cannot is broken."""

import numpy as np
import pytest

from stages.common import params
from stages.extract.decode import decode
from stages.models import compose, front, runtime
from stages.models.backbones import INPUT
from stages.models.compose import design_of
from stages.models.feature_file import FeatureFile
from stages.models.image import ImageSettings
from stages.train import fit
from stages.weights.__main__ import seeded
from tests import factories
from tests.models import short

SIDE = 32
EPOCHS = 200  # at the most: training ends when all is learnt
BACKBONES = {  # widths (null: its own), learning rate
    "vgg16": ([8, 8, 16, 16, 32], 2e-3),
    "vgg19": ([16, 32, 32, 32, 64], 4e-4),
    "resnet50": ([4, 8, 16, 32], 4e-3),
    "resnet50_dilated": ([8, 8, 16, 16], 1e-3),
    "small_cnn": (None, 2e-3),
    "patch_cnn": (None, 2e-3),
    "leaky_cnn": ([16, 16, 32, 32, 32], 2e-3),
    "background_cnn": ([8, 8, 16], 2e-3),
}
HEADS = {
    "fc": {"head__kind": "fc", "head__fc__width": 64},
    "mean": {"head__kind": "score_map"},
    "hidden": {"head__kind": "score_map", "head__score_map__hidden": 32},
    "lse": {"head__kind": "score_map", "head__score_map__pooling": "lse"},
    "top": {"head__kind": "score_map", "head__score_map__pooling": "top"},
    "max": {"head__kind": "score_map", "head__score_map__pooling": "max"},
    "gem": {"head__kind": "gem", "head__gem__p": 3.0},
    "attention": {"head__kind": "attention"},
    "gated": {"head__kind": "attention", "head__attention__gated": True},
    "sigmoid": {"head__kind": "fc", "head__fc__width": 64, "train__loss": "sigmoid"},
}  # fmt: skip
TILES = {"image__tiles__size": 16, "image__tiles__stride": 8, "head__kind": "attention"}


@pytest.fixture(scope="module")
def images(real_data):
    """Eight ultrasound images of each of two classes (16, SIDE, SIDE, 3), and their class numbers."""
    runtime.start()
    files = [path for name in ("benign", "malignant") for path in sorted((real_data / "busi" / name).glob("*.png"))[:8]]
    return np.stack([decode(path, ImageSettings(height=SIDE, width=SIDE)) for path in files]), np.repeat(
        [0, 1], 8
    ).astype(np.int32)


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Training ends in the epoch that shows what is asked for."""
    with pytest.MonkeyPatch.context() as patch:
        short.resnets(patch.setattr)
        patch.setattr(fit, "_is_over", lambda history, _: bool(history) and is_learnt(history[-1]))
        yield


def is_learnt(row):
    return row["validation_loss"] < 0.1 and row["validation_accuracy"] == 1


def learns(images, folder, backbone, widths, rate, **values):
    """Whether the training images are known by heart at the best epoch of training on them."""
    pixels, labels = images
    common = {
        "image__height": SIDE, "image__width": SIDE, "backbone__name": backbone, "backbone__widths": widths,
        "backbone__cut": INPUT, "backbone__weights": "random", "backbone__train_statistics": True,
        "head__standardize": False, "head__fc__dropout": 0.0, "train__batch_size": 16, "train__epochs": EPOCHS,
        "train__patience": None, "train__learning_rate": rate, "train__backbone_learning_rate": rate,
        "train__weight_decay": 0.0, "attribute__maps": {"gradcam": {"method": "gradcam"}},
    }  # fmt: skip
    settings = params.parse(factories.changed(**common | values), "params.yaml")
    design = design_of(settings)
    parts = compose.compose(design)
    shapes = {name: tuple(value.shape) for name, value in front.named_weights(parts.whole).items()}
    front.assign(parts.whole, seeded({name: shapes[name] for name in shapes if not name.startswith("head")}, 1))
    features = pixels if parts.front is None else parts.front(pixels.astype(np.float32)).numpy().astype(np.float16)
    part = fit.Part(np.arange(16), labels)
    with FeatureFile(factories.feature_file(folder / "features.h5", features), 1 << 30) as file:
        model = factories.trained_model(design, {}, settings.train.loss)
        _, history = fit.fit(parts, file, part, part, settings.train, model)
    return is_learnt(next(row for row in history if row["best"]))


@pytest.mark.parametrize("head", HEADS)
def test_every_head(images, tmp_path, head):
    at = {"backbone__cut": "pool2", "backbone__end": "pool2", "head__standardize": True}
    assert learns(images, tmp_path, "small_cnn", None, 2e-2, **at, **HEADS[head])


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_backbone(images, tmp_path, backbone):
    few = {"backbone__components": 2} if backbone == "background_cnn" else {}  # more would leave nothing of 16 images
    assert learns(images, tmp_path, backbone, *BACKBONES[backbone], **few, **HEADS["fc"])


def test_a_bag_of_tiles(images, tmp_path):
    assert learns(images, tmp_path, "patch_cnn", None, 2e-3, **TILES)
