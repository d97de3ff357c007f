"""First a listing that fixes what should be there, then the images; complete, or an error that says what lacks."""

import hashlib
import json
import shutil
from collections import Counter
from functools import cached_property
from pathlib import Path

from stages.common import files
from stages.common.errors import NetworkError, UserError
from stages.fetch import keep
from stages.fetch.openi import archive, download, pages, records, sample, search, terms, views
from stages.fetch.openi.client import Client, Counts
from stages.fetch.openi.images import Images
from stages.fetch.openi.records import Collection, Image
from stages.fetch.openi.settings import Settings
from stages.fetch.openi.store import ATTRIBUTION, Journal, Store

PROJECTIONS_FROM = "https://www.kaggle.com/datasets/raddar/chest-xrays-indiana-university"


def fetch(settings: Settings, inbox: Path, raw: Path) -> dict:
    """See `stages.fetch.openi.fetch`."""
    work = Work(settings, inbox, raw)
    if not work.satisfied():
        work.collect()
    return work.metrics()


class Work:
    """What this source has to do in one data/raw, and the doing.

    What is under way lives beside `raw`, in `.<raw>.openi`: a search answer, half a tar file or a line of the journal
    must not enter what DVC versions. It is removed when all is done.
    """

    def __init__(self, settings: Settings, inbox: Path, raw: Path) -> None:
        self.settings, self.inbox = settings, inbox
        self.store = Store(raw)
        self.counts = Counts()
        self.notes: dict = {}
        self._states = raw.with_name(f".{raw.name}.openi")
        self._state = self._states / _short_digest(self.origin())

    def satisfied(self) -> bool:
        """Whether everything is there and as the lock file says: then nothing is asked of anybody."""
        manifest = self.manifest()
        if manifest is None or not self.store.lock.is_file() or self._projections_changed():
            return False
        missing = self.store.read_missing()
        if self.present() | missing.keys() != {image.image_id for image in self.chosen(manifest)}:
            return False
        return (self.settings.allow_partial or not missing) and not any(self.store.differences())

    def collect(self) -> None:
        """Make everything be there.

        Raises:
            UserError: something at hand is missing or wrong.
            NetworkError: the site does not give all that it should.
        """
        self._take_projections()
        manifest = self.manifest()
        if manifest is None:
            manifest = self._list()
        images = Images(self.store, self.chosen(manifest), self.suffix, Journal(self._state / "journal.csv"))
        images.find()
        if images.absent():
            self._get(images)
        self._finish(images)

    def manifest(self) -> list[Image] | None:
        """The images that an earlier run listed, when it was asked for the same."""
        found = self.store.read_manifest()
        if found is None:
            return None
        origin, images = found
        short = len(images) < max(origin["total"], self.settings.expected or 0)
        if origin["source"] != self.origin() or (short and not self.settings.allow_partial):
            return None
        at_hand = self._listing_at_hand
        return images if at_hand is None or at_hand.images == images else None

    def origin(self) -> dict:
        """What a listing and its images come from: when it changes, nothing that is there can be used."""
        archived = self.settings.via == "archive"
        return {
            "site": self.settings.base_url,
            "collection": self.settings.collection,
            "files": f"tar file of {self.settings.archive.images}" if archived else "single pictures",
            "image_size": self.settings.image_size,
        }

    def chosen(self, manifest: list[Image]) -> list[Image]:
        """The images that should be there."""
        return sample.choose(manifest, self.settings.limit)

    def present(self) -> set[str]:
        """The images that have a file."""
        return {path.stem for path in self.store.images.glob(f"*{self.suffix}")}

    def at_hand(self, name: str) -> bool:
        """Whether a tar file need not be downloaded."""
        return (self.inbox / name).is_file() or (self._state / name).is_file()

    @property
    def searches(self) -> Path:
        """Folder of the search answers that are kept."""
        return self._state / "searches"

    @property
    def suffix(self) -> str:
        """Of image files."""
        return archive.SUFFIXES[self.settings.archive.images] if self.settings.via == "archive" else ".png"

    def metrics(self) -> dict:
        """Counts of what is there, and of what this run asked of the network."""
        manifest, missing = self.manifest() or [], self.store.read_missing()
        chosen = self.chosen(manifest)
        here = [image for image in chosen if image.image_id not in missing]
        table = views.read(self.store.projections if self.store.projections.exists() else None)
        duplicates = sum(bool(row["duplicate_of"]) for row in self.store.read_images())
        exclusions = Counter(missing.values()) + Counter({"limit": len(manifest) - len(chosen)})
        return {
            "via": self.settings.via,
            "listed": len(manifest),
            "expected": max(len(manifest), self.settings.expected or 0),
            "images": len(here),
            "reports": len({image.report_id for image in here}),
            "partial": bool(missing) or len(manifest) < (self.settings.expected or 0),
            "missing": len(missing),
            "exact_duplicates": duplicates,
            "classes": _counted(terms.kind(terms.split(image.majors)) for image in here),
            "views": _counted(views.of((image.image_id for image in here), table)),
            "view_source": self.settings.projections if self.store.projections.exists() else None,
            "exclusions": dict(sorted(exclusions.items())),
            "listing": self.notes,
            **self.counts.metrics(),
        }

    @cached_property
    def client(self) -> Client:
        """Made when first needed: most runs need no network."""
        return Client(self.settings.base_url, self.settings.network, self.counts)

    @cached_property
    def _listing_at_hand(self) -> Collection | None:
        """What the user's own files list, which may have changed since the last run."""
        if self.settings.via == "archive" and (self.inbox / archive.REPORTS).is_file():
            return archive.read_reports(self.inbox / archive.REPORTS, self.settings.image_size)
        if self.settings.via == "pages" and self._pages.is_dir():
            return pages.read(self._pages, self.settings.image_size)
        return None

    @property
    def _pages(self) -> Path:
        return self.inbox / self.settings.pages_folder

    def _list(self) -> list[Image]:
        """Phase one. With another origin than before, what is there is of no use and goes."""
        found = self.store.read_manifest()
        if found is None or found[0]["source"] != self.origin():
            self.store.remove_images()
        collection = self._listing()
        expected = max(collection.total, self.settings.expected or 0)
        if not collection.images or (len(collection.images) < expected and not self.settings.allow_partial):
            shutil.rmtree(self.searches, ignore_errors=True)  # else the next run would believe them again
            raise self._incomplete(f"only {len(collection.images)} of {expected} images are listed")
        self.notes = collection.notes
        origin = {"source": self.origin(), "total": collection.total}
        self.store.write_manifest(collection.images, collection.reports, origin)
        return collection.images

    def _listing(self) -> Collection:
        if self._listing_at_hand is not None:
            return self._listing_at_hand
        if self.settings.via == "archive":
            return archive.read_reports(self._archive(archive.REPORTS), self.settings.image_size)
        if self.settings.via == "pages":
            raise UserError(f"there is no folder {self._pages}; save the pages there, or set source.openi.via to api")
        try:
            return search.run(self.client, self.settings, self.searches)
        except records.ConflictError:
            shutil.rmtree(self.searches)
            raise

    def _get(self, images: Images) -> None:
        """Phase two."""
        if self.settings.via == "archive":
            images.unpack(self._archive(archive.IMAGES[self.settings.archive.images]))
            return
        if self.settings.via == "pages" and self._pages.is_dir():
            images.copy(self._pages)
        images.download(self.client, self.settings.image_size, self.settings.network.connections)

    def _archive(self, name: str) -> Path:
        """A tar file: the user's own, else downloaded."""
        own, target = self.inbox / name, self._state / name
        if own.is_file():
            return own
        url = f"{self.settings.archive.url.rstrip('/')}/{name}"
        download.archive(self.client, url, target, self.settings.network.retries)
        return target

    def _finish(self, images: Images) -> None:
        """Write the tables and, last of all, the lock file; or say what is missing."""
        images.remove_placeholders()
        missing = {image.image_id: images.missing.get(image.image_id, "not_in_source") for image in images.absent()}
        if missing and not (self.settings.allow_partial and images.rows):
            path = self._state / "missing.csv"
            self.store.write_missing(missing, path)
            first = ", ".join(sorted(missing)[:3])
            raise self._incomplete(
                f"{len(missing)} of {len(images.wanted)} images are missing ({first}; all in {path})"
            )
        self.store.write_images(images.table())
        self.store.write_missing(missing)
        files.write_text(self.store.attribution, ATTRIBUTION)
        self.store.remove_others(row["path"] for row in images.table())
        self.store.write_lock()
        shutil.rmtree(self._states, ignore_errors=True)

    def _incomplete(self, problem: str) -> UserError:
        advice = "run again to ask for the rest, or set source.openi.allow_partial to true"
        if self.settings.via == "api":
            return NetworkError(f"{problem}; {advice}")
        return UserError(f"{problem}; complete the files in {self.inbox}, or set source.openi.allow_partial to true")

    def _projections_changed(self) -> bool:
        """Whether other views are to be used than those in data/raw; without the user's own file, those are."""
        if self.settings.projections is None:
            return self.store.projections.exists()
        own = self.inbox / self.settings.projections
        return (
            not keep.same_bytes(own, self.store.projections) if own.is_file() else not self.store.projections.exists()
        )

    def _take_projections(self) -> None:
        if not self._projections_changed():
            return
        self.store.projections.unlink(missing_ok=True)
        if self.settings.projections is None:
            return
        own = self.inbox / self.settings.projections
        if not own.is_file():
            raise UserError(
                f"there is no table of views {own}; get indiana_projections.csv from {PROJECTIONS_FROM}, "
                "or set source.openi.projections to null and ingest.openi.views to all"
            )
        views.read(own)
        files.write_bytes(self.store.projections, own.read_bytes())


def _counted(values: object) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _short_digest(value: dict) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
