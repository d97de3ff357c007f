"""An environment with xplique beside the project's own, and the process in it that explains.

xplique wants other versions than the project has (`xplique.txt`), so it is no dependency, not even of the tests.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import platformdirs

from benchmarks import xplique_process
from stages.common.errors import NetworkError

PINS = Path(__file__).with_name("xplique.txt")
WITHOUT_DEPENDENCIES = 2  # the first pins of the file: what they ask for is TensorFlow again, with CUDA


def python(folder: Path | None = None) -> Path:
    """The interpreter of an environment with xplique, which is made in `folder` (the user's cache) if it is not there.

    Raises:
        NetworkError: pip could not install it.
    """
    folder = folder or Path(platformdirs.user_cache_dir("lesionmap")) / "benchmarks/xplique"
    interpreter = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pins, done = PINS.read_text(), folder / PINS.name
    if done.exists() and done.read_text() == pins:
        return interpreter
    print(f"installing xplique into {folder}: 2 GB", file=sys.stderr)
    if (folder / "pyvenv.cfg").exists():
        shutil.rmtree(folder)  # an older one, or one that was not finished
    venv.create(folder, with_pip=True)
    lines = pins.splitlines()
    _install(interpreter, "--no-deps", *lines[:WITHOUT_DEPENDENCIES])
    _install(interpreter, *lines[WITHOUT_DEPENDENCIES:])
    done.write_text(pins)
    return interpreter


@dataclass(frozen=True)
class Answer:
    """Maps (n, h, w), or logits (n, outputs), and what they took: by the clock, and of processor time."""

    values: np.ndarray
    seconds: float
    processor_seconds: float


class Xplique:
    """The process, for as long as the context lasts. `folder` is for what the two tell each other."""

    def __init__(self, interpreter: Path, folder: Path) -> None:
        self._folder = folder
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ
        environment.pop("PYTHONPATH", None)
        self._process = subprocess.Popen(
            [interpreter, "-W", "ignore", xplique_process.__file__, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def __enter__(self) -> "Xplique":
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.stdin.close()
        self._process.wait()

    def knows(self, head: str, weights: dict[str, np.ndarray]) -> None:
        """Give it the weights of the network with a head, by `layer/kernel` and `layer/bias`."""
        np.savez(self._folder / f"{head}.npz", **weights)

    def explain(self, head: str, method: str, images: np.ndarray, targets: np.ndarray, **settings: object) -> Answer:
        """What a method gives on preprocessed images (n, h, w, 3) for one-hot targets (n, outputs)."""
        np.savez(self._folder / "given.npz", images=images, targets=targets)
        request = {"head": head, "method": method, "settings": settings, "given": "given.npz"}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"xplique's process ended with {self._process.wait()}: its own words are above")
        return Answer(np.load(self._folder / "answer.npy"), *json.loads(answer))


def _install(interpreter: Path, *arguments: str) -> None:
    command = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NetworkError(f"pip could not install xplique: {(done.stderr.strip().splitlines() or ['no reason'])[-1]}")
