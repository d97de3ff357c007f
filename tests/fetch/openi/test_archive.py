import io
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from stages.common.errors import UserError
from stages.fetch.openi import archive, records, terms, views
from tests.fetch.openi.conftest import read_real
from tests.openi_site import reports as site_reports


@pytest.fixture(scope="module")
def collection(real: Path) -> records.Collection:
    """The real one."""
    return read_real(real / "NLMCXR_reports.tgz")


def test_the_counts_of_the_real_archive(real: Path, collection: records.Collection) -> None:
    """The table of the published facts: reports, reports with images, images, frontal images."""
    assert (len(collection.reports), len(collection.images)) == (3955, 7470)
    table = views.read(real / "indiana_projections.csv")
    with_images = {image.report_id for image in collection.images}
    counts: dict[str, list[int]] = {name: [0, 0, 0, 0] for name in ("normal", "findings", "both", "quality", "none")}
    for report in collection.reports:
        counts[_row(report.majors)][0] += 1
        counts[_row(report.majors)][1] += report.report_id in with_images
    for image, view in zip(collection.images, views.of((i.image_id for i in collection.images), table), strict=True):
        counts[_row(image.majors)][2] += 1
        counts[_row(image.majors)][3] += view == "frontal"
    assert counts == {
        "normal": [1391, 1379, 2696, 1387],
        "findings": [2383, 2296, 4419, 2251],
        "both": [80, 78, 169, 82],
        "quality": [6, 6, 14, 7],
        "none": [95, 92, 172, 91],
    }
    per_report = Counter(image.report_id for image in collection.images)
    sizes = Counter(per_report.values()) | Counter({0: 3955 - len(per_report)})
    assert sizes == {0: 104, 1: 446, 2: 3208, 3: 181, 4: 15, 5: 1}
    all_views = Counter(views.of((image.image_id for image in collection.images), table))
    assert all_views == {"frontal": 3818, "lateral": 3648, "unknown": 4}


def test_archive_and_site_give_the_same_rows(archives: Path, items: list[dict]) -> None:
    small = archive.read_reports(archives / "NLMCXR_reports.tgz")
    parsed = [records.from_item(item, 512) for item in items]
    assert small.images == sorted(image for image, _ in parsed)
    assert {report.report_id: report for _, report in parsed} == {row.report_id: row for row in small.reports}


def test_archive_and_site_give_the_same_rows_for_the_real_collection(
    real_items: list[dict], collection: records.Collection
) -> None:
    parsed = [records.from_item(item, 512) for item in real_items]
    assert collection.images == sorted(image for image, _ in parsed)
    assert {report for _, report in parsed} < set(collection.reports)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../evil.xml", tarfile.REGTYPE),
        ("ecgen-radiology/../../evil.xml", tarfile.REGTYPE),
        ("/etc/evil.xml", tarfile.REGTYPE),
        ("C:\\evil.xml", tarfile.REGTYPE),
        ("..\\evil.xml", tarfile.REGTYPE),
        ("link.xml", tarfile.SYMTYPE),
        ("link.xml", tarfile.LNKTYPE),
        ("device.xml", tarfile.CHRTYPE),
        ("device.xml", tarfile.BLKTYPE),
        ("pipe.xml", tarfile.FIFOTYPE),
    ],
)
def test_dangerous_members_are_refused(tmp_path: Path, name: str, kind: bytes) -> None:
    path = tmp_path / "evil.tgz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member, io.BytesIO(b""))
    with pytest.raises(UserError, match="refused"):
        list(archive.members(path, ".xml"))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_an_archive_that_is_cut_short_is_an_error(archives: Path, tmp_path: Path, part: float) -> None:
    whole = (archives / "NLMCXR_reports.tgz").read_bytes()
    (tmp_path / "cut.tgz").write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(UserError, match="cut short or corrupt"):
        archive.read_reports(tmp_path / "cut.tgz")


def test_something_else_is_named(tmp_path: Path, archives: Path) -> None:
    (tmp_path / "page.tgz").write_text("<html>")
    with pytest.raises(UserError, match="corrupt"):
        archive.read_reports(tmp_path / "page.tgz")
    with pytest.raises(UserError, match="no archive"):
        archive.read_reports(tmp_path / "nothing.tgz")
    with pytest.raises(UserError, match="holds no reports"):
        archive.read_reports(archives / "NLMCXR_png.tgz")
    other = site_reports.tar(tmp_path / "other.tgz", {"a.xml": b"<eCitation/>"})
    with pytest.raises(UserError, match=r"a\.xml is not a report"):
        archive.read_reports(other)


def _row(majors: str) -> str:
    """The row of the table in which a report with these terms is counted."""
    found = terms.split(majors)
    kind = terms.kind(found)
    if kind == "abnormal":
        return "both" if terms.poor_quality(found) else "findings"
    return {"normal": "normal", "technical_quality": "quality", "unindexed": "none"}[kind]
