"""Stage extract as a user runs it: what is in the store is not computed again, and the file has the same bytes."""

import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from stages.common import files, params, paths, tables
from stages.extract import __main__ as stage
from stages.models import runtime
from stages.weights.__main__ import obtain
from tests import factories

pytestmark = pytest.mark.usefixtures("workspace")


def prepare(count, **values):
    """Images, table, weights and params in the current folder."""
    factories.pictures(paths.IMAGES, count)
    rows = [
        dict.fromkeys(tables.IMAGE_COLUMNS, "")
        | {"image_id": path.stem, "path": path.name, "width": 64, "height": 48, "sha256": files.sha256(path)}
        for path in sorted(paths.IMAGES.iterdir())
    ]
    tables.write(paths.IMAGE_TABLE, pd.DataFrame(rows), tables.IMAGE_COLUMNS)
    factories.write_params(paths.Path("params.yaml"), **factories.SMALL | {"compute__cache_dir": "store"} | values)
    weights, origin, _ = obtain(params.load().backbone)
    paths.WEIGHTS.mkdir(parents=True, exist_ok=True)
    files.write_arrays(paths.WEIGHTS / "vgg16.h5", weights, {})
    files.write_json(paths.WEIGHTS / "provenance.json", {"digest": files.digest(weights), "origin": origin})


def extract(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["extract", *arguments])
    return stage.main()


def test_only_what_the_store_lacks_is_computed(monkeypatch):
    prepare(5)
    shutil.copy(paths.IMAGES / "000.png", paths.IMAGES / "copy.png")
    prepare(5)
    assert extract(monkeypatch) == "6 images: 5 computed, 0 from the store"
    first = paths.FEATURES.read_bytes()
    with h5py.File(paths.FEATURES) as file:
        assert file["features"].shape == (6, 2, 2, 8)
        assert file["features"].chunks == (1, 2, 2, 8)
        assert file["features"].dtype == np.float16
        assert files.texts(file["image_id"]) == ["000", "001", "002", "003", "004", "copy"]
        np.testing.assert_array_equal(file["features"][0], file["features"][5])
        assert file["features"][:5].std(axis=0).max() > 0
        assert file.attrs["cut"] == "block5_pool"
        assert file.attrs["weights_origin"] == "random, seed 0"
    paths.FEATURES.unlink()
    assert extract(monkeypatch) == "6 images: 0 computed, 5 from the store"
    assert paths.FEATURES.read_bytes() == first
    prepare(7)
    assert extract(monkeypatch) == "8 images: 2 computed, 5 from the store"
    added = paths.FEATURES.read_bytes()
    shutil.rmtree("store")
    assert extract(monkeypatch) == "8 images: 7 computed, 0 from the store"
    assert paths.FEATURES.read_bytes() == added


def test_the_cut_at_the_input_keeps_pixels(monkeypatch):
    prepare(3, backbone__cut="input")
    assert extract(monkeypatch) == "3 images decoded"
    with h5py.File(paths.FEATURES) as file:
        assert file["features"].shape == (3, 64, 64, 3)
        assert file["features"].dtype == np.uint8
    assert not paths.Path("store").exists()


def test_pruning_by_the_command_line(monkeypatch):
    prepare(1)
    assert extract(monkeypatch, "--prune").startswith("removed 0 features unused for 90 days")


@pytest.mark.parametrize("days", ["-5", "1.5", "week", "100001"])
def test_days_that_are_none_remove_nothing(monkeypatch, capsys, days):
    prepare(1)
    extract(monkeypatch)
    with pytest.raises(SystemExit) as ended:
        extract(monkeypatch, "--prune", days)
    assert ended.value.code == 2
    assert f"DAYS must be a whole number from 0 to 100000 (given: {days})" in capsys.readouterr().err
    assert extract(monkeypatch) == "1 images: 0 computed, 1 from the store"


@pytest.mark.parametrize(("height", "width", "size"), [(256, 256, 16), (64, 64, 16), (448, 448, 4), (2048, 2048, 2)])
def test_the_batch_is_a_function_of_the_input_size(height, width, size):
    assert runtime.batch_size(height, width) == size
