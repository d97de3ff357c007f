"""Models run in padded batches of one size."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stages.models import runtime

PROJECT = Path(__file__).parents[2]


def test_batches_cover_all_rows_once():
    assert [*runtime.batches(70, 32)] == [slice(0, 32), slice(32, 64), slice(64, 70)]
    assert [*runtime.batches(64, 32)] == [slice(0, 32), slice(32, 64)]
    assert [*runtime.batches(0, 32)] == []


def test_padding_is_with_zeros_and_keeps_the_type():
    padded = runtime.pad(np.ones((3, 2), np.uint8), 5)
    assert padded.dtype == np.uint8
    np.testing.assert_array_equal(padded, [[1, 1]] * 3 + [[0, 0]] * 2)
    full = np.ones((5, 2))
    assert runtime.pad(full, 5) is full


def test_a_model_sees_batches_of_one_size_and_gives_the_real_rows():
    shapes = []

    def function(batch):
        shapes.append((batch.shape, batch.dtype))
        return batch * 2

    chunks = [np.ones((4, 3), np.uint8), np.ones((1, 3), np.uint8)]
    found = list(runtime.run(function, chunks, 4))
    assert shapes == [((4, 3), np.float32)] * 2
    assert [len(rows) for rows in found] == [4, 1]


@pytest.mark.parametrize(("height", "width", "size"), [(32, 32, 16), (256, 256, 16), (448, 448, 4), (4096, 4096, 2)])
def test_the_batch_is_a_function_of_the_input_size(height, width, size):
    assert runtime.batch_size(height, width) == size


def test_what_numbers_depend_on_is_told_without_tensorflow(monkeypatch):
    first = runtime.describe()
    assert first["tensorflow"].split(".")[0].isdigit()
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert runtime.describe() != first


def test_onednn_is_on_whatever_the_processor_unless_the_user_turns_it_off():
    code = (
        "from stages.models import runtime; runtime.start();"
        "from tensorflow.python.util import _pywrap_util_port as port; print(port.IsMklEnabled())"
    )
    for setting, wanted in ((None, "True"), ("0", "False")):
        environment = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
        environment |= {"TF_ENABLE_ONEDNN_OPTS": setting} if setting else {}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=PROJECT, env=environment, check=True, capture_output=True, text=True
        )
        assert done.stdout.strip() == wanted


def test_tensorflow_starts_without_what_nothing_uses_and_that_can_be_loaded_after():
    code = (
        "import sys; from stages.models import runtime; runtime.start();"
        "assert not {'sklearn', 'matplotlib'} & set(sys.modules);"
        "import matplotlib.pyplot, sklearn.linear_model"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)
