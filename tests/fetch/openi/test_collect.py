"""The whole source against the stand-in of the site."""

import csv
import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stages.common.errors import NetworkError, UserError
from stages.fetch.openi import collect, fetch, images
from tests.fetch.openi.conftest import WIDTH, quick
from tests.openi_site import old_pages, radiograph
from tests.openi_site.faults import ALL, Faults
from tests.openi_site.items import image_id
from tests.openi_site.reports import Report
from tests.openi_site.server import Site

RUN = """
import sys
from pathlib import Path
from stages.fetch.openi import fetch
from stages.fetch.openi.settings import Settings
fetch(Settings.model_validate_json(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return tmp_path / "raw"


def contents(folder: Path) -> dict[str, str]:
    """The digest of each file by its path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def projections(inbox: Path, items: list[dict]) -> str:
    """A table of views for all images but the last."""
    lines = ["uid,filename,projection"]
    for place, item in enumerate(items[:-1]):
        lines.append(f"1,{image_id(item).removeprefix('CXR')}.dcm.png,{('Frontal', 'Lateral')[place % 2]}")
    (inbox / "views.csv").write_text("\n".join(lines))
    return "views.csv"


def test_the_whole_collection_arrives(site: Site, inbox: Path, raw: Path) -> None:
    metrics = fetch(quick(site), inbox, raw)
    for item in site.items:
        assert (raw / "images" / f"{image_id(item)}.png").read_bytes() == site.picture(item["imgLarge"])
    assert {path.name for path in raw.iterdir()} == {"images", "openi", "ATTRIBUTION.txt"}
    assert len(list((raw / "images").iterdir())) == metrics["images"] == len(site.items)
    assert "CC BY-NC-ND" in (raw / "ATTRIBUTION.txt").read_text()
    assert not list(raw.parent.glob(".raw*"))
    assert metrics["requests"] == len(site.visits)
    assert sum(metrics["classes"].values()) == len(site.items)
    assert json.dumps(metrics)
    check = subprocess.run(["sha256sum", "--check", "--quiet", "openi/SHA256SUMS"], cwd=raw, check=False)
    assert check.returncode == 0


def test_with_every_fault_at_once_the_same_bytes_arrive(site: Site, inbox: Path, raw: Path, tmp_path: Path) -> None:
    fetch(quick(site), inbox, raw)
    site.faults = Faults(dict.fromkeys(ALL, 0.03), 40, throttle_seconds=0.2, hang_seconds=1.0, seed=3)
    network = {"read_timeout": 0.5, "answer_timeout": 0.7}
    metrics = fetch(quick(site, network), inbox, tmp_path / "other")
    assert contents(tmp_path / "other") == contents(raw)
    assert sum(metrics["refused"].values()) > 5
    assert metrics["throttles"] > 0
    assert {visit.host.partition(":")[0] for visit in site.visits} == {"127.0.0.1"}


def test_what_is_there_is_used_without_any_network(site: Site, inbox: Path, raw: Path) -> None:
    fetch(quick(site), inbox, raw)
    before, asked = contents(raw), len(site.visits)
    metrics = fetch(quick(site), inbox, raw)
    assert contents(raw) == before
    assert (metrics["requests"], len(site.visits)) == (0, asked)


def test_only_what_is_missing_or_changed_is_fetched(site: Site, inbox: Path, raw: Path) -> None:
    fetch(quick(site), inbox, raw)
    before, asked = contents(raw), len(site.visits)
    first, second, third = sorted((raw / "images").iterdir())[:3]
    first.unlink()
    second.write_bytes(third.read_bytes())
    (raw / "images" / "stranger.png").write_bytes(b"x")
    (raw / "other").mkdir()
    (raw / "other" / "file").write_text("x")
    fetch(quick(site), inbox, raw)
    assert contents(raw) == before
    assert not (raw / "other").exists()
    assert sorted(Path(visit.address).name for visit in site.visits[asked:]) == [first.name, second.name]


def test_a_broken_table_is_made_again(site: Site, inbox: Path, raw: Path) -> None:
    fetch(quick(site), inbox, raw)
    before = contents(raw)
    (raw / "openi" / "images.csv").write_text("")
    fetch(quick(site), inbox, raw)
    assert contents(raw) == before
    (raw / "openi" / "manifest.csv").write_text("")
    fetch(quick(site), inbox, raw)
    assert contents(raw) == before


