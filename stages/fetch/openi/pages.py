"""Saved pages of the old Open-i site (before its rewrite as a single-page application), parsed with BeautifulSoup.

Result pages (`gridquery.php`) list what was found as `var oi = [...]` in a script. Detail pages hold the picture
(`img#theImage`) and the index terms (`table.masterresultstable div.meshtext-wrapper-left`, `<strong>Major</strong>`).
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from bs4 import BeautifulSoup

from stages.common.errors import UserError
from stages.fetch.openi import records, terms
from stages.fetch.openi.records import Collection, Image, Report

_RESULTS = re.compile(r"var\s+oi\s*=\s*")


def read(folder: Path, image_size: int) -> Collection:
    """All images of the saved pages, with the captions and reports that the result pages hold beside them.

    Raises:
        UserError: no page is there, or one cannot be read.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".html", ".htm", ".php"))
    if not paths:
        raise UserError(f"{folder} holds no saved pages (.html); save them there, or set source.openi.via to api")
    entries: dict[str, dict] = {}
    majors: dict[str, str] = {}
    for path in paths:
        soup = BeautifulSoup(path.read_text(encoding="utf-8", errors="replace"), "html.parser")
        try:
            entries |= _entries(soup)
            majors |= _majors(soup)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{path} is not a page of the old Open-i site ({error}); remove it") from None
    rows = [_image(image_id, majors[image_id], entries.get(image_id, {}), image_size) for image_id in sorted(majors)]
    return Collection(rows, _reports(rows, entries), len(entries.keys() | majors.keys()), {})


def _entries(soup: BeautifulSoup) -> dict[str, dict]:
    """What a result page lists, by image id; nothing on another page."""
    for script in soup.find_all("script"):
        found = _RESULTS.search(script.get_text())
        if found:
            entries, _ = json.JSONDecoder().raw_decode(script.get_text()[found.end() :])
            return {_image_id(entry): entry for entry in entries}
    return {}


def _image_id(entry: dict) -> str:
    """From the address of the detail page (`...?img=CXR1_1_IM-0001-3001&...`), or of the picture."""
    found = re.search(r"[?&]img=([\w-]+)", entry.get("nodeRef", ""))
    return found[1] if found else PurePosixPath(entry["imgLarge"]).stem


def _majors(soup: BeautifulSoup) -> dict[str, str]:
    """The index terms on a detail page, by image id; nothing on another page."""
    picture = soup.select_one("img#theImage")
    if picture is None:
        return {}
    found = []
    for block in soup.select("table.masterresultstable div.meshtext-wrapper-left"):
        title = block.find("strong")
        if title is not None and title.get_text().strip().rstrip(":").lower() == "major":
            found += [entry.get_text() for entry in block.find_all("li")]
    return {PurePosixPath(urlsplit(picture["src"]).path).stem: terms.join(found)}


def _image(image_id: str, majors: str, entry: dict, image_size: int) -> Image:
    """The same row as by the other ways; what the pages do not hold stays empty."""
    report_id = image_id.partition("_")[0]
    number = report_id.removeprefix("CXR")
    if not number.isdigit():
        raise UserError(f"a saved page shows {image_id!r}, which is not of this collection; remove the page")
    figure = entry.get("image") or {}
    caption = records.plain(figure.get("caption", ""))
    address = records.image_path(image_id, int(number), image_size)
    records.check_image(image_id, report_id, address)
    license_url = entry.get("licenseURL") or records.LICENSE
    return Image(image_id, report_id, figure.get("id", ""), caption, majors, address, license_url)


def _reports(images: list[Image], entries: dict[str, dict]) -> Iterator[Report]:
    """A report an image, with the text that any result page holds for it."""
    abstracts = {image.report_id: entries.get(image.image_id, {}).get("abstract", "") for image in images}
    for image in images:
        text = records.sections(abstracts[image.report_id])
        yield Report(image.report_id, image.majors, *text, image.license)
