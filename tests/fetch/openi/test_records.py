import copy
from pathlib import Path

import pytest

from stages.common.errors import UserError
from stages.fetch.openi import records
from stages.fetch.openi.records import Collection, Image, Report


def test_an_item_becomes_a_row_for_each_size(items: list[dict]) -> None:
    image, report = records.from_item(items[0] | {"unknown": 1}, 150)
    assert image.image_path == items[0]["imgGrid150"]
    assert (image.report_id, report.report_id) == (items[0]["uid"], items[0]["uid"])
    assert image.caption == "PA and lateral views"
    assert report.findings == "The heart is normal in size. [<The lungs are clear.>] Seen by Dr. <XXXX>"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("imgLarge", "/imgs/512/1/1/../../../../etc/passwd.png"),
        ("imgLarge", "https://elsewhere.example/imgs/512/1/1/CXR1_IM-0001-1001.png"),
        ("imgLarge", "/imgs/512/1/1/CXR1_IM-0001-1001.exe"),
        ("imgLarge", "/imgs/512/1/1/CXR12_IM-0001-1001.png"),
        ("imgLarge", None),
        ("uid", "CXR2"),
        ("MeSH", None),
        ("image", {"id": "F1"}),
    ],
)
def test_what_cannot_be_an_item_is_refused(items: list[dict], key: str, value: object) -> None:
    with pytest.raises(ValueError):
        records.from_item(copy.deepcopy(items[0]) | {key: value}, 512)


def test_an_abstract_becomes_plain_text() -> None:
    html = "<p><b>Comparison: </b>None.</p><p><b>Findings: </b>One<BR>two &amp; 5 &lt; 6, [<The heart</p>"
    assert records.sections(html) == ("None.", "", "One two & 5 < 6, [<The heart", "")
    assert records.sections("") == ("", "", "", "")


def test_one_id_with_two_contents_is_an_error() -> None:
    image = Image("CXR1_a", "CXR1", "F1", "", "normal", "/imgs/512/1/1/CXR1_a.png", "")
    other = Image("CXR1_a", "CXR1", "F1", "", "Cardiomegaly", "/imgs/512/1/1/CXR1_a.png", "")
    assert Collection([image, image], [], 1, {}).images == [image]
    with pytest.raises(records.ConflictError, match="CXR1_a"):
        Collection([image, other], [], 1, {})


def test_the_names_of_the_archives_meet() -> None:
    assert records.archive_key("NLMCXR_dcm/1/1_IM-0001-3001.dcm") == records.archive_key("CXR1_1_IM-0001-3001")
    assert records.archive_key("10_IM-0002-2001.dcm.png") == records.archive_key("CXR10_IM-0002-2001.png")
    assert records.archive_key("README.txt") is None


def test_tables_keep_every_character(tmp_path: Path) -> None:
    rows = [Report("CXR1", "a|b", '"', "NA", "x, y", "é < 5", ""), Report("CXR2", "", "", "", "", "", "")]
    records.write_table(tmp_path / "reports.csv", rows, Report)
    assert records.read_table(tmp_path / "reports.csv", Report) == rows
    with pytest.raises(UserError, match="other columns"):
        records.read_table(tmp_path / "reports.csv", Image)
