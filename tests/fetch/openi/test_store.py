from pathlib import Path

from stages.fetch.openi import archive, views
from stages.fetch.openi.store import Journal, Store


def test_a_manifest_that_was_changed_is_no_manifest(archives: Path, tmp_path: Path) -> None:
    collection, store = archive.read_reports(archives / "NLMCXR_reports.tgz"), Store(tmp_path / "raw")
    assert store.read_manifest() is None
    store.write_manifest(collection.images, collection.reports, {"total": 3})
    assert store.read_manifest() == ({"total": 3}, collection.images)
    for path in (store.manifest, store.reports, store.listing):
        whole = path.read_bytes()
        path.write_bytes(whole[:-9])
        assert store.read_manifest() is None
        path.write_bytes(whole)
    assert store.read_manifest() is not None


def test_the_lock_file_finds_every_difference(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name in ("one", "two", "three"):
        store.path(name, ".png").parent.mkdir(exist_ok=True)
        store.path(name, ".png").write_text(name)
    store.lock.parent.mkdir()
    store.write_lock()
    assert list(store.differences()) == []
    store.path("one", ".png").unlink()
    store.path("two", ".png").write_text("other")
    store.path("four", ".png").write_text("four")
    differences = dict(store.differences())
    assert differences == {"images/four.png": "not listed", "images/one.png": "missing", "images/two.png": "changed"}


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state" / "journal.csv")
    assert journal.read() == {}
    journal.add("a.png", "d1", (3, 4))
    with (tmp_path / "state" / "journal.csv").open("a") as file:
        file.write("b.png,d2")
    journal.add("c.png", "d3", (5, 6))
    journal.add("d.png", "d4", (7, 8))
    assert journal.read() == {"a.png": ("d1", 3, 4), "d.png": ("d4", 7, 8)}


def test_views_come_from_the_table_alone(tmp_path: Path) -> None:
    (tmp_path / "views.csv").write_text("uid,filename,projection\n1,1_IM-0001-4001.dcm.png,Frontal\n")
    table = views.read(tmp_path / "views.csv")
    assert views.of(["CXR1_1_IM-0001-4001", "CXR1_1_IM-0001-3001"], table) == ["frontal", "unknown"]
    assert views.of(["CXR1_1_IM-0001-4001"], views.read(None)) == ["unknown"]
