"""One schema for the collection, whichever way it came: a row an image, a row a report."""

import functools
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path, PurePosixPath

import pandas as pd
from bs4 import BeautifulSoup

from stages.common import files
from stages.common.errors import UserError
from stages.fetch.openi import terms

LICENSE = "http://creativecommons.org/licenses/by-nc-nd/4.0/"
SIZE_FIELDS = {512: "imgLarge", 150: "imgGrid150", 100: "imgThumb"}
SECTIONS = ("comparison", "indication", "findings", "impression")

_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_ARCHIVE_NAME = re.compile(r"(?:CXR)?(\d+)(?:_1)?_(IM-[0-9-]+)")
_STRAY_BRACKET = re.compile(r"<(?!/?(?:p|b|br)\s*/?>)", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


class ConflictError(UserError):
    """The source gives two different entries for one thing."""


@dataclass(frozen=True, order=True)
class Image:
    """An image that the collection lists."""

    image_id: str  # safe in file names
    report_id: str
    figure: str  # F1, F2, ... within the report
    caption: str
    majors: str  # the report's index terms, joined
    image_path: str  # on the site
    license: str


@dataclass(frozen=True, order=True)
class Report:
    """A radiologist's report on all images of one examination, as plain text."""

    report_id: str
    majors: str
    comparison: str
    indication: str
    findings: str
    impression: str
    license: str


class Collection:
    """What a source lists: images and reports, each once, sorted by id.

    Args:
        images: may hold the same row several times.
        reports: likewise.
        total: images that the source says it holds.
        notes: what was odd, for the metrics.

    Raises:
        ConflictError: one id stands for two different rows.
    """

    def __init__(
        self, images: Iterable[Image], reports: Iterable[Report], total: int, notes: dict | None = None
    ) -> None:
        self.images: list[Image] = _unique(images)
        self.reports: list[Report] = _unique(reports)
        self.total = total
        self.notes = notes


def from_item(item: dict, image_size: int) -> tuple[Image, Report]:
    """An image and its report from an item of a search answer; unknown keys are ignored.

    Raises:
        ValueError: a key is missing or holds what it must not.
    """
    try:
        image_path = item[SIZE_FIELDS[image_size]]
        image_id, report_id = PurePosixPath(image_path).stem, item["uid"]
        majors = terms.join(item["MeSH"]["major"])
        figure, caption = item["image"]["id"], plain(item["image"]["caption"] or "")
        text = sections(item["abstract"] or "")
        license_url = item.get("licenseURL") or LICENSE
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"an item lacks {error}") from error
    check_image(image_id, report_id, image_path)
    image = Image(image_id, report_id, figure, caption, majors, image_path, license_url)
    return image, Report(report_id, majors, *text, license_url)


def check_image(image_id: str, report_id: str, image_path: str) -> None:
    """Refuse (ValueError) what could not be a file name, another host, or another report's image."""
    if not _SAFE_ID.fullmatch(image_id) or not image_id.startswith(f"{report_id}_"):
        raise ValueError(f"{image_id!r} is no image of report {report_id!r}")
    if not re.fullmatch(rf"/imgs/(?:[A-Za-z0-9]+/)*{re.escape(image_id)}\.png", image_path):
        raise ValueError(f"{image_path!r} is no address of image {image_id}")


def image_path(image_id: str, number: int, image_size: int) -> str:
    """Where the site keeps an image of report `number` (checked against all 7,470)."""
    return f"/imgs/{image_size}/{number % 401}/{number}/{image_id}.png"


def archive_key(name: str) -> str | None:
    """What `CXR1_1_IM-0001-3001` and `1_IM-0001-3001.dcm.png` have in common, or None for another kind of name."""
    stem = re.sub(r"(\.dcm|\.png)+$", "", PurePosixPath(name).name, flags=re.IGNORECASE)
    match = _ARCHIVE_NAME.fullmatch(stem)
    return f"{int(match[1])}_{match[2]}" if match else None


@functools.lru_cache(maxsize=64)  # the images of a report come together, each with the whole report
def sections(abstract: str) -> tuple[str, str, str, str]:
    """Comparison, indication, findings and impression of an abstract's HTML, as plain text.

    The site marks them `<p><b>Comparison: </b>None.</p>`; a missing one is empty.
    """
    soup = BeautifulSoup(_only_known_tags(abstract), "html.parser")
    found = dict.fromkeys(SECTIONS, "")
    current = None
    for text in soup.find_all(string=True):
        title = str(text).strip().rstrip(":").lower()
        if text.parent.name == "b" and title in found:
            current = title
        elif current is not None:
            found[current] += f" {text}"
    return tuple(_tidy(found[name]) for name in SECTIONS)


@functools.lru_cache(maxsize=64)
def plain(html: str) -> str:
    """Text without tags, entities and runs of blanks. `<XXXX>`, a mark of de-identification, is text."""
    return _tidy(BeautifulSoup(_only_known_tags(html), "html.parser").get_text(" "))


def write_table(path: Path, rows: list[Image] | list[Report], kind: type) -> None:
    """Write images or reports as CSV."""
    table = pd.DataFrame([astuple(row) for row in rows], columns=columns(kind), dtype="str")
    files.write_text(path, table.to_csv(index=False, lineterminator="\n"))


def read_table(path: Path, kind: type) -> list:
    """Read images or reports of `write_table`.

    Raises:
        UserError: a column is missing.
    """
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    if list(table.columns) != columns(kind):
        raise UserError(f"{path} has other columns than {', '.join(columns(kind))}; remove it and run fetch again")
    return [kind(*row) for row in table.itertuples(index=False)]


def columns(kind: type) -> list[str]:
    """The columns of the table of a kind of rows."""
    return [field.name for field in fields(kind)]


def _unique(rows: Iterable) -> list:
    first: dict[str, object] = {}
    for row in rows:
        key = getattr(row, columns(type(row))[0])
        if first.setdefault(key, row) != row:
            raise ConflictError(f"the source gives two different entries for {key}; run again, or tell the site")
    return [first[key] for key in sorted(first)]


def _only_known_tags(html: str) -> str:
    """Escape every `<` that opens none of the tags the site uses: reports hold `<XXXX>` and `[<The heart ...`."""
    return _STRAY_BRACKET.sub("&lt;", html)


def _tidy(text: str) -> str:
    return " ".join(_BREAK.sub(" ", text).split())
