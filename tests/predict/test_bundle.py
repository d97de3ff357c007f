"""A model that was carried elsewhere, and one that was not carried whole."""

import json
import shutil

import numpy as np
import pytest

from stages.common.errors import UserError
from stages.models import trained
from stages.predict.bundle import open_bundle


@pytest.fixture
def carried(frozen, tmp_path):
    for name in ("model", "weights"):
        shutil.copytree(frozen / "data" / name, tmp_path / "carried" / name)
    shutil.copy(frozen / "data/calibration.json", tmp_path / "carried")
    return tmp_path / "carried"


def test_the_three_parts_are_a_model_wherever_they_are(carried, tmp_path):
    assert list(open_bundle(carried).folders) == ["model"]
    assert open_bundle(carried / "model").folders == open_bundle(carried).folders
    (carried / "weights").rename(tmp_path / "elsewhere")
    assert open_bundle(carried, tmp_path / "elsewhere").classes == ["normal", "abnormal"]


def edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def retrain(folder):
    """The same model with one weight changed in its last digits, as another training would leave it."""
    model = trained.load(folder)
    values = next(iter(model.arrays.values()))
    values[...] = np.nextafter(values, np.float32(np.inf))
    trained.save(model, folder)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (shutil.rmtree, "there is no model in .*carried"),
        (lambda folder: shutil.rmtree(folder / "model"), "holds no model"),
        (lambda folder: (folder / "model/weights.h5").write_bytes(b"x"), "holds no model"),
        (lambda folder: shutil.rmtree(folder / "weights"), "weights holds no backbone weights"),
        (lambda folder: (folder / "calibration.json").unlink(), "dvc repro evaluate"),
        (lambda folder: (folder / "calibration.json").write_text("{"), "dvc repro evaluate"),
        (
            lambda folder: edit(folder / "weights/provenance.json", lambda found: found.update(digest="0")),
            "not those that the model was trained with",
        ),
        (
            lambda folder: edit(folder / "calibration.json", lambda found: found["classes"].reverse()),
            "belongs to another model",
        ),
        (
            lambda folder: edit(folder / "calibration.json", lambda found: found["models"].update(other={})),
            "belongs to another model",
        ),
        (
            lambda folder: edit(folder / "calibration.json", lambda found: found["models"]["model"].pop("fitted_for")),
            "belongs to another model",
        ),
        (lambda folder: retrain(folder / "model"), "calibration.json belongs to another model"),
    ],
)
def test_what_is_not_whole_is_told_so(carried, spoil, said):
    spoil(carried)
    with pytest.raises(UserError, match=said):
        open_bundle(carried)
