"""The content-keyed store survives kills, other writers and damage, and never gives back what was not put in."""

import datetime
import multiprocessing
import signal
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from stages.common.errors import UserError
from stages.extract.store import Store, prune
from tests import factories

NAMESPACE = {"backbone": "vgg16", "cut": "block5_pool"}


def array(number, shape=(2, 2, 64)):
    return np.random.default_rng(number).random(shape).astype(np.float16)


def opened(folder, dtype="float16", **more):
    return Store(folder, NAMESPACE | more, dtype)


def filled(folder, count=5, **more):
    with opened(folder, **more) as store:
        store.put({f"key{number}": array(number) for number in range(count)})
        return store.path


def test_arrays_come_back_bit_for_bit(tmp_path):
    filled(tmp_path)
    with opened(tmp_path) as store:
        assert store.shape == (2, 2, 64)
        assert store.dtype == "float16"
        for number in range(5):
            np.testing.assert_array_equal(store.get(f"key{number}"), array(number))
        assert store.get("other") is None


def test_missing_keys_come_once_and_in_order(tmp_path):
    with opened(tmp_path) as store:
        assert store.shape is None
        store.put({"b": array(0)})
        assert store.missing(["c", "a", "b", "c", "a"]) == ["c", "a"]


def test_namespaces_are_apart(tmp_path):
    filled(tmp_path)
    for other in ({"cut": "block4_pool"}, {"weights_digest": "x"}, {"dtype": "float32"}):
        with opened(tmp_path, **other) as store:
            assert store.get("key0") is None
    with Store(tmp_path, dict(reversed(NAMESPACE.items())), "float16") as store:
        assert store.get("key0") is not None


KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from stages.extract.store import Store
with Store(Path(sys.argv[1]), {"backbone": "vgg16", "cut": "block5_pool"}, "float16") as store:
    for number in range(10_000):
        values = [np.random.default_rng(2 * number + n).random((2, 2, 64)).astype(np.float16) for n in range(2)]
        store.put({f"key{2 * number + n}": value for n, value in enumerate(values)})
        if number == 40:
            print("under way", flush=True)
"""


def test_a_killed_writer_leaves_whole_rows(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], env=factories.environment(), stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "under way\n"
        writer.send_signal(signal.SIGKILL)
    with opened(tmp_path) as store:
        keys = [f"key{number}" for number in range(20_000)]
        missing = store.missing(keys)
        kept = len(keys) - len(missing)
        assert kept >= 82
        assert kept % 2 == 0, "half of what was put at once"
        assert missing == keys[kept:]
        for number in range(kept):
            np.testing.assert_array_equal(store.get(f"key{number}"), array(number))
        store.put({"later": array(1)})


def open_many(folder, barrier):
    for number in range(12):
        barrier.wait(30)
        opened(folder / str(number)).__exit__()


def test_processes_that_open_a_new_store_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    openers = [context.Process(target=open_many, args=(tmp_path, barrier)) for _ in range(3)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join(60)
        assert opener.exitcode == 0


def write_many(folder, first):
    with opened(folder) as store:
        for number in range(first, first + 60):
            store.put({f"key{number}": array(number), "shared": array(7)})


def test_two_writers_at_once(tmp_path):
    """Both also create the file, and write one key again and again."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(tmp_path, first)) for first in (0, 60)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    with opened(tmp_path) as store:
        assert store.missing(f"key{number}" for number in range(120)) == []
        np.testing.assert_array_equal(store.get("shared"), array(7))
        np.testing.assert_array_equal(store.get("key77"), array(77))


def flush(path):
    """Bring what is still in the write-ahead log into the file."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def test_a_flipped_bit_is_seen_and_the_row_computed_again(tmp_path):
    path = filled(tmp_path)
    flush(path)
    content = bytearray(path.read_bytes())
    place = content.index(array(3).tobytes()[:64])
    content[place + 10] ^= 1
    path.write_bytes(content)
    with opened(tmp_path) as store:
        assert store.missing(f"key{number}" for number in range(5)) == ["key3"]
        store.put({"key3": array(3)})
        np.testing.assert_array_equal(store.get("key3"), array(3))


def test_a_file_that_is_no_database_is_replaced(tmp_path):
    path = filled(tmp_path)
    path.write_bytes(b"not a database" * 1000)
    with opened(tmp_path) as store:
        assert store.missing(["key0"]) == ["key0"]
        store.put({"key0": array(0)})
        np.testing.assert_array_equal(store.get("key0"), array(0))
    assert path.with_suffix(".damaged").exists()


def test_a_torn_file_mends_itself_in_two_runs_at_most(tmp_path):
    """Pages in the middle overwritten: what cannot be read is missing, and writing sets the file aside if need be."""
    path = filled(tmp_path, 200)
    flush(path)
    content = bytearray(path.read_bytes())
    content[8192:-4096] = b"\xff" * (len(content) - 8192 - 4096)
    path.write_bytes(content)
    keys = [f"key{number}" for number in range(200)]
    for attempt in range(2):
        try:
            with opened(tmp_path) as store:
                missing = store.missing(keys)
                store.put({key: array(int(key.removeprefix("key"))) for key in missing})
                break
        except UserError as error:
            assert attempt == 0
            assert "run again" in str(error)
    with opened(tmp_path) as store:
        assert store.missing(keys) == []
        np.testing.assert_array_equal(store.get("key123"), array(123))


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"set `compute\.cache_dir`"):
        opened(tmp_path / "file" / "features")


def age(path, key, days):
    connection = sqlite3.connect(path)
    with connection:
        used = datetime.date.today().toordinal() - days
        connection.execute("UPDATE features SET used = ? WHERE key = ?", (used, key))
    connection.close()


def test_pruning_removes_what_was_not_used_for_long(tmp_path):
    path = filled(tmp_path, 200)
    other = filled(tmp_path, 2, cut="block4_pool")
    for number in range(20):
        age(path, f"key{number}", 91)
    age(path, "key150", 90)
    age(other, "key0", 91)
    removed, freed = prune(tmp_path, 90)
    assert removed == 21
    assert freed > 8_000
    with opened(tmp_path) as store:
        assert store.missing(f"key{number}" for number in range(200)) == [f"key{number}" for number in range(20)]
    with opened(tmp_path, cut="block4_pool") as store:
        assert store.missing(["key0", "key1"]) == ["key0"]


def test_what_was_used_today_is_spared(tmp_path):
    path = filled(tmp_path, 2)
    for number in range(2):
        age(path, f"key{number}", 100)
    with opened(tmp_path) as store:
        store.touch(["key1", "unknown"])
    assert prune(tmp_path, 90)[0] == 1
    with opened(tmp_path) as store:
        assert store.missing(["key0", "key1"]) == ["key0"]


def test_pruning_removes_damaged_files_but_none_that_is_only_busy(tmp_path, monkeypatch):
    monkeypatch.setattr("stages.extract.store.BUSY_SECONDS", 0.1)
    (tmp_path / "old.damaged").write_bytes(b"x")
    (tmp_path / "broken.sqlite").write_bytes(b"not a database" * 1000)
    path = filled(tmp_path)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(UserError, match=r"cannot prune the feature store .*locked"):
        prune(tmp_path, 0)
    writer.execute("ROLLBACK")
    writer.close()
    assert path.exists()
    prune(tmp_path, 0)
    assert [entry for entry in tmp_path.iterdir() if not entry.name.startswith(".")] == [path]


def test_pruning_where_there_is_no_store(tmp_path):
    assert prune(tmp_path / "none", 90) == (0, 0)
