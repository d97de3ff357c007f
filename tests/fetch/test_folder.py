"""The folder source: a copy that is kept up to date, and nothing else."""

import pytest

from stages.common.errors import UserError
from stages.fetch import folder

FILES = {
    "labels.csv": b"path,label\n",
    "normal/a.png": b"a" * 10,
    "abnormal/b.png": b"b" * 20,
    "masks/abnormal/b.png": b"m",
}


def make(root, contents):
    for path, content in contents.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def contents(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_copies_all_but_litter(tmp_path):
    litter = {
        ".DS_Store": b"",
        "normal/._a.png": b"x",
        "normal/Thumbs.db": b"x",
        ".gitkeep": b"",
        "__MACOSX/a.png": b"x",
    }
    source = make(tmp_path / "source", FILES | litter)
    assert folder.fetch(source, tmp_path / "raw") == {"files": 4, "bytes": 42}
    assert contents(tmp_path / "raw") == FILES
    assert contents(source) == FILES | litter


def test_keeps_what_is_right_and_brings_only_the_rest(tmp_path):
    source, raw = make(tmp_path / "source", FILES), tmp_path / "raw"
    folder.fetch(source, raw)
    before = {path: (raw / path).stat().st_ino for path in FILES}
    (source / "normal/a.png").write_bytes(b"A" * 10)  # same size
    (source / "masks/abnormal/b.png").unlink()
    make(source, {"normal/new.png": b"n"})
    make(raw, {"stray/c.png": b"c", "normal/.a.png.k3.part": b"half"})
    folder.fetch(source, raw)
    assert contents(raw) == contents(source)
    assert not (raw / "stray").exists()
    assert (raw / "abnormal/b.png").stat().st_ino == before["abnormal/b.png"]


def test_a_file_may_become_a_folder(tmp_path):
    source, raw = make(tmp_path / "source", {"a.png": b"1", "x/b.png/c.png": b"2"}), tmp_path / "raw"
    make(raw, {"x": b"a file where a folder belongs", "a.png/inner": b"a folder where a file belongs"})
    folder.fetch(source, raw)
    assert contents(raw) == {"a.png": b"1", "x/b.png/c.png": b"2"}


def test_links_in_raw_are_replaced_not_followed(tmp_path):
    """A dvc cache may be linked into the workspace: writing through a link would spoil it."""
    cached = tmp_path / "cached"
    cached.write_bytes(b"old")
    source = make(tmp_path / "source", {"n/a.png": b"new"})
    (tmp_path / "raw/n").mkdir(parents=True)
    (tmp_path / "raw/n/a.png").symlink_to(cached)
    folder.fetch(source, tmp_path / "raw")
    assert cached.read_bytes() == b"old"
    assert (tmp_path / "raw/n/a.png").read_bytes() == b"new"


def test_links_in_the_source_are_followed_once(tmp_path):
    real = make(tmp_path / "real", {"a.png": b"1"})
    source = make(tmp_path / "source", {"n/b.png": b"2"})
    (source / "linked").symlink_to(real)
    (source / "n/back").symlink_to(source)
    folder.fetch(source, tmp_path / "raw")
    assert contents(tmp_path / "raw") == {"linked/a.png": b"1", "n/b.png": b"2"}


def test_dicom_without_suffix_is_an_image(tmp_path):
    source = make(tmp_path / "source", {"n/IM0001": bytes(128) + b"DICM", "n/1.2.840.7": bytes(128) + b"DICM"})
    assert folder.fetch(source, tmp_path / "raw")["files"] == 2


@pytest.mark.parametrize("files", [{}, {".gitkeep": b""}, {"notes.txt": b"x", "README": b"x"}])
def test_a_folder_without_images_is_refused(tmp_path, files):
    (tmp_path / "source").mkdir()
    make(tmp_path / "source", files)
    with pytest.raises(UserError, match=r"source holds no images; put images in or set source\.path"):
        folder.fetch(tmp_path / "source", tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def locked(kind, path):
    """A dvc.lock in the current folder that says where data/raw came from."""
    values = f"source.kind: {kind}\n        source.path: {path}\n"
    folder.LOCK.write_text(f"schema: '2.0'\nstages:\n  fetch:\n    params:\n      params.yaml:\n        {values}")


def test_a_clone_or_a_queued_experiment_without_the_folder_s_images_uses_what_dvc_has(workspace, capsys):
    source, raw = make(workspace / "inbox", {".gitkeep": b""}), make(workspace / "raw", FILES)
    locked("folder", source)
    assert folder.fetch(source, raw) == {"files": 4, "bytes": sum(map(len, FILES.values()))}
    assert contents(raw) == FILES
    assert "holds no images; the 4 files of" in capsys.readouterr().out


@pytest.mark.parametrize(("kind", "name"), [("phantom", "inbox"), ("folder", "other"), (None, "")])
def test_what_came_from_elsewhere_is_not_taken_for_the_folder_s(workspace, kind, name):
    source, raw = make(workspace / "inbox", {".gitkeep": b""}), make(workspace / "raw", FILES)
    if kind is not None:
        locked(kind, workspace / name)
    with pytest.raises(UserError, match="inbox holds no images; put images in"):
        folder.fetch(source, raw)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"is not a folder.*source\.path"):
        folder.fetch(tmp_path / "nowhere", tmp_path / "raw")


@pytest.mark.parametrize(("source", "raw"), [("data", "data/raw"), ("data/raw/inner", "data/raw")])
def test_source_and_raw_must_lie_apart(tmp_path, source, raw):
    make(tmp_path / "data/raw/inner", {"a.png": b"1"})
    with pytest.raises(UserError, match="one in the other"):
        folder.fetch(tmp_path / source, tmp_path / raw)
