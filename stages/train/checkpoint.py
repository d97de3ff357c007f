"""A training under way, kept so that it goes on where it was killed, and ends with the same bytes."""

import functools
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import keras
import numpy as np

from stages.common import files

SECONDS = 20.0  # at most so often: the state of a large head has 800 MB
COST = 10  # and at most a tenth of the time goes into it


class Checkpoint:
    """One file for one training; one that belongs to other data, parameters or code is passed over.

    What it holds: the values of all variables (weights, optimisers, random numbers), the history, and the weights of
    the best epoch. A training that has ended is kept without its variables.
    """

    def __init__(self, path: Path, key: Callable[[], str], seconds: float = SECONDS) -> None:
        """`key` gives a text that changes with whatever the training depends on; asked only where it is needed.

        With `seconds` 0 every epoch is kept.
        """
        self._path, self._key, self._seconds = path, functools.cache(key), seconds
        self._last, self._wait = time.monotonic(), seconds

    def restore(self, variables: Sequence[keras.Variable]) -> tuple[list[dict], dict[str, np.ndarray]]:
        """Set the variables as they were kept. Returns the history and the best weights, both empty without a file."""
        kept = self._read()
        if kept is None:
            return [], {}
        for number, variable in enumerate(variables):
            if f"variables/{number}" in kept:  # not those of a training that has ended
                variable.assign(kept[f"variables/{number}"])
        best = {name.removeprefix("best/"): array for name, array in kept.items() if name.startswith("best/")}
        return json.loads(kept["history"].tobytes()), best

    def keep(self, variables: Sequence[keras.Variable], history: list[dict], best: dict[str, np.ndarray]) -> None:
        """Write what there is, unless that was done a short while ago."""
        if time.monotonic() - self._last >= self._wait:
            self._write(variables, history, best)

    def end(self, history: list[dict], best: dict[str, np.ndarray]) -> None:
        """Keep a training that has ended, while others of the same run go on."""
        self._write([], history, best)

    def _read(self) -> dict[str, np.ndarray] | None:
        """All arrays of the file, or None where it is not there, not whole, or another training's."""
        try:
            with h5py.File(self._path, "r") as file:
                if file.attrs["key"] != self._key():
                    return None
            return files.read_arrays(self._path)
        except (OSError, KeyError):
            return None

    def _write(self, variables: Sequence[keras.Variable], history: list[dict], best: dict[str, np.ndarray]) -> None:
        began = time.monotonic()
        with files.create_hdf5(self._path, {"key": self._key()}) as file:
            file.create_dataset("history", data=np.frombuffer(json.dumps(history).encode(), np.uint8))
            for name, array in best.items():
                file.create_dataset(f"best/{name}", data=array)
            group = file.create_group("variables")
            for number, variable in enumerate(variables):  # one by one: together they would double the memory
                group.create_dataset(str(number), data=np.asarray(variable))
        self._last = time.monotonic()
        if self._seconds:
            self._wait = max(self._seconds, COST * (self._last - began))
