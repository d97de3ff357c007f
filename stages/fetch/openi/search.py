"""The listing by the site's search: every image of the collection, page by page."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from stages.common import console, files
from stages.common.errors import NetworkError
from stages.fetch.openi import checks, records
from stages.fetch.openi.client import Answer, Client, RefusedError
from stages.fetch.openi.records import Collection
from stages.fetch.openi.settings import Settings

PATH = "/api/search"
PASSES = 6  # over the whole listing, when the order of the answers changes under way and hides images
IMAGE_TYPES = "xg"  # the site's code for: exclude graphics


def run(client: Client, settings: Settings, kept: Path) -> Collection:
    """List the collection; each answer is kept in the folder `kept`, so that a broken run goes on where it was.

    An answer is asked for by position (`m` to `n`). The next position follows from what came, which may be less than
    was asked for, or hold images twice. Passes over the whole are repeated until the images are complete.

    Raises:
        NetworkError: the site does not answer, or refuses both the query and its fallback.
        ConflictError: an image was listed twice with different contents.
    """
    search = _Search(client, settings, kept)
    search.choose_query()
    while len(search.found) < search.total() and search.passes < PASSES:
        search.passes += 1
        pages = math.ceil(search.total() / settings.page_size)
        for page in console.progress(search.pages(), pages, "searches"):
            search.take(page)
    notes = {"passes": search.passes, "repeated_items": search.repeated, "totals": sorted(search.totals)}
    images, reports = zip(*search.rows, strict=True) if search.rows else ((), ())
    return Collection(images, reports, search.total(), notes)


def kept(folder: Path) -> int:
    """How many answers are kept in the folder given to `run`."""
    return sum(1 for _ in folder.rglob("*.json"))


class _Search:
    """What one listing has asked and found so far."""

    def __init__(self, client: Client, settings: Settings, kept: Path) -> None:
        self.client, self.settings, self.kept = client, settings, kept
        self.rows: list[tuple[records.Image, records.Report]] = []
        self.found: set[str] = set()
        self.totals: Counter[int] = Counter()  # the site states the total in every answer, and may change it
        self.repeated = 0
        self.passes = 0
        self.query = settings.query

    def total(self) -> int:
        """The total that most answers state."""
        return max(self.totals, key=lambda total: (self.totals[total], total), default=0)

    def choose_query(self) -> None:
        """Take the query, else its fallback, whose first answer promises the whole collection."""
        problems = []
        attempts = [(query, True) for query in dict.fromkeys((self.settings.query, self.settings.fallback_query))]
        if self.settings.allow_partial:
            attempts.append((self.settings.query, False))
        for query, whole in attempts:
            self.query = query
            try:
                page = self.page(1, number=1, whole=whole)
            except RefusedError as error:
                problems.append(f"query {query!r}: {error}")
                continue
            self.totals[page.total] += 1
            return
        raise NetworkError(f"no listing of the collection: {'; '.join(problems)}; run again later, or change the query")

    def pages(self) -> Iterator[checks.Page]:
        """The pages of one pass."""
        position = 1
        while position <= self.total():
            page = self.page(position, number=self.passes)
            self.totals[page.total] += 1
            yield page
            distinct = len({image.image_id for image, _ in page.rows})
            if not distinct:
                return  # the site says that there is nothing here; the total will show whether to believe it
            position += min(distinct, self.settings.page_size)

    def take(self, page: checks.Page) -> None:
        """Keep a page's images and reports."""
        for image, _ in page.rows:
            self.repeated += image.image_id in self.found
            self.found.add(image.image_id)
        self.rows += page.rows

    def page(self, position: int, number: int, whole: bool = False) -> checks.Page:
        """A page of pass `number`: as kept, else asked for and kept; `whole` demands that it promise everything."""
        last = position + self.settings.page_size - 1
        folder = self.kept / hashlib.sha256(self.query.encode()).hexdigest()[:8]
        path = folder / f"{number}-{position:06d}-{last:06d}.json"

        def accept(answer: Answer) -> tuple[checks.Page, bytes]:
            page = checks.search(answer, self.settings.image_size)
            _check_extent(page, position, self.settings.expected if whole else None)
            return page, answer.body

        if path.exists():
            try:
                return accept(Answer(path.read_bytes(), "application/json"))[0]
            except RefusedError:
                path.unlink()
        parameters = {"query": self.query, "coll": self.settings.collection, "it": IMAGE_TYPES}
        parameters |= {"m": position, "n": last}
        page, body = self.client.get(PATH, "search", accept, parameters)
        files.write_bytes(path, body)
        return page


def _check_extent(page: checks.Page, position: int, expected: int | None) -> None:
    """Refuse an empty page where there should be something, and a listing that cannot be the collection's."""
    if not page.rows and position <= page.total:
        raise RefusedError("empty", f"an empty page at {position} of {page.total}")
    if expected is not None and not expected <= page.total <= 2 * expected:
        raise RefusedError("total", f"{page.total} images where {expected} are expected")
