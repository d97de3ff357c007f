"""`python -m stages.fetch.openi`: plan, verify, repair, compare."""

import shutil
from pathlib import Path

import pytest

from stages.common.errors import UserError
from stages.fetch.openi import __main__ as commands
from stages.fetch.openi import fetch, plan
from stages.fetch.openi.collect import Work
from stages.fetch.openi.settings import Settings
from tests.fetch.openi.conftest import quick
from tests.openi_site import reports as site_reports
from tests.openi_site.items import image_id
from tests.openi_site.server import Site


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox", tmp_path / "raw"


def test_the_plan_for_the_whole_collection_from_the_defaults(folders: tuple[Path, Path]) -> None:
    found = plan.make(Work(Settings(), *folders))
    assert (found.searches, found.images, found.complete) == (75, 7470, False)
    assert found.minutes == pytest.approx(75 / 10 + 7470 / 60)
    assert (
        str(found)
        == "75 searches and 7470 image downloads: about 1,345 MB, at least 132 minutes at the rates that are set"
    )


def test_the_plan_names_the_archives_that_are_not_at_hand(folders: tuple[Path, Path], archives: Path) -> None:
    settings = Settings(via="archive", archive={"images": "dicom"})
    assert plan.make(Work(settings, *folders)).archives == ["NLMCXR_reports.tgz", "NLMCXR_dcm.tgz"]
    shutil.copy(archives / "NLMCXR_reports.tgz", folders[0])
    assert "the tar file NLMCXR_dcm.tgz: about 80,695 MB" in str(plan.make(Work(settings, *folders)))
    shutil.copy(archives / "NLMCXR_dcm.tgz", folders[0])
    assert "files at hand" in str(plan.make(Work(settings, *folders)))


def test_a_plan_asks_nothing_and_counts_what_is_there(site: Site, folders: tuple[Path, Path]) -> None:
    fetch(quick(site, limit=10), *folders)
    asked = len(site.visits)
    found = plan.make(Work(quick(site), *folders))
    assert (found.searches, found.images) == (0, len(site.items) - 10)
    assert plan.make(Work(quick(site, limit=10), *folders)).complete
    assert len(site.visits) == asked


def test_verify_finds_what_repair_mends(site: Site, folders: tuple[Path, Path]) -> None:
    work = Work(quick(site), *folders)
    with pytest.raises(UserError, match="run `dvc repro fetch`"):
        commands.verify(work)
    fetch(quick(site), *folders)
    assert "as the lock file says" in commands.verify(work)
    broken, gone = sorted((folders[1] / "images").iterdir())[:2]
    broken.write_bytes(b"x")
    gone.unlink()
    with pytest.raises(UserError, match=r"is changed \(and 2 more\)"):
        commands.verify(work)
    asked = len(site.visits)
    assert "2 requests; 0 files are other than before" in commands.repair(Work(quick(site), *folders))
    assert len(site.visits) == asked + 2
    assert "as the lock file says" in commands.verify(work)


def test_repair_asks_for_what_a_partial_run_could_not_get(site: Site, folders: tuple[Path, Path]) -> None:
    honest, lost = site.picture, site.items[3]["imgLarge"]
    site.picture = lambda path: None if path == lost else honest(path)
    settings = quick(site, allow_partial=True)
    fetch(settings, *folders)
    site.picture = honest
    commands.repair(Work(settings, *folders))
    assert (folders[1] / "images" / f"{image_id(site.items[3])}.png").exists()


def test_the_labels_of_site_and_archive_are_compared(site: Site, folders: tuple[Path, Path], archives: Path) -> None:
    fetch(quick(site), *folders)
    work = Work(quick(site), *folders)
    assert "have the labels" in commands.compare(work, archives / "NLMCXR_reports.tgz")
    others = [site_reports.Report(1, ("Cardiomegaly",)), site_reports.Report(999)]
    site_reports.write(folders[0] / "NLMCXR_reports.tgz", others)
    with pytest.raises(UserError, match="images have other labels"):
        commands.compare(work, None)
