"""Features read from disk and from memory are the same, in the order that was asked for."""

import numpy as np
import pytest

from stages.common.errors import UserError
from stages.models.feature_file import FeatureFile
from tests import factories

FEATURES = np.random.default_rng(0).random((70, 2, 2, 3)).astype(np.float16)


@pytest.fixture
def path(tmp_path):
    return factories.feature_file(tmp_path / "features.h5", FEATURES)


@pytest.mark.parametrize("memory_bytes", [0, FEATURES.nbytes - 1, FEATURES.nbytes])
def test_rows_come_in_the_order_asked_for(path, memory_bytes):
    with FeatureFile(path, memory_bytes) as file:
        rows = file.rows(["0069", "0000", "0042", "0000"])
        np.testing.assert_array_equal(rows, [69, 0, 42, 0])
        found = file.read(rows)
        assert found.dtype == np.float16
        np.testing.assert_array_equal(found, FEATURES[rows])
        chunks = list(file.chunks(np.arange(70)))
        assert [len(chunk) for chunk in chunks] == [16, 16, 16, 16, 6]
        np.testing.assert_array_equal(np.concatenate(chunks), FEATURES)
        assert file.shape == (2, 2, 3)


def test_an_image_without_features_is_named(path):
    with FeatureFile(path) as file, pytest.raises(UserError, match=r"no features of 0070 \(2 missing\); rerun extract"):
        file.rows(["0001", "0070", "x"])


def test_no_rows_give_an_empty_array(path):
    with FeatureFile(path) as file:
        assert file.read(np.zeros(0, np.int64)).shape == (0, 2, 2, 3)
