"""Reading the maps that stage attribute writes."""

import h5py
import numpy as np
import pytest

from stages.common.errors import UserError
from stages.common.maps import measured_part, open_maps
from tests.localize.factory import write_maps


def test_a_file_of_maps_is_read_back(tmp_path):
    maps = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    path = write_maps(tmp_path / "cam.h5", ["a", "b"], maps, status=["ok", "constant"], part="absolute")
    file = open_maps(path)
    assert (file.name, file.part, file.image_ids, file.status) == ("cam", "absolute", ["a", "b"], ["ok", "constant"])
    np.testing.assert_array_equal(file.read(1), maps[1])


def test_missing_and_broken_files_are_said(tmp_path):
    with pytest.raises(UserError, match=r"cam\.h5 is missing"):
        open_maps(tmp_path / "cam.h5")
    (tmp_path / "text.h5").write_text("no maps")
    with pytest.raises(UserError, match=r"text\.h5 cannot be read"):
        open_maps(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["features"] = [1]
    with pytest.raises(UserError, match=r"other\.h5 cannot be read"):
        open_maps(tmp_path / "other.h5")


def test_the_measured_part():
    values = np.array([-2.0, 0.0, 1.0], np.float32)
    np.testing.assert_array_equal(measured_part(values, "positive"), [0, 0, 1])
    np.testing.assert_array_equal(measured_part(values, "absolute"), [2, 0, 1])
