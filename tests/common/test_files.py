"""Files appear whole or not at all, and have the same bytes every time."""

import json
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest

from stages.common import files
from tests import factories


def test_a_file_keeps_its_old_content_when_the_block_raises(tmp_path):
    path = tmp_path / "table.csv"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.atomic(path) as temporary:
        temporary.write_text("half of the new")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_does_not_appear_when_the_block_raises(tmp_path):
    with pytest.raises(RuntimeError), files.create_hdf5(tmp_path / "maps.h5", {}) as file:
        file["half"] = np.zeros(3)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "model"
    with files.atomic_folder(path) as folder:
        (folder / "old").write_text("old")
    with pytest.raises(RuntimeError), files.atomic_folder(path) as folder:
        (folder / "new").write_text("half")
        raise RuntimeError
    assert [entry.name for entry in path.iterdir()] == ["old"]
    with files.atomic_folder(path) as folder:
        (folder / "new").write_text("new")
    assert [entry.name for entry in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


WRITER = """
import sys, time
from pathlib import Path
from stages.common import files
with files.create_hdf5(Path("maps.h5"), {}) as file, files.atomic_folder(Path("model")) as folder:
    file["half"] = [1, 2]
    (folder / "half").write_text("half")
    print("half-way", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_writer_leaves_is_removed_by_the_next(workspace):
    (workspace / "maps.h5").write_text("old")
    (workspace / ".maps.h5.keep").write_text("of somebody else")
    (workspace / ".maps.h5.other.12345678.part").write_text("of another file")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER], env=factories.environment(), stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "half-way\n"
        writer.send_signal(signal.SIGKILL)
    assert (workspace / "maps.h5").read_text() == "old"
    assert not (workspace / "model").exists()
    assert len(list(workspace.glob(".*.part"))) == 3
    files.write_arrays(workspace / "maps.h5", {"whole": np.zeros(2)}, {})
    with files.atomic_folder(workspace / "model"):
        pass
    left = {path.name for path in workspace.iterdir()}
    assert left == {"maps.h5", "model", ".maps.h5.keep", ".maps.h5.other.12345678.part"}


def test_json_keeps_order_and_characters_and_refuses_nan(tmp_path):
    path = tmp_path / "metrics.json"
    files.write_json(path, {"b": 1, "a": "é"})
    assert path.read_bytes() == '{\n  "b": 1,\n  "a": "é"\n}\n'.encode()
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(path, {"a": float("nan")})
    assert json.loads(path.read_text()) == {"b": 1, "a": "é"}


ARRAYS = """
import sys
from pathlib import Path
import numpy as np
from stages.common import files
arrays = {"b/kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "a": files.strings(["x", "yé", ""])}
files.write_arrays(Path(sys.argv[1]), arrays, {"text": "value", "number": 3, "all": "x" * 70})
"""


def test_hdf5_has_the_same_bytes_in_another_process(tmp_path):
    for name in ("first.h5", "second.h5"):
        result = factories.python("-c", ARRAYS, name, folder=tmp_path)
        assert result.returncode == 0, result.stderr
    assert files.sha256(tmp_path / "first.h5") == files.sha256(tmp_path / "second.h5")


def test_arrays_come_back_by_name(tmp_path):
    arrays = {"b/kernel": np.arange(6, dtype=np.float16).reshape(2, 3), "a": np.array(5, np.int64)}
    files.write_arrays(tmp_path / "x.h5", arrays, {"digest": files.digest(arrays)})
    found = files.read_arrays(tmp_path / "x.h5")
    assert sorted(found) == ["a", "b/kernel"]
    assert found["b/kernel"].dtype == np.float16
    assert files.digest(found) == files.digest(arrays)


def test_the_order_of_writing_does_not_change_the_bytes(tmp_path):
    arrays = {"b": np.zeros(2), "a": np.ones(2)}
    files.write_arrays(tmp_path / "1.h5", arrays, {"x": 1, "y": 2})
    files.write_arrays(tmp_path / "2.h5", dict(reversed(arrays.items())), {"y": 2, "x": 1})
    assert files.sha256(tmp_path / "1.h5") == files.sha256(tmp_path / "2.h5")


@pytest.mark.parametrize(
    "other",
    [
        {"a": np.array([1.0, 2.0001])},
        {"b": np.array([1.0, 2.0])},
        {"a": np.array([1.0, 2.0], np.float32)},
        {"a": np.array([[1.0], [2.0]])},
    ],
)
def test_a_digest_tells_values_names_types_and_shapes_apart(other):
    assert files.digest(other) != files.digest({"a": np.array([1.0, 2.0])})


def test_a_digest_does_not_depend_on_memory_layout():
    array = np.arange(6.0).reshape(2, 3)
    assert files.digest({"a": np.asfortranarray(array)}) == files.digest({"a": array})


def test_texts_come_back(tmp_path):
    wanted = ["007", "", "NA", "é漢", "a/b", "x" * 300]
    with files.create_hdf5(tmp_path / "x.h5", {}) as file:
        file.create_dataset("image_id", data=files.strings(wanted))
        file.create_dataset("none", data=files.strings([]))
    with h5py.File(tmp_path / "x.h5") as file:
        assert files.texts(file["image_id"]) == wanted
        assert files.texts(file["none"]) == []


def test_significant_digits():
    assert files.significant(123456.789) == 123457
    assert files.significant(0.000123456789) == 0.000123457
    assert files.significant(-2.0000004) == -2
    assert files.significant(np.float32(0.1)) == 0.1


def test_digests_are_those_of_sha256sum_and_of_no_files_no_empty_file(tmp_path):
    folder = tmp_path / "images"
    (folder / "b").mkdir(parents=True)
    assert files.list_digests(folder) == "\n"
    for name in ("b/two.png", "a.png"):
        (folder / name).write_text(name)
    command = ["sha256sum", "images/a.png", "images/b/two.png"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert files.list_digests(folder) == said