def test_a_broken_run_goes_on_where_it_was(
    site: Site, inbox: Path, raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(quick(site), inbox, tmp_path / "whole")
    for stop_after in (3, 15, 30):
        site.visits.clear()
        _stop(monkeypatch, stop_after)
        with pytest.raises(KeyboardInterrupt):
            fetch(quick(site), inbox, raw)
        monkeypatch.undo()
    site.visits.clear()
    fetch(quick(site), inbox, raw)
    kept = {path.name for path in (raw / "images").iterdir()}
    assert len(site.visits) < len(kept)
    assert contents(raw) == contents(tmp_path / "whole")


def test_nothing_that_is_kept_is_asked_for_again(
    site: Site, inbox: Path, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stop_after in (4, 20, 35, 1000):
        before = {path.name for path in (raw / "images").glob("*.png")}
        listed = (raw / "openi" / "listing.json").exists()
        site.visits.clear()
        _stop(monkeypatch, stop_after)
        try:
            fetch(quick(site), inbox, raw)
        except KeyboardInterrupt:
            assert not (raw / "openi" / "SHA256SUMS").exists()
        monkeypatch.undo()
        asked = [Path(visit.address.partition("?")[0]).name for visit in site.visits]
        assert not before & set(asked)
        assert not (listed and "search" in asked)
    assert len(list((raw / "images").iterdir())) == len(site.items)


def test_killed_at_random_it_ends_with_the_same_bytes(site: Site, inbox: Path, raw: Path, tmp_path: Path) -> None:
    fetch(quick(site), inbox, tmp_path / "whole")
    settings = quick(site, {"images_per_minute": 3000.0})
    (tmp_path / "settings.json").write_text(settings.model_dump_json())
    command = [sys.executable, "-c", RUN, tmp_path / "settings.json", inbox, raw]
    for moment in (3, 18, 30):
        before = {path.name for path in (raw / "images").glob("*.png")}
        site.visits.clear()
        with subprocess.Popen(command) as process:
            while len(site.visits) < moment and process.poll() is None:
                time.sleep(0.005)
            process.kill()
        asked = {Path(visit.address.partition("?")[0]).name for visit in site.visits}
        assert not before & asked
    fetch(quick(site), inbox, raw)
    assert contents(raw) == contents(tmp_path / "whole")


def test_a_refresh_on_purpose_asks_for_everything(site: Site, inbox: Path, raw: Path) -> None:
    fetch(quick(site), inbox, raw)
    asked = len(site.visits)
    (raw / "openi" / "listing.json").unlink()
    fetch(quick(site), inbox, raw)
    assert len(site.visits) == 2 * asked


def test_a_file_without_its_line_in_the_journal_is_checked_again(
    site: Site, inbox: Path, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stop(monkeypatch, 25)
    with pytest.raises(KeyboardInterrupt):
        fetch(quick(site), inbox, raw)
    monkeypatch.undo()
    (journal,) = raw.parent.glob(".raw.openi/*/journal.csv")
    journal.unlink()
    whole, broken = sorted((raw / "images").iterdir())[:2]
    broken.write_bytes(broken.read_bytes()[:-50])
    site.visits.clear()
    fetch(quick(site), inbox, raw)
    asked = {Path(visit.address).name for visit in site.visits}
    assert broken.name in asked
    assert whole.name not in asked


def test_missing_images_are_an_error_with_a_list(site: Site, inbox: Path, raw: Path) -> None:
    gone = _lose(site, 3)
    with pytest.raises(NetworkError, match=r"3 of \d+ images are missing") as error:
        fetch(quick(site), inbox, raw)
    (listed,) = raw.parent.glob(".raw.openi/*/missing.csv")
    assert str(listed) in str(error.value)
    with listed.open(newline="") as file:
        assert list(csv.reader(file)) == [["image_id", "reason"], *([name, "not_found"] for name in gone)]
    assert not (raw / "openi" / "SHA256SUMS").exists()


def test_missing_images_can_be_accepted_and_asked_for_later(site: Site, inbox: Path, raw: Path) -> None:
    honest = site.picture
    gone = _lose(site, 3)
    settings = quick(site, allow_partial=True)
    metrics = fetch(settings, inbox, raw)
    assert (metrics["partial"], metrics["missing"]) == (True, 3)
    assert metrics["exclusions"] == {"not_found": 3}
    asked = len(site.visits)
    assert fetch(settings, inbox, raw)["partial"]
    assert len(site.visits) == asked
    site.picture = honest
    metrics = fetch(quick(site), inbox, raw)
    assert (metrics["partial"], metrics["missing"]) == (False, 0)
    assert {Path(visit.address).stem for visit in site.visits[asked:]} == set(gone)


def test_a_short_listing_is_an_error_and_is_asked_for_anew(site: Site, inbox: Path, raw: Path) -> None:
    settings = quick(site, {"retries": 1}, expected=len(site.items) + 4)
    with pytest.raises(NetworkError, match="are expected"):
        fetch(settings, inbox, raw)
    metrics = fetch(settings.model_copy(update={"allow_partial": True}), inbox, raw)
    assert metrics["partial"]
    assert metrics["expected"] - metrics["listed"] == 4


def test_a_placeholder_picture_is_no_image(site: Site, inbox: Path, raw: Path) -> None:
    honest, placeholder = site.picture, radiograph.png("not available", WIDTH, abnormal=False)
    site.picture = lambda path: placeholder if path.endswith("1001.png") else honest(path)
    with pytest.raises(NetworkError, match="are missing"):
        fetch(quick(site), inbox, raw)
    site.picture = honest
    assert fetch(quick(site), inbox, raw)["missing"] == 0


def test_a_site_that_gives_nothing_is_left_alone_soon(site: Site, inbox: Path, raw: Path) -> None:
    site.picture = lambda _: None
    with pytest.raises(NetworkError, match="in a row"):
        fetch(quick(site), inbox, raw)
    assert sum(visit.address.startswith("/imgs") for visit in site.visits) < images.GIVE_UP_AFTER + 10


def test_exact_duplicates_are_reported(site: Site, inbox: Path, raw: Path) -> None:
    honest, twin, original = site.picture, site.items[5], site.items[2]
    site.picture = lambda path: honest(original["imgLarge"] if path == twin["imgLarge"] else path)
    assert fetch(quick(site), inbox, raw)["exact_duplicates"] == 1
    with (raw / "openi" / "images.csv").open(newline="") as file:
        pairs = {(row["image_id"], row["duplicate_of"]) for row in csv.DictReader(file) if row["duplicate_of"]}
    first, second = sorted((image_id(original), image_id(twin)))
    assert pairs == {(second, first)}


def test_a_limit_takes_a_balanced_sample_and_a_larger_one_only_the_rest(site: Site, inbox: Path, raw: Path) -> None:
    metrics = fetch(quick(site, limit=10), inbox, raw)
    assert metrics["classes"] == {"abnormal": 5, "normal": 5}
    assert metrics["exclusions"] == {"limit": len(site.items) - 10}
    asked = len(site.visits)
    fetch(quick(site, limit=16), inbox, raw)
    assert len(site.visits) == asked + 6
    fetch(quick(site, limit=10), inbox, raw)
    assert len(site.visits) == asked + 6
    assert len(list((raw / "images").iterdir())) == 10


def test_the_archives_give_the_same_rows(site: Site, inbox: Path, raw: Path, archives: Path, tmp_path: Path) -> None:
    fetch(quick(site), inbox, raw)
    metrics = fetch(quick(site, via="archive"), inbox, tmp_path / "downloaded")
    assert metrics["requests"] == 2
    shutil.copy(archives / "NLMCXR_reports.tgz", inbox)
    shutil.copy(archives / "NLMCXR_png.tgz", inbox)
    asked = len(site.visits)
    metrics = fetch(quick(site, via="archive"), inbox, tmp_path / "at hand")
    assert (metrics["requests"], len(site.visits)) == (0, asked)
    assert contents(tmp_path / "at hand") == contents(tmp_path / "downloaded")
    for name in ("manifest.csv", "reports.csv", "images.csv"):
        ours, theirs = raw / "openi" / name, tmp_path / "at hand" / "openi" / name
        assert ours.read_bytes() == theirs.read_bytes()


def test_a_colleague_without_the_archives_needs_no_network(
    site: Site, inbox: Path, raw: Path, archives: Path, tmp_path: Path
) -> None:
    for name in ("NLMCXR_reports.tgz", "NLMCXR_png.tgz"):
        shutil.copy(archives / name, inbox)
    settings = quick(site, via="archive", projections=projections(inbox, site.items))
    fetch(settings, inbox, raw)
    before = contents(raw)
    assert fetch(settings, tmp_path / "empty inbox", raw)["views"]["frontal"] > 0
    assert contents(raw) == before
    assert not site.visits


def test_dicom_files_come_from_their_archive(site: Site, reports: list[Report], inbox: Path, raw: Path) -> None:
    settings = quick(site, via="archive", archive={"images": "dicom", "url": f"{site.address}/imgs/collections"})
    with pytest.raises(UserError, match="are missing"):
        fetch(settings, inbox, raw)
    metrics = fetch(settings.model_copy(update={"allow_partial": True}), inbox, raw)
    names = {f"{name}.dcm" for report in reports[:5] for name in report.image_ids}
    assert {path.name for path in (raw / "images").iterdir()} == names
    assert metrics["images"] == len(names)


def test_changing_the_size_begins_anew(site: Site, inbox: Path, raw: Path) -> None:
    fetch(quick(site), inbox, raw)
    site.width = 512
    fetch(quick(site, image_size=100), inbox, raw)
    for path in (raw / "images").iterdir():
        assert radiograph.png(path.stem, 100, _abnormal(site, path.stem)) == path.read_bytes()


def test_saved_pages_with_and_without_pictures(site: Site, inbox: Path, raw: Path) -> None:
    old_pages.save(inbox / "pages", site.items)
    for item in site.items[:7]:
        (inbox / "pages" / f"{image_id(item)}.png").write_bytes(site.picture(item["imgLarge"]))
    metrics = fetch(quick(site, via="pages"), inbox, raw)
    assert metrics["images"] == len(site.items)
    assert metrics["requests"] == len(site.visits) == len(site.items) - 7


def test_pages_added_later_are_read(site: Site, inbox: Path, raw: Path) -> None:
    settings = quick(site, via="pages", expected=None)
    old_pages.save(inbox / "pages" / "first", site.items[:10])
    assert fetch(settings, inbox, raw)["images"] == 10
    old_pages.save(inbox / "pages" / "second", site.items[10:14])
    asked = len(site.visits)
    assert fetch(settings, inbox, raw)["images"] == 14
    assert len(site.visits) == asked + 4


def test_views_are_copied_beside_the_images_and_follow_the_table(site: Site, inbox: Path, raw: Path) -> None:
    settings = quick(site, projections=projections(inbox, site.items))
    metrics = fetch(settings, inbox, raw)
    assert metrics["views"]["unknown"] == 1
    assert metrics["view_source"] == "views.csv"
    asked = len(site.visits)
    projections(inbox, site.items[:11])
    assert fetch(settings, inbox, raw)["views"] == {"frontal": 5, "lateral": 5, "unknown": len(site.items) - 10}
    assert fetch(quick(site), inbox, raw)["views"] == {"unknown": len(site.items)}
    assert not (raw / "openi" / "projections.csv").exists()
    assert len(site.visits) == asked


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "filename,projection\nx,Oblique\n", ""])
def test_a_wrong_table_of_views_stops_before_any_network(site: Site, inbox: Path, raw: Path, text: str) -> None:
    (inbox / "views.csv").write_text(text)
    with pytest.raises(UserError, match=r"views\.csv"):
        fetch(quick(site, projections="views.csv"), inbox, raw)
    with pytest.raises(UserError, match=r"no table of views.*nothing\.csv"):
        fetch(quick(site, projections="nothing.csv"), inbox, raw)
    assert not site.visits


def test_an_archive_with_a_dangerous_member_leaves_nothing(site: Site, inbox: Path, raw: Path, archives: Path) -> None:
    from tests.openi_site import reports as site_reports

    shutil.copy(archives / "NLMCXR_reports.tgz", inbox)
    site_reports.tar(inbox / "NLMCXR_png.tgz", {"../evil.png": b"x"})
    with pytest.raises(UserError, match="refused"):
        fetch(quick(site, via="archive"), inbox, raw)
    assert not (raw / "openi" / "SHA256SUMS").exists()
    assert not list(inbox.parent.rglob("evil*"))


def test_other_files_in_an_archive_are_passed_over(site: Site, inbox: Path, raw: Path, archives: Path) -> None:
    from tests.openi_site import reports as site_reports

    shutil.copy(archives / "NLMCXR_reports.tgz", inbox)
    name = image_id(site.items[0])
    content = {"._x.png": b"", "readme.txt": b"", "CXR99999_IM-0001-1001.png": b"", f"{name}.png": b"<html>"}
    site_reports.tar(inbox / "NLMCXR_png.tgz", content)
    with pytest.raises(UserError, match=f"{len(site.items)} of {len(site.items)} images are missing"):
        fetch(quick(site, via="archive"), inbox, raw)


def _abnormal(site: Site, name: str) -> bool:
    (item,) = (item for item in site.items if image_id(item) == name)
    return item["MeSH"]["major"] != ["normal"]


def _lose(site: Site, count: int) -> list[str]:
    """Make the site answer 404 for some images; returns their ids."""
    honest, gone = site.picture, sorted(image_id(item) for item in site.items[4 : 4 + count])
    site.picture = lambda path: None if Path(path).stem in gone else honest(path)
    return gone


def _stop(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Interrupt the run, as Ctrl-C does, once so many answers were kept."""
    write, count = collect.files.write_bytes, 0

    def counted(path: Path, content: bytes) -> None:
        nonlocal count
        count += 1
        if count > after:
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(collect.files, "write_bytes", counted)
