"""Training shared by two devices against training on one. The devices are two halves of the processor."""

import json

import numpy as np
import pytest

from tests import factories

NETWORK = {
    "image__height": 32, "image__width": 32, "backbone__cut": "input", "backbone__weights": "random",
    "head__fc__width": 8, "attribute__maps": {"gradcam": {"method": "gradcam"}},
}  # fmt: skip
PLAIN = {"backbone__name": "small_cnn", "backbone__widths": [2, 2, 4], "head__fc__dropout": 0.0}
STATISTICS = {
    "backbone__name": "background_cnn", "backbone__widths": [2, 4], "backbone__components": 2,
    "backbone__train_statistics": True, "head__fc__dropout": 0.0,
}  # fmt: skip
RANDOM = STATISTICS | {"head__fc__dropout": 0.5, "train__drop_block__keep": 0.9, "train__drop_block__size": 2}
PAIRS = {  # of networks and settings
    "plain": (PLAIN, {"optimizer": "adam"}),
    "statistics": (STATISTICS, {}),
    "random": (RANDOM, {"augment": {"flip": "both", "brightness": 0.1}, "precision": "mixed_bfloat16"}),
}
SETTINGS = {
    "epochs": 2, "batch_size": 7, "optimizer": "sgd", "learning_rate": 1e-2, "backbone_learning_rate": 1e-2,
}  # fmt: skip
CHILD = """
import json
import tensorflow as tf
halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
from tests.train import test_devices
print(json.dumps({name: test_devices.on_one_and_on_two(*pair) for name, pair in test_devices.PAIRS.items()}))
"""


def on_one_and_on_two(network: dict, settings: dict) -> dict:
    """Trained on one device and on two: the largest difference of the weights, how far they moved, the losses."""
    from pathlib import Path

    from stages.models import compose, front, runtime
    from stages.models.feature_file import FeatureFile
    from stages.train import devices, fit
    from stages.train.settings import Settings

    labels = np.arange(20, dtype=np.int32) % 2
    pixels = np.random.default_rng(0).integers(0, 150, (20, 32, 32, 3), dtype=np.uint8)
    pixels[labels == 1, 8:16, 8:16] = 255
    design = factories.design(**NETWORK | network)
    results, losses, devices_seen = [], [], []
    for count in (1, 2):
        runtime.start()
        strategy = devices.strategy(count)
        devices_seen.append(strategy.num_replicas_in_sync)
        with strategy.scope(), FeatureFile(factories.feature_file(Path("features.h5"), pixels)) as file:
            parts = compose.compose(design)
            factories.randomize(parts.whole)
            before = {name: np.array(value) for name, value in front.named_weights(parts.tail).items()}
            part, options = fit.Part(np.arange(20), labels), Settings.model_validate(SETTINGS | settings)
            arrays, history = fit.fit(parts, file, part, part, options, factories.trained_model(design, {}))
        results.append(arrays)
        losses.append(history[-1]["loss"])
    learnt = [name for name in before if not name.startswith(("background", "head_standardize"))]
    return {
        "devices": devices_seen,
        "difference": max(float(np.abs(results[0][name] - results[1][name]).max()) for name in learnt),
        "moved": max(float(np.abs(results[0][name] - before[name]).max()) for name in learnt),
        "losses": losses,
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What a process with two devices says; how many there are cannot change within one."""
    result = factories.python("-c", CHILD, folder=tmp_path_factory.mktemp("devices"))
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize(("name", "tolerance"), [("plain", 1e-3), ("statistics", 1e-2)])
def test_two_devices_give_the_weights_of_one(found, name, tolerance):
    """The batch of 7 is shared unevenly, and batch normalisation learns from all of it. Sums differ in their order."""
    assert found[name]["devices"] == [1, 2]
    assert found[name]["difference"] < tolerance * found[name]["moved"]


def test_what_is_drawn_at_random_is_another_draw_and_trains(found):
    one, two = found["random"]["losses"]
    assert one != two
    assert np.isfinite(two)
    assert found["random"]["difference"] > 1e-3 * found["random"]["moved"]
