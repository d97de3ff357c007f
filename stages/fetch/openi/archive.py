"""The collection's tar files: reports as XML, images as PNG or DICOM. Members never name a file on disk."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from stages.common import files
from stages.common.errors import UserError
from stages.fetch.openi import records, terms
from stages.fetch.openi.records import Collection, Image, Report

REPORTS = "NLMCXR_reports.tgz"
IMAGES = {"png": "NLMCXR_png.tgz", "dicom": "NLMCXR_dcm.tgz"}
SUFFIXES = {"png": ".png", "dicom": ".dcm"}
LARGEST_MEMBER = 500_000_000  # bytes


def read_reports(path: Path, image_size: int = 512) -> Collection:
    """All images and reports of `NLMCXR_reports.tgz`, with the site's addresses for pictures of `image_size`.

    Raises:
        UserError: the file is broken, holds a member that no honest archive holds, or a report that cannot be read.
    """
    images: list[Image] = []
    reports: list[Report] = []
    for name, content in members(path, ".xml"):
        try:
            report, own = _report(content, image_size)
        except (ElementTree.ParseError, ValueError, AttributeError, TypeError) as error:
            raise UserError(f"{path}: {name} is not a report of this collection ({error})") from None
        reports.append(report)
        images += own
    if not reports:
        raise UserError(f"{path} holds no reports; is it {REPORTS}?")
    return Collection(images, reports, len(images), {})


def members(path: Path, suffix: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of each regular member with a suffix, in the order of the archive.

    Raises:
        UserError: the archive is cut short or corrupt, or a member is absolute, climbs with `..`, a link or a device.
    """
    try:
        with gzip.open(path) as stream:  # tarfile's own "r|gz" takes a file that is cut short for a shorter one
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    _refuse_dangerous(path, member)
                    if member.isfile() and member.name.lower().endswith(suffix):
                        yield member.name, archive.extractfile(member).read()
            while stream.read(files.CHUNK):  # to the checksum at the end
                pass
    except FileNotFoundError:
        raise UserError(f"there is no archive {path}") from None
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UserError(f"{path} is cut short or corrupt ({error}); remove it to have it downloaded again") from None


def _refuse_dangerous(path: Path, member: tarfile.TarInfo) -> None:
    parts = PurePosixPath(member.name.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0]:
        problem = "leads outside the archive"
    elif not (member.isfile() or member.isdir()):
        problem = "is a link or a device"
    elif member.size > LARGEST_MEMBER:
        problem = f"has {member.size} bytes"
    else:
        return
    raise UserError(f"{path}: refused, its member {member.name!r} {problem}; get the archive from the site itself")


def _report(content: bytes, image_size: int) -> tuple[Report, list[Image]]:
    root = ElementTree.fromstring(content)
    report_id, number = root.find("uId").get("id"), int(root.find("IUXRId").get("id"))
    majors = terms.join(major.text or "" for major in root.findall("MeSH/major"))
    license_url = root.findtext("licenseURL") or records.LICENSE
    texts = {text.get("Label", "").lower(): text.text or "" for text in root.iter("AbstractText")}
    report = Report(report_id, majors, *(records.plain(texts.get(name, "")) for name in records.SECTIONS), license_url)
    images = []
    for element in root.findall("parentImage"):
        image_id, figure = element.get("id"), element.findtext("figureId") or ""
        caption = records.plain(element.findtext("caption") or "")
        address = records.image_path(image_id, number, image_size)
        records.check_image(image_id, report_id, address)
        images.append(Image(image_id, report_id, figure, caption, majors, address, license_url))
    return report, images
