"""The function for notebooks."""

import numpy as np
import pandas as pd
import pytest

from stages.common import files
from stages.common.errors import UserError
from stages.predict import Prediction, predict
from tests.ingest import factory as images


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_table_and_maps_in_the_same_order(frozen, tmp_path):
    folder = images.write(tmp_path, {f"{n}.png": images.encoded(images.pixels(seed=n)) for n in range(3)})
    maps = {"toward": {"method": "gradcam"}, "lift": {"method": "deeplift", "target": "predicted"}}
    found = predict(folder, frozen / "data", maps=maps)
    assert isinstance(found, Prediction)
    assert list(found.table["image_id"]) == ["0", "1", "2"]
    assert {name: values.shape for name, values in found.maps.items()} == {"toward": (3, 64, 64), "lift": (3, 64, 64)}
    one = predict(str(folder / "1.png"), frozen / "data", maps=maps)
    np.testing.assert_array_equal(one.maps["lift"][0], found.maps["lift"][1])
    pd.testing.assert_series_equal(one.table.iloc[0], found.table.iloc[1], check_names=False)
    assert sorted(path.name for path in folder.iterdir()) == ["0.png", "1.png", "2.png"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_out_holds_what_is_given_back(frozen, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(images.encoded(images.pixels()))
    found = predict([path], frozen / "data", out=tmp_path / "out")
    np.testing.assert_array_equal(found.maps["gradcam"], files.read_arrays(tmp_path / "out/maps/gradcam.h5")["maps"])
    assert pd.read_csv(tmp_path / "out/predictions.csv")["p_abnormal"].tolist() == found.table["p_abnormal"].tolist()


def test_what_a_reader_must_know_is_a_warning(frozen, tmp_path):
    noise = np.random.default_rng(0).integers(0, 2, (64, 64), dtype=np.uint8) * 255
    images.write(tmp_path, {"noise.png": images.encoded(noise), "broken.png": b"\x89PNG"})
    with pytest.warns(UserWarning) as told:
        found = predict(tmp_path, frozen / "data", maps=[])
    assert any("Far from the training images" in str(each.message) for each in told)
    assert any("broken.png: damaged at its start" in str(each.message) for each in told)
    assert all(each.filename == __file__ for each in told)
    assert found.table["warning"].str.startswith("far").all()
    assert list(found.rejected["source_path"]) == ["broken.png"]


def test_nothing_that_can_be_used_is_an_error(frozen, tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(UserError, match="no file can be used, of 1"), pytest.warns(UserWarning, match="a.png"):
        predict(tmp_path, frozen / "data")
