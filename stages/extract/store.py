"""The content-keyed store: every computed feature, kept outside the pipeline and found again by what it was made from.

One sqlite file a namespace, in write-ahead mode: safe for several processes, and a killed writer leaves whole rows.
A row carries the digest of its bytes; one that does not match is treated as absent and computed again.
"""

import contextlib
import datetime
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

import filelock
import numpy as np

from stages.common.errors import UserError

BUSY_SECONDS = 60
DAMAGED = ".damaged"
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, sha256 BLOB, used INTEGER, data BLOB) WITHOUT ROWID"
)


class Store:
    """Features of one namespace: a mapping from an image's SHA-256 to an array of one shape and type."""

    def __init__(self, folder: Path, namespace: Mapping[str, object], dtype: str) -> None:
        """Open or create the store of a namespace: all that a feature depends on but the image, as JSON values.

        Raises:
            UserError: the folder cannot be written.
        """
        self._dtype = np.dtype(dtype)
        described = json.dumps({**namespace, "dtype": self._dtype.str}, sort_keys=True)
        self.path = folder / f"{hashlib.sha256(described.encode()).hexdigest()[:24]}.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(folder / ".opening.lock"):  # sqlite does not wait for one who turns on its log
                self._connection = _open(self.path, described)
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"cannot write the feature store {folder} ({error}); set `compute.cache_dir`") from error

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of every feature here; None while there is none."""
        row = self._connection.execute("SELECT shape FROM namespace").fetchone()
        return None if row[0] is None else tuple(json.loads(row[0]))

    @property
    def dtype(self) -> str:
        """The number type of every feature here."""
        return self._dtype.name

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Those keys, each once and in order, that the store lacks or holds damaged."""
        return [key for key in dict.fromkeys(keys) if self.get(key) is None]

    def get(self, key: str) -> np.ndarray | None:
        """The array of a key, or None where there is none or its bytes are damaged."""
        try:
            row = self._connection.execute("SELECT sha256, data FROM features WHERE key = ?", (key,)).fetchone()
        except sqlite3.DatabaseError:
            return None
        if row is None or hashlib.sha256(row[1]).digest() != row[0]:
            return None
        return np.frombuffer(row[1], self._dtype).reshape(self.shape)

    def put(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays by key, all or none.

        Raises:
            UserError: the disk is full, or the file is damaged; it is set aside then, and a new one begins.
        """
        if not arrays:
            return
        today = datetime.date.today().toordinal()
        rows = []
        for key, array in arrays.items():
            data = np.ascontiguousarray(array, self._dtype).tobytes()
            rows.append((key, hashlib.sha256(data).digest(), today, data))
        shape = json.dumps(next(iter(arrays.values())).shape)
        try:
            with self._connection:
                self._connection.execute("UPDATE namespace SET shape = ?", (shape,))
                self._connection.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?, ?)", rows)
        except sqlite3.OperationalError as error:
            raise UserError(f"cannot write the feature store {self.path} ({error}); set `compute.cache_dir`") from error
        except sqlite3.DatabaseError as error:
            _set_aside(self.path)
            raise UserError(f"the feature store {self.path} was damaged; it was set aside, run again") from error

    def touch(self, keys: Iterable[str]) -> None:
        """Note that keys were used today, so that pruning spares them."""
        today = datetime.date.today().toordinal()
        with contextlib.suppress(sqlite3.OperationalError), self._connection:
            statement = "UPDATE features SET used = ? WHERE key = ? AND used < ?"
            self._connection.executemany(statement, [(today, key, today) for key in keys])


def prune(folder: Path, days: int) -> tuple[int, int]:
    """Remove what was not used for more than `days` days, of every namespace; returns (rows removed, bytes freed)."""
    removed = freed = 0
    oldest = datetime.date.today().toordinal() - days
    for path in folder.glob(f"*{DAMAGED}"):
        freed += _size(path)
        path.unlink()
    for path in sorted(folder.glob("*.sqlite")):
        size = _size(path)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
        try:
            with connection:
                removed += connection.execute("DELETE FROM features WHERE used < ?", (oldest,)).rowcount
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            raise UserError(f"cannot prune the feature store {path} ({error}); is a stage using it?") from error
        except sqlite3.DatabaseError:
            _remove(path)  # damaged beyond reading: nothing in it can be used
        finally:
            connection.close()
        freed += size - _size(path)
    return removed, freed


def _open(path: Path, described: str) -> sqlite3.Connection:
    try:
        return _connect(path, described)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        _set_aside(path)
        return _connect(path, described)


def _connect(path: Path, described: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    with connection:
        connection.execute(SCHEMA)
        connection.execute("CREATE TABLE IF NOT EXISTS namespace (described TEXT PRIMARY KEY, shape TEXT)")
        connection.execute("INSERT OR IGNORE INTO namespace VALUES (?, NULL)", (described,))
    return connection


def _set_aside(path: Path) -> None:
    """Keep a damaged file out of the way until the next pruning; its features can be computed again."""
    path.replace(path.with_suffix(DAMAGED))
    _remove(path)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
