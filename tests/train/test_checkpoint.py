"""A training killed with -9 goes on at its last epoch, and nothing in what it leaves tells of it."""

import signal
from pathlib import Path

import keras
import numpy as np
import pytest

from stages.common import files
from stages.models import compose, runtime
from stages.models.feature_file import FeatureFile
from stages.train import checkpoint, fit
from stages.train.settings import Settings
from tests import factories

EPOCHS, KILLED_IN = 5, 4
SMALL_CNN = {
    "backbone__name": "small_cnn",
    "backbone__cut": "input",
    "backbone__widths": [2, 2, 4],
    "backbone__weights": "random",
    "image__height": 32,
    "image__width": 32,
    "head__fc__dropout": 0.5,
    "train__drop_block__keep": 0.9,
    "train__drop_block__size": 2,
    "attribute__maps": {"gradcam": {"method": "gradcam"}},
}
SETTINGS = {
    "epochs": EPOCHS,
    "batch_size": 8,
    "seed": 3,
    "optimizer": "sgd",
    "learning_rate": 1e-2,
    "backbone_learning_rate": 1e-2,
    "patience": None,
    "augment": {"flip": "both", "rotation": 10.0, "crop": 0.9, "brightness": 0.1},
    "schedule": {"kind": "cosine", "warmup": 1},
}


def train(folder: Path, kept: checkpoint.Checkpoint | None = None) -> tuple[str, list[dict]]:
    """A small training in which everything is random that can be: its weights' digest and its history."""
    runtime.start(3)
    labels = np.arange(20, dtype=np.int32) % 2
    pixels = np.random.default_rng(0).integers(0, 255, (20, 32, 32, 3), np.uint8)
    design = factories.design(**SMALL_CNN)
    whole = compose.compose(design)
    factories.randomize(whole.whole)
    with FeatureFile(factories.feature_file(folder / "features.h5", pixels)) as file:
        parts = fit.Part(np.arange(14), labels[:14]), fit.Part(np.arange(14, 20), labels[14:])
        model = factories.trained_model(design, {})
        settings = Settings.model_validate(SETTINGS)
        arrays, history = fit.fit(whole, file, *parts, settings, model, kept)
    return files.digest(arrays), history


def train_and_be_killed(folder: Path) -> None:
    """Ends by SIGKILL in an epoch, as the epoch's weights are changed but not yet kept."""
    import os

    validate, epochs = fit._validate, []

    def validate_or_die(*arguments: object) -> dict:
        epochs.append(1)
        if len(epochs) == KILLED_IN:
            os.kill(os.getpid(), signal.SIGKILL)
        return validate(*arguments)

    fit._validate = validate_or_die
    train(folder, checkpoint.Checkpoint(folder / "kept" / "fold.h5", lambda: "same", seconds=0))


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training that was killed."""
    folder = tmp_path_factory.mktemp("killed")
    code = "from pathlib import Path; from tests.train import test_checkpoint as t; t.train_and_be_killed(Path('.'))"
    assert factories.python("-c", code, folder=folder).returncode == -signal.SIGKILL
    assert [path.name for path in (folder / "kept").iterdir()] == ["fold.h5"]
    return folder


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[dict]]:
    """What comes out when nothing happens."""
    return train(tmp_path_factory.mktemp("uninterrupted"))


def epochs_run(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list to which every epoch that is trained is added."""
    run, epoch = [], fit._epoch
    monkeypatch.setattr(fit, "_epoch", lambda *a: (run.append(a[-1]), epoch(*a))[1])
    return run


def test_it_goes_on_and_ends_with_the_same_bytes(killed, uninterrupted, monkeypatch):
    run = epochs_run(monkeypatch)
    resumed = train(killed, checkpoint.Checkpoint(killed / "kept" / "fold.h5", lambda: "same"))
    assert run == [KILLED_IN, KILLED_IN + 1]
    assert resumed == uninterrupted


def test_other_data_or_code_begins_anew(killed, uninterrupted, monkeypatch):
    run = epochs_run(monkeypatch)
    assert train(killed, checkpoint.Checkpoint(killed / "kept" / "fold.h5", lambda: "other")) == uninterrupted
    assert run == [1, 2, 3, 4, 5]


def test_a_damaged_file_is_passed_over(tmp_path):
    path = tmp_path / "fold.h5"
    variables = [keras.Variable(np.ones(3, np.float32))]
    kept = checkpoint.Checkpoint(path, lambda: "same")
    kept._write(variables, [{"epoch": 1}], {"head/kernel": np.zeros(2)})
    path.write_bytes(path.read_bytes()[:600])
    variables[0].assign(np.zeros(3))
    assert kept.restore(variables) == ([], {})
    np.testing.assert_array_equal(variables[0], [0, 0, 0])


def test_a_fold_that_has_ended_keeps_its_best_weights_alone(tmp_path):
    kept = checkpoint.Checkpoint(tmp_path / "fold.h5", lambda: "same")
    kept.end([{"epoch": 1, "loss": float("nan")}], {"head/kernel": np.arange(2.0)})
    variables = [keras.Variable(np.ones(3, np.float32))]
    history, best = kept.restore(variables)
    assert history[0]["epoch"] == 1
    assert np.isnan(history[0]["loss"])
    np.testing.assert_array_equal(best["head/kernel"], [0, 1])
    np.testing.assert_array_equal(variables[0], [1, 1, 1])


def test_it_is_not_written_all_the_time(tmp_path):
    kept = checkpoint.Checkpoint(tmp_path / "fold.h5", lambda: "same")
    kept.keep([], [{"epoch": 1}], {})
    assert not (tmp_path / "fold.h5").exists()
