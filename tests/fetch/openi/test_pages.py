from pathlib import Path

import pytest

from stages.common.errors import UserError
from stages.fetch.openi import archive, pages
from tests.openi_site import old_pages


def test_saved_pages_give_the_rows_of_the_archive(archives: Path, items: list[dict], tmp_path: Path) -> None:
    old_pages.save(tmp_path / "pages", items)
    found = pages.read(tmp_path / "pages", 512)
    wanted = archive.read_reports(archives / "NLMCXR_reports.tgz")
    assert found.images == wanted.images
    assert found.reports == wanted.reports
    assert found.total == len(items)


def test_pages_without_texts_give_the_labels(items: list[dict], tmp_path: Path) -> None:
    old_pages.save(tmp_path / "pages", items[:9], with_text=False)
    found = pages.read(tmp_path / "pages", 512)
    assert len(found.images) == 9
    assert all(image.majors for image in found.images)
    assert all(report.findings == "" for report in found.reports)


def test_a_result_page_without_its_detail_pages_is_noticed(items: list[dict], tmp_path: Path) -> None:
    old_pages.save(tmp_path / "pages", items[:10])
    next((tmp_path / "pages").glob("detail-*")).unlink()
    found = pages.read(tmp_path / "pages", 512)
    assert (len(found.images), found.total) == (9, 10)


def test_other_pages_are_passed_over_and_broken_ones_named(items: list[dict], tmp_path: Path) -> None:
    old_pages.save(tmp_path / "pages", items[:2])
    (tmp_path / "pages" / "about.html").write_text("<html><script>var x = 1;</script></html>")
    assert len(pages.read(tmp_path / "pages", 512).images) == 2
    (tmp_path / "pages" / "broken.html").write_text("<script>var oi = [{;</script>")
    with pytest.raises(UserError, match=r"broken\.html"):
        pages.read(tmp_path / "pages", 512)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no saved pages"):
        pages.read(tmp_path, 512)
