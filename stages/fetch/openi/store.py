"""The folder data/raw as this source fills it: where things are, what belongs there, and the lock file over it all.

images/<image_id>.png|.dcm
openi/manifest.csv      every image that the collection lists
openi/reports.csv       every report, as plain text
openi/images.csv        every image that is here
openi/missing.csv       every image that should be here, and why it is not
openi/projections.csv   the hand-made views, if they were given
openi/listing.json      where the manifest came from
openi/SHA256SUMS        lock file: `cd data/raw && sha256sum --check openi/SHA256SUMS`
ATTRIBUTION.txt
"""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from stages.common import console, files
from stages.common.errors import UserError
from stages.fetch import keep
from stages.fetch.openi import records
from stages.fetch.openi.records import Image, Report

IMAGE_COLUMNS = ["image_id", "path", "sha256", "bytes", "width", "height", "duplicate_of"]
MISSING_COLUMNS = ["image_id", "reason"]

ATTRIBUTION = """\
Chest X-rays and reports of the Indiana University hospital network, from Open-i, U.S. National Library of Medicine
https://openi.nlm.nih.gov

Licence: Creative Commons Attribution-NonCommercial-NoDerivatives 4.0 International (CC BY-NC-ND 4.0)
http://creativecommons.org/licenses/by-nc-nd/4.0/
as stated in every report. Do not publish altered images or reports, nor use them commercially.

Please cite:
Demner-Fushman D, Kohli MD, Rosenman MB, Shooshan SE, Rodriguez L, Antani S, Thoma GR, McDonald CJ.
Preparing a collection of radiology examinations for distribution and retrieval.
J Am Med Inform Assoc. 2016;23(2):304-310. doi:10.1093/jamia/ocv080
"""


class Store:
    """Paths and tables of one data/raw."""

    def __init__(self, raw: Path) -> None:
        self.raw = raw
        self.images = raw / "images"
        folder = raw / "openi"
        self.manifest, self.reports = folder / "manifest.csv", folder / "reports.csv"
        self.image_table, self.missing = folder / "images.csv", folder / "missing.csv"
        self.projections, self.listing = folder / "projections.csv", folder / "listing.json"
        self.lock = folder / "SHA256SUMS"
        self.attribution = raw / "ATTRIBUTION.txt"
        self.tables = [self.manifest, self.reports, self.image_table, self.missing, self.listing, self.attribution]

    def path(self, image_id: str, suffix: str) -> Path:
        """Where an image's file is."""
        return self.images / f"{image_id}{suffix}"

    def write_manifest(self, images: list[Image], reports: list[Report], origin: dict) -> None:
        """Fix what should be there: `listing.json` is written last and vouches for the two tables."""
        records.write_table(self.manifest, images, Image)
        records.write_table(self.reports, reports, Report)
        files.write_json(self.listing, origin | {"sha256": self._listed()})

    def read_manifest(self) -> tuple[dict, list[Image]] | None:
        """The listing's origin and its images; None when there is none, or not the one that was written."""
        if not (self.listing.is_file() and self.manifest.is_file() and self.reports.is_file()):
            return None
        try:
            origin = files.read_json(self.listing)
            if origin.pop("sha256", None) != self._listed():
                return None
            return origin, records.read_table(self.manifest, Image)
        except (ValueError, UserError):
            return None

    def write_images(self, rows: Iterable[dict]) -> None:
        """Write the table of image files."""
        _write(self.image_table, pd.DataFrame(rows, columns=IMAGE_COLUMNS))

    def read_images(self) -> list[dict]:
        """The table of image files, as text."""
        return pd.read_csv(self.image_table, dtype="str", keep_default_na=False).to_dict("records")

    def write_missing(self, missing: dict[str, str], path: Path | None = None) -> None:
        """Write which images are missing, and why."""
        _write(path or self.missing, pd.DataFrame(sorted(missing.items()), columns=MISSING_COLUMNS))

    def read_missing(self) -> dict[str, str]:
        """The missing images and why."""
        if not self.missing.is_file():
            return {}
        table = pd.read_csv(self.missing, dtype="str", keep_default_na=False)
        return dict(zip(table["image_id"], table["reason"], strict=True))

    def write_lock(self) -> None:
        """Write the digests of all files, last of all."""
        lines = [f"{files.sha256(path)}  {path.relative_to(self.raw).as_posix()}\n" for path in self.files()]
        files.write_text(self.lock, "".join(lines))

    def read_lock(self) -> dict[str, str]:
        """Digest by path below data/raw; empty when there is no lock file."""
        if not self.lock.is_file():
            return {}
        lines = self.lock.read_text(encoding="utf-8").splitlines()
        return {path: digest for digest, _, path in (line.partition("  ") for line in lines)}

    def files(self) -> list[Path]:
        """All files but the lock file, sorted."""
        found = sorted(path for path in self.raw.rglob("*") if not path.is_dir() or path.is_symlink())
        return [path for path in found if path != self.lock]

    def differences(self) -> Iterator[tuple[str, str]]:
        """Each file that is not as the lock file says, with what is wrong: missing, changed, or not listed."""
        locked = self.read_lock()
        here = {path.relative_to(self.raw).as_posix(): path for path in self.files()}
        names = sorted(locked.keys() | here.keys())
        for name in console.progress(names, len(names), "verifying"):
            if name not in here:
                yield name, "missing"
            elif name not in locked:
                yield name, "not listed"
            elif files.sha256(here[name]) != locked[name]:
                yield name, "changed"

    def remove_images(self) -> None:
        """Remove all images, and the lock file that names them."""
        self.lock.unlink(missing_ok=True)
        keep.remove_others(self.images, [])

    def remove_others(self, image_paths: Iterable[str]) -> None:
        """Remove all but the tables and the named image files (paths below data/raw)."""
        tables = [*self.tables, self.projections, self.lock]
        keep.remove_others(self.raw, [*(path.relative_to(self.raw).as_posix() for path in tables), *image_paths])

    def _listed(self) -> dict[str, str]:
        return {path.name: files.sha256(path) for path in (self.manifest, self.reports)}


def _write(path: Path, table: pd.DataFrame) -> None:
    files.write_text(path, table.to_csv(index=False, lineterminator="\n"))


class Journal:
    """Which image files were found whole, and their digests: a line each, as they come.

    After a kill, what the journal names need not be decoded again, only hashed. A line that was cut short is skipped.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, tuple[str, int, int]]:
        """Digest, width and height by file name."""
        if not self._path.is_file():
            return {}
        with self._path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) == 5 and row[4] == "."]
        return {name: (digest, int(width), int(height)) for name, digest, width, height, _ in rows}

    def add(self, name: str, digest: str, size: tuple[int, int]) -> None:
        """Append a line."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8", newline="") as file:
            file.write(f"{name},{digest},{size[0]},{size[1]},.\n")
