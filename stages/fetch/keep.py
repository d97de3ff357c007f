"""data/raw from run to run: what is there and right is used again, what is missing is made, what is foreign goes.

Stage fetch's output persists, so each source finds what an earlier run, or `dvc pull`, left behind.
"""

import csv
import io
import os
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from stages.common import files


def same_bytes(first: Path, second: Path) -> bool:
    """Whether both are files with the same content; a missing one is not the same as anything."""
    if not (first.is_file() and second.is_file()) or first.stat().st_size != second.stat().st_size:
        return False
    with first.open("rb") as one, second.open("rb") as other:
        while True:
            block = one.read(files.CHUNK)
            if block != other.read(files.CHUNK):
                return False
            if not block:
                return True


def remove_others(root: Path, wanted: Iterable[str]) -> int:
    """Remove every file below `root` that is not in `wanted` (paths below it, with `/`), hidden ones and links too,
    and the folders that are empty then. Returns the number of files removed.
    """
    wanted, removed = set(wanted), 0
    for folder, folders, names in os.walk(root, topdown=False):
        for path in (Path(folder) / name for name in names):
            if path.relative_to(root).as_posix() not in wanted:
                path.unlink()
                removed += 1
        for path in (Path(folder) / name for name in folders):
            if path.is_symlink():
                path.unlink()
                removed += 1
            elif not any(path.iterdir()):
                path.rmdir()
    return removed


@dataclass(frozen=True)
class Made:
    """A file that was made, from what, and what came out."""

    path: str  # below data/raw
    origin: str  # digest of the settings and code that made it
    sha256: str
    mask_sha256: str  # empty: it has no mask
    finding: str


class Ledger:
    """A small table in data/raw of what was made from what. It grows line by line, so that a killed run goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = {row.path: row for row in _read(path)}
        self.close(self.rows)  # without the line that was cut off when its writer was killed

    def add(self, row: Made) -> None:
        """Note a file that is in place; the line is on disk when this returns."""
        self.rows[row.path] = row
        with self.path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(astuple(row))

    def close(self, paths: Iterable[str]) -> None:
        """Write the rows of these files, sorted: the same bytes however the table grew."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(astuple(self.rows[path]) for path in sorted(paths))
        files.write_text(self.path, text.getvalue())


def _read(path: Path) -> list[Made]:
    """The whole lines of a ledger."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text[: text.rfind("\n") + 1].splitlines()
    return [Made(*row) for row in csv.reader(lines) if len(row) == len(fields(Made))]
