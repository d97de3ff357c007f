"""How TensorFlow is set up, and how a model is run: the same bytes whatever the batch an image came in."""

import contextlib
import importlib.metadata
import logging
import math
import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

Inference = Callable[[np.ndarray], np.ndarray]

# Sizes of a batch whose rows have the same bytes wherever they are, on the processors tried: rows of one alone differ,
# and with AVX2 the last of 7, 8, 9, 31, 32 or 33 where matrices are multiplied.
BATCHES = (2, 4, 16)
BATCH_PIXELS = 32 * 224 * 224  # bounds memory for larger inputs


def start(seed: int = 0) -> None:
    """Import TensorFlow quietly, with seeds set and deterministic operations only."""
    set_environment()
    # No setting silences what TensorFlow says before its log is set up; a third of the start was what Keras tries to
    # load for wrappers and plots that nothing here uses.
    with _silent_stderr(), _hidden("matplotlib", "sklearn"):
        import keras
        import tensorflow as tf

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns when several folds' models are compiled
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def set_environment() -> None:
    """Set what TensorFlow reads of the environment when it is imported, where the user set nothing.

    TensorFlow by itself has oneDNN on for some processors only. Without it a row's bytes depend on its place in the
    batch.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def describe() -> dict[str, str]:
    """What the numbers depend on besides the model: TensorFlow's build, oneDNN, and the kind of processor.

    TensorFlow is not imported: a stage whose features are all in the store need not load it.
    """
    return {
        "tensorflow": _version(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1"),
        "processor": _processor(),
        "device": "gpu" if _has_gpu() else "cpu",
    }


def batch_size(*lengths: int, pixels: int = BATCH_PIXELS) -> int:
    """Images a batch, for inputs of these lengths (height, width, tiles): of at most so many pixels, if that can be.

    A function of the input's shape and not a setting, as numbers might depend on it.
    """
    return max((size for size in BATCHES if size * math.prod(lengths) <= pixels), default=BATCHES[0])


def compiled(model: "keras.Model") -> Inference:
    """The model's inference as a function of one batch, compiled once for each shape: keep it as long as the model."""
    import tensorflow as tf

    function = tf.function(lambda batch: model(batch, training=False), jit_compile=False)
    return lambda batch: function(tf.convert_to_tensor(batch)).numpy()


def batches(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover `count` rows."""
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))


def pad(batch: np.ndarray, size: int) -> np.ndarray:
    """A batch filled up to `size` rows with zeros."""
    if len(batch) == size:
        return batch
    return np.concatenate([batch, np.zeros((size - len(batch), *batch.shape[1:]), batch.dtype)])


def run(function: Inference, chunks: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Run a compiled model over batches of at most `size` rows, each padded to it; yields the real rows' outputs."""
    for chunk in chunks:
        yield function(pad(chunk, size).astype(np.float32))[: len(chunk)]


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Send what compiled code writes to stderr nowhere; Python's own exceptions pass."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextlib.contextmanager
def _hidden(*packages: str) -> Iterator[None]:
    """Packages that are not loaded yet look as if they were not installed: who can do without them does."""
    absent = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def _version() -> str:
    for name in ("tensorflow", "tensorflow-cpu", "tensorflow-rocm"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "unknown"


def _processor() -> str:
    """The instruction sets by which oneDNN chooses its kernels."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return f"{platform.machine()} {platform.processor()}"
    flags = next((line for line in info.read_text().splitlines() if line.startswith(("flags", "Features"))), "")
    wide = sorted(flag for flag in flags.split() if flag.startswith(("avx", "amx", "fma", "asimd", "sve")))
    return f"{platform.machine()} {' '.join(wide)}"


def _has_gpu() -> bool:
    return Path("/dev/nvidiactl").exists() and os.environ.get("CUDA_VISIBLE_DEVICES") not in ("", "-1")
