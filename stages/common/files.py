"""Files that appear whole or not at all, digests, and HDF5 files with the same bytes every time."""

import contextlib
import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import h5py
import numpy as np

CHUNK = 1 << 20


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block ends well, else remove it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`; put it in place of `path` when the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    try:
        yield temporary
        temporary.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file, or leave what was there."""
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a whole UTF-8 file with Unix line ends, or leave what was there."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: object) -> None:
    """Write JSON in the given order of keys; NaN and infinity are refused (ValueError)."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> dict:
    """Read a JSON object."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_digests(folder: Path) -> str:
    """What `sha256sum` says of all files in a folder, from above it: a line for each, in the order of their paths.

    Of no files it is one empty line, as dvc warns of outputs without a byte.
    """
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return "\n".join([f"{sha256(path)}  {path.relative_to(folder.parent).as_posix()}" for path in found]) + "\n"


def digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Hexadecimal SHA-256 of named arrays: names, types, shapes and values, in the order of the names."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def significant(value: float, digits: int = 6) -> float:
    """Round to a number of significant digits: how numbers stand in metrics files."""
    return float(f"{float(value):.{digits}g}")


@contextlib.contextmanager
def create_hdf5(path: Path, attributes: Mapping[str, object]) -> Iterator[h5py.File]:
    """Open an HDF5 file to be written once, in a fixed order, in place of `path`.

    The same writes give the same bytes: default library version, no modification times, and never reopened
    (a resumed file, or one of `libver="latest"`, was seen to differ).
    """
    _remove_abandoned(Path(path))
    with atomic(path) as temporary, h5py.File(temporary, "w", track_order=False) as file:
        for name in sorted(attributes):
            file.attrs[name] = attributes[name]
        yield file


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], attributes: Mapping[str, object]) -> None:
    """Write named arrays to an HDF5 file in the order of their names; `/` in a name makes groups."""
    with create_hdf5(path, attributes) as file:
        for name in sorted(arrays):
            file.create_dataset(name, data=arrays[name], track_times=False)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of a file of `write_arrays`, by name."""
    arrays = {}

    def keep(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[()]

    with h5py.File(path, "r") as file:
        file.visititems(keep)
    return arrays


def strings(values: Iterable[str]) -> np.ndarray:
    """Text for an HDF5 dataset, as fixed-length UTF-8 bytes: variable-length strings live on a heap with padding."""
    encoded = [value.encode("utf-8") for value in values]
    length = max((len(value) for value in encoded), default=1)
    return np.array(encoded, dtype=f"S{max(length, 1)}")


def texts(dataset: h5py.Dataset) -> list[str]:
    """The strings of a dataset written with `strings`."""
    return [value.decode("utf-8") for value in dataset[()]]


def _remove_abandoned(path: Path) -> None:
    """Remove what runs that were killed left beside `path`: no two processes of a stage run at once."""
    for abandoned in path.parent.glob(f".{glob.escape(path.name)}.{'?' * 8}.part"):
        if abandoned.is_dir():
            shutil.rmtree(abandoned, ignore_errors=True)
        else:
            abandoned.unlink(missing_ok=True)
