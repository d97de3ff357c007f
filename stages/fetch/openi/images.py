"""The image files: from the site, a tar file or a folder; each checked before it takes its name."""

import contextlib
import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from stages.common import console, files
from stages.common.errors import NetworkError
from stages.fetch.openi import archive, checks, records
from stages.fetch.openi.client import MB, Answer, Client, RefusedError
from stages.fetch.openi.records import Image
from stages.fetch.openi.store import Journal, Store

LARGEST_PICTURE = 8 * MB
ROUNDS = 2  # over the images that the site did not give
GIVE_UP_AFTER = 25  # images in a row that the site did not give
MOST_ALIKE = 5  # different images with the same bytes: more than a pair is a placeholder picture

Picture = tuple[bytes, tuple[int, int]]  # of a file; width and height
Outcome = Picture | RefusedError


class Images:
    """The image files of one data/raw, as far as they are whole.

    Args:
        store: where they belong.
        wanted: the images that should be there.
        suffix: .png or .dcm.
        journal: what earlier runs found whole.
    """

    def __init__(self, store: Store, wanted: list[Image], suffix: str, journal: Journal) -> None:
        self.wanted = {image.image_id: image for image in wanted}
        self.suffix = suffix
        self._store, self._journal = store, journal
        self.rows: dict[str, dict] = {}
        self.missing: dict[str, str] = {}  # reason by image_id

    def absent(self) -> list[Image]:
        """The images that are not there yet, sorted."""
        return [image for image_id, image in sorted(self.wanted.items()) if image_id not in self.rows]

    def find(self) -> None:
        """Take what is on disk and whole, remove what is not."""
        known, locked = self._journal.read(), self._store.read_lock()
        here = [image for image in self.absent() if self._path(image.image_id).exists()]
        for image in console.progress(here, len(here), "checking images"):
            path = self._path(image.image_id)
            digest = files.sha256(path)
            noted, lock = known.get(path.name), locked.get(f"images/{path.name}")
            if noted and noted[0] == digest:
                self._note(image.image_id, digest, noted[1:], path.stat().st_size, journal=False)
            elif (noted or lock) and lock != digest:
                path.unlink()
            else:
                self._decode(image.image_id, digest)

    def download(self, client: Client, image_size: int, connections: int) -> None:
        """Get what is absent from the site.

        Raises:
            NetworkError: the site throttles without end, or gave nothing many times in a row.
        """
        for _ in range(ROUNDS):
            images = self.absent()
            with contextlib.closing(_ask(client, images, image_size, connections)) as answers:
                self._take(console.progress(answers, len(images), "images"))

    def unpack(self, path: Path) -> None:
        """Get what is absent from a tar file of images; what it holds beyond that is passed over.

        Raises:
            UserError: the file is broken or dangerous.
        """
        by_key = {records.archive_key(image.image_id): image.image_id for image in self.absent()}
        decode = checks.png if self.suffix == ".png" else checks.dicom
        members = archive.members(path, self.suffix)
        for name, content in console.progress(members, len(self.wanted), "unpacking"):
            image_id = by_key.get(records.archive_key(name))
            if image_id is None:
                continue
            try:
                self.keep(image_id, content, decode(content))
            except ValueError:
                self.missing[image_id] = "bad_image"

    def copy(self, folder: Path) -> None:
        """Get what is absent from the picture files in a folder; a broken one is passed over."""
        found = {records.archive_key(path.name): path for path in sorted(folder.rglob(f"*{self.suffix}"))}
        for image in self.absent():
            path = found.get(records.archive_key(image.image_id))
            if path is not None:
                content = path.read_bytes()
                try:
                    self.keep(image.image_id, content, checks.png(content))
                except ValueError:
                    self.missing[image.image_id] = "bad_image"

    def keep(self, image_id: str, content: bytes, size: tuple[int, int]) -> None:
        """Write a checked image under its name."""
        files.write_bytes(self._path(image_id), content)
        self._note(image_id, hashlib.sha256(content).hexdigest(), size, len(content), journal=True)

    def remove_placeholders(self) -> int:
        """Remove pictures that stand for more than a few images: "not available" is no radiograph."""
        groups: dict[str, list[str]] = {}
        for image_id, row in self.rows.items():
            groups.setdefault(row["sha256"], []).append(image_id)
        alike = [image_id for group in groups.values() if len(group) > MOST_ALIKE for image_id in group]
        for image_id in alike:
            self._path(image_id).unlink()
            del self.rows[image_id]
            self.missing[image_id] = "placeholder"
        return len(alike)

    def table(self) -> list[dict]:
        """A row an image that is there, sorted; `duplicate_of` names the first image with the same bytes."""
        first: dict[str, str] = {}
        rows = [self.rows[image_id] for image_id in sorted(self.rows)]
        return [row | {"duplicate_of": _other(first.setdefault(row["sha256"], row["image_id"]), row)} for row in rows]

    def _decode(self, image_id: str, digest: str) -> None:
        path = self._path(image_id)
        try:
            self._note(image_id, digest, checks.file(path), path.stat().st_size, journal=True)
        except ValueError:
            path.unlink()

    def _take(self, answers: Iterator[tuple[Image, Outcome]]) -> None:
        failures = 0
        for image, outcome in answers:
            if not isinstance(outcome, RefusedError):
                self.keep(image.image_id, *outcome)
                failures = 0
                continue
            self.missing[image.image_id] = outcome.reason
            failures += 1
            if failures >= GIVE_UP_AFTER:
                raise NetworkError(f"{failures} images in a row were refused ({outcome}); run again later to go on")

    def _note(self, image_id: str, digest: str, size: tuple[int, int], length: int, journal: bool) -> None:
        name = f"{image_id}{self.suffix}"
        if journal:
            self._journal.add(name, digest, size)
        self.missing.pop(image_id, None)
        row = {"image_id": image_id, "path": f"images/{name}", "sha256": digest, "bytes": length}
        self.rows[image_id] = row | {"width": size[0], "height": size[1]}

    def _path(self, image_id: str) -> Path:
        return self._store.path(image_id, self.suffix)


def _other(first: str, row: dict) -> str:
    return "" if first == row["image_id"] else first


def _ask(client: Client, images: list[Image], image_size: int, connections: int) -> Iterator[tuple[Image, Outcome]]:
    """Each image with what came of asking for it, in the order of the answers."""

    def accept(answer: Answer) -> Picture:
        return checks.image_answer(answer, image_size)

    def one(image: Image) -> Picture:
        return client.get(image.image_path, "image", accept, cap=LARGEST_PICTURE)

    with ThreadPoolExecutor(connections) as pool:
        futures = {pool.submit(one, image): image for image in images}
        try:
            for future in as_completed(list(futures)):
                yield futures.pop(future), _outcome(future)
        except BaseException:  # also when the caller ends, or Ctrl-C: let nobody wait for a pause to be over
            client.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _outcome(future: Future[Picture]) -> Outcome:
    try:
        return future.result()
    except RefusedError as refused:
        return refused
