"""Every backbone, cut and head: builds, trains a step, is saved, and predicts the same numbers in a new process."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
import tensorflow as tf

from stages.common import params
from stages.models import compose, front, runtime, trained
from stages.models.backbones import BACKBONES, INPUT
from stages.models.backbones.settings import Architecture
from stages.models.compose import design_of
from stages.models.feature_file import FeatureFile
from stages.models.heads import HEADS
from stages.train import fit
from stages.weights.__main__ import seeded
from tests import factories
from tests.models import short

SIDE, IMAGES = 64, 4
WIDTHS = {
    "vgg16": [2, 2, 4, 4, 4], "vgg19": [2, 2, 4, 4, 4], "resnet50": [2, 2, 4, 4], "resnet50_dilated": [2, 2, 4, 4],
    "small_cnn": [4, 4, 6], "patch_cnn": [4, 6], "leaky_cnn": [4, 4, 6, 6, 6], "background_cnn": [4, 4],
}  # fmt: skip
WHOLE = ("background_cnn",)  # can be cut at the input alone
STRIDES = {"vgg16": 8, "resnet50": 16}
HEAD_SETTINGS = {
    "head__fc__width": 8, "head__score_map__pooling": "lse", "head__score_map__hidden": 4,
    "head__gem__p": 2.5, "head__attention__embedding": 8, "head__attention__units": 4, "head__attention__gated": True,
}  # fmt: skip
CHILD = """
import json, sys
import numpy as np
from pathlib import Path
from stages.models import runtime, trained
from tests.models import short
short.resnets()
runtime.start()
import tensorflow as tf
tf.config.run_functions_eagerly(True)
for folder in sys.argv[1:]:
    folder = Path(folder)
    ids = json.loads((folder / "ids.json").read_text())
    np.save(folder / "again.npy", trained.predict(folder, folder / "features.h5", ids))
"""


@dataclass(frozen=True)
class Combination:
    backbone: str
    cut: str
    tiles: bool = False
    stride: int | None = None
    native: bool = False

    @property
    def name(self) -> str:
        return f"{self.backbone}-{self.cut}-{self.tiles}-{self.stride}-{self.native}"


def combinations() -> list[Combination]:
    """Every backbone cut at the input, in the middle and at its end; tiles where cells are whole tiles and not."""
    found = []
    for name in sorted(set(BACKBONES) - {"vgg19"}):
        layers = BACKBONES[name].layer_names(Architecture(name=name))
        cuts = (INPUT, layers[len(layers) // 2], layers[-1])
        found += [Combination(name, cut) for cut in (cuts if name not in WHOLE else (INPUT,))]
    found += [Combination("vgg19", "block4_conv2")]  # the rest is the code of vgg16
    found += [Combination("patch_cnn", cut, tiles=True) for cut in (INPUT, "pool1", "pool2")]
    found += [Combination("vgg16", "block4_pool", tiles=True), Combination("resnet50", "conv4_block1_out", tiles=True)]
    found += [Combination(name, INPUT, stride=stride) for name, stride in STRIDES.items()]
    found += [Combination("small_cnn", cut, native=True) for cut in (INPUT, "pool1")]
    return found


def parsed(combination: Combination, head: str) -> params.Params:
    values = {
        "image__height": SIDE,
        "image__width": SIDE,
        "backbone__name": combination.backbone,
        "backbone__widths": WIDTHS[combination.backbone],
        "backbone__cut": combination.cut,
        "backbone__weights": "random",
        "backbone__output_stride": combination.stride,
        "backbone__train_statistics": combination.cut == INPUT,
        "head__kind": head,
        "train__batch_size": 4,
        "train__epochs": 1,
        "train__backbone_learning_rate": 1e-3,
        "attribute__maps": {"gradcam": {"method": "gradcam"}},
        **HEAD_SETTINGS,
    }
    if combination.backbone == "background_cnn":
        values |= {"backbone__components": 1}  # of four images, four would leave nothing
    if combination.native:
        values |= {"image__fit": "native"}
    if combination.tiles:
        values |= {"image__tiles__size": 32, "image__tiles__stride": 16}
    if head == "score_map":
        values |= {"train__drop_block__keep": 0.9, "train__drop_block__ramp": 0.0}
    if head == "attention" and combination.tiles:
        values |= {"image__tiles__background": 0.9}
    return params.parse(factories.changed(**values), "params.yaml")


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Without compiling, which would take longer than all the rest."""
    runtime.start()
    tf.config.run_functions_eagerly(True)
    with pytest.MonkeyPatch.context() as patch:
        short.resnets(patch.setattr)
        yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def images():
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, SIDE, SIDE, 3), dtype=np.uint8)
    pixels[0, : SIDE // 2, : SIDE // 2] = 255  # a tile of background
    pixels[1, :, : SIDE // 2] = 0  # an image of half the size
    return pixels


def train_and_save(combination, head, images, folder):
    """Train a step and save; returns the model's probabilities, which its whole gives too."""
    settings = parsed(combination, head)
    design = design_of(settings)
    parts = compose.compose(design)
    shapes = {name: tuple(value.shape) for name, value in front.named_weights(parts.whole).items()}
    front.assign(parts.whole, seeded({name: shapes[name] for name in shapes if not name.startswith("head")}, 0))
    ids = [f"{number:04}" for number in range(IMAGES)]
    features = images if parts.front is None else np.asarray(parts.front(images.astype(np.float32)), np.float16)
    folder.mkdir(parents=True)
    factories.feature_file(folder / "features.h5", features, ids)
    before = {name: np.array(value) for name, value in front.named_weights(parts.tail).items()}
    part = fit.Part(np.arange(IMAGES), np.array([0, 1, 0, 1], np.int32))
    model = factories.trained_model(design, {})
    with FeatureFile(folder / "features.h5") as file:
        arrays, history = fit.fit(parts, file, part, part, settings.train, model)
        logits = trained.logits(runtime.compiled(parts.tail), file, part.rows)
    assert np.isfinite(history[0]["loss"])
    kernels = [name for name in before if name.endswith("kernel")]
    assert not [name for name in kernels if np.array_equal(arrays[name], before[name])], "kernels that were not trained"
    trained.save(factories.trained_model(design, arrays), folder)
    (folder / "ids.json").write_text(json.dumps(ids))
    found = trained.probabilities(logits, model)
    whole = trained.probabilities(np.asarray(parts.whole(images.astype(np.float32))), model)
    np.testing.assert_allclose(whole, found, rtol=0, atol=1e-4)
    return found


def test_every_combination_predicts_the_same_in_a_new_process(images, tmp_path):
    found = {}
    for combination in combinations():
        for head in ["attention"] if combination.native else HEADS:
            folder = tmp_path / combination.name / head
            found[folder] = train_and_save(combination, head, images, folder)
    done = factories.python("-c", CHILD, *map(str, found), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for folder, values in found.items():
        np.testing.assert_array_equal(np.load(folder / "again.npy"), values, err_msg=str(folder))
