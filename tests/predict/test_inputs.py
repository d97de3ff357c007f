"""Which files are read, and what they are called."""

import os

import pytest

from stages.common.errors import UserError
from stages.predict.inputs import find
from tests.ingest import factory


@pytest.fixture
def folder(tmp_path):
    image = factory.encoded(factory.pixels())
    scan = factory.dicom(factory.pixels())
    content = {"a/1.png": image, "a/deep/2.PNG": image, "b/1.png": image, "b/IM0001": scan, "b/1.2.840": scan}
    return factory.write(tmp_path / "all", content | {"b/notes.txt": b"x", "b/.hidden.png": image})


def names(found):
    return [(each.image_id, each.source_path) for each in found]


def test_a_folder_is_read_whole_and_other_files_are_named(folder):
    found, rejected = find([folder])
    assert names(found) == [
        ("a__1", "a/1.png"),
        ("a__deep__2", "a/deep/2.PNG"),
        ("b__1", "b/1.png"),
        *sorted(names(found))[3:],
    ]
    assert {each.source_path for each in found[3:]} == {"b/IM0001", "b/1.2.840"}
    assert [(each.source_path, each.reason) for each in rejected] == [("b/notes.txt", "other_file")]


def test_names_are_below_the_folder_that_holds_all(folder, monkeypatch):
    assert names(find([folder / "a/1.png"])[0]) == [("1", "1.png")]
    assert [name for _, name in names(find([folder / "a/1.png", folder / "b/1.png"])[0])] == ["a/1.png", "b/1.png"]
    monkeypatch.chdir(folder / "a")
    assert [path for _, path in names(find([folder / "a/../a", folder / "a/1.png"])[0])] == ["1.png", "deep/2.PNG"]


def test_a_file_that_is_named_is_read_whatever_its_name(folder):
    found, rejected = find([folder / "b/notes.txt"])
    assert (names(found), rejected) == ([("notes", "notes.txt")], [])


def test_a_link_keeps_its_own_name(folder):
    (folder / "link.png").symlink_to(folder / "a/1.png")
    assert names(find([folder / "link.png"])[0]) == [("link", "link.png")]


@pytest.mark.parametrize(("name", "said"), [("gone.png", "gone.png is not there"), ("empty", "empty holds no images")])
def test_nothing_to_read_is_told_so(folder, name, said):
    (folder / "empty").mkdir()
    with pytest.raises(UserError, match=said):
        find([folder / name])


def test_a_name_that_is_no_text_is_refused(folder):
    path = os.fsencode(folder) + b"/caf\xe9.png"
    with open(path, "wb") as file:  # noqa: PTH123 -- pathlib takes no bytes
        file.write(b"x")
    with pytest.raises(UserError, match="not UTF-8; rename it"):
        find([folder / os.fsdecode(b"caf\xe9.png")])
