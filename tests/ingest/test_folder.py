"""The three shapes of a folder, its groups, boxes and masks; what is wrong is named."""

import pytest

from stages.common.errors import UserError
from stages.ingest.folder import read
from stages.ingest.settings import FolderSettings
from tests.ingest.factory import write

PNG = b"\x89PNG"  # reading a layout decodes nothing
DEFAULT = FolderSettings()


def listed(root, files, **settings):
    return read(write(root, files), FolderSettings(**settings))


def rows(listing, *columns):
    return [tuple(row) for row in listing.images[list(columns)].itertuples(index=False)]


def reasons(listing):
    return {(one.source_path, one.reason) for one in listing.rejected}


def test_class_folders(tmp_path):
    found = listed(
        tmp_path, {"b/1.png": PNG, "a/1.JPG": PNG, "a/deep/2.dcm": PNG, "a/notes.txt": b"", "stray.png": PNG}
    )
    assert found.layout == "class folders"
    assert rows(found, "source_path", "label", "split") == [
        ("a/1.JPG", "a", ""),
        ("a/deep/2.dcm", "a", ""),
        ("b/1.png", "b", ""),
    ]
    assert reasons(found) == {("a/notes.txt", "other_file"), ("stray.png", "unlabelled")}
    assert found.group_source == ""
    assert set(found.images["group_id"]) == {""}


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (("train", "val", "test"), ("train", "validation", "test")),
        (("Training", "validation", "Testing"), ("train", "validation", "test")),
        (("BALANCED", "Valid", "TEST"), ("train", "validation", "test")),
        (("training", "validation"), ("train", "validation")),
    ],
)
def test_split_folders(tmp_path, names, splits):
    found = listed(tmp_path, {f"{name}/{label}/1.png": PNG for name in names for label in ("x", "y")})
    assert found.layout == "split folders with class folders"
    expected = {(label, split) for split in splits for label in ("x", "y")}
    assert set(rows(found, "label", "split")) == expected


def test_labels_csv(tmp_path):
    table = (
        b"\xef\xbb\xbfpath,label,patient_id,split,view,finding\n"
        b"imgs/1.png,normal,007,train,PA,\n"
        b"imgs\\2.png, abnormal ,NA,Testing,AP,mass\n"
        b"./imgs/3.xyz,normal,007,,,\n"
        b"imgs/4.png,,007,,,\n"
        b"gone.png,normal,8,,,\n"
    )
    names = ("imgs/1.png", "imgs/2.png", "imgs/3.xyz", "imgs/4.png", "imgs/5.png", "imgs/6.txt")
    found = listed(tmp_path, {"labels.csv": table, **dict.fromkeys(names, PNG)})
    assert found.layout == "labels.csv"
    assert rows(found, "source_path", "label", "group_id", "split", "view", "finding") == [
        ("imgs/1.png", "normal", "007", "train", "PA", ""),
        ("imgs/2.png", "abnormal", "NA", "test", "AP", "mass"),
        ("imgs/3.xyz", "normal", "007", "", "", ""),
    ]
    assert found.group_source == "column patient_id of labels.csv"
    assert reasons(found) == {
        ("gone.png", "missing"),
        ("imgs/4.png", "unlabelled"),
        ("imgs/5.png", "unlabelled"),
        ("imgs/6.txt", "other_file"),
    }


def test_group_by_column_and_by_pattern(tmp_path):
    files = {"labels.csv": b"path,label,slide\na_1.png,x,s1\nb_2.png,y,s2\n", "a_1.png": PNG, "b_2.png": PNG}
    assert rows(listed(tmp_path, files, group_column="slide"), "group_id") == [("s1",), ("s2",)]
    assert rows(listed(tmp_path, files, group_pattern="^(.)_"), "group_id") == [("a",), ("b",)]
    named = listed(tmp_path, files, group_pattern=r"^(.)_(?P<group>\d)")
    assert rows(named, "group_id") == [("1",), ("2",)]
    assert "group_pattern" in named.group_source
    assert listed(tmp_path, files).group_source == ""


def test_masks_mirror_images_or_lie_beside_them(tmp_path):
    files = ["n/1.png", "a/1.jpg", "a/2.png", "a/2_mask.png", "a/2_mask_1.png", "a/face_mask.png"]
    files += ["masks/a/1.png", "masks/a/1_mask_2.tif", "masks/a/9.png"]
    found = listed(tmp_path, dict.fromkeys(files, PNG))
    assert found.masks == {
        "a/1.jpg": ["masks/a/1.png", "masks/a/1_mask_2.tif"],
        "a/2.png": ["a/2_mask.png", "a/2_mask_1.png"],
    }
    assert set(found.images["source_path"]) == {"n/1.png", "a/1.jpg", "a/2.png", "a/face_mask.png"}
    assert reasons(found) == {("masks/a/9.png", "region_without_image")}


def test_masks_within_splits(tmp_path):
    found = listed(tmp_path, dict.fromkeys(["train/p/1.png", "test/n/1.png", "masks/train/p/1.png"], PNG))
    assert found.masks == {"train/p/1.png": ["masks/train/p/1.png"]}
    assert found.layout == "split folders with class folders"


def test_boxes(tmp_path):
    boxes = b"path,finding,x,y,width,height\na/1.png,Mass,1,2.5,3,4\na/1.png,,5,5,1,1\ngone.png,Mass,1,1,1,1\n"
    found = listed(tmp_path, {"boxes.csv": boxes, "a/1.png": PNG, "b/1.png": PNG})
    assert [tuple(row) for row in found.boxes.itertuples(index=False)] == [
        ("a/1.png", "Mass", 1.0, 2.5, 3.0, 4.0),
        ("a/1.png", "", 5.0, 5.0, 1.0, 1.0),
    ]
    assert reasons(found) == {("gone.png", "region_without_image")}


TWO = {"a/1.png": PNG, "b/1.png": PNG}
LABELLED = {"a/1.png": PNG, "labels.csv": b"path,label\na/1.png,x\n"}


@pytest.mark.parametrize(
    ("files", "settings", "message"),
    [
        ({"1.png": PNG, "2.png": PNG}, {}, r"no labels: have one folder of images a class, or a labels\.csv"),
        ({"train/x/1.png": PNG, "extra/1.png": PNG}, {}, r"extra lie\(s\) beside train"),
        ({"Wrapper/a/1.png": PNG, "Wrapper/b/1.png": PNG}, {}, "one folder Wrapper; set source.path"),
        (
            TWO | {"labels.csv": b"file,label\na/1.png,x\n"},
            {},
            r"labels\.csv lacks the column\(s\) path; .* file, label",
        ),
        (TWO | {"labels.csv": b"path;label\na/1.png;x\n"}, {}, r"lacks the column\(s\) path, label"),
        (TWO | {"labels.csv": b""}, {}, r"labels\.csv cannot be read"),
        (TWO | {"labels.csv": b"path,label\n\xff\xfe,x\n"}, {}, r"labels\.csv cannot be read"),
        (TWO | {"labels.csv": b"path,label\nz.png,x\n"}, {}, r"names no image that is there \(the first is z\.png\)"),
        (TWO | {"labels.csv": b"path,label\na/1.png,x\n./a/1.png,y\n"}, {}, r"names a/1\.png twice"),
        (TWO | {"labels.csv": b"path,label\n../1.png,x\n"}, {}, "must lead to a file below source.path"),
        (TWO | {"labels.csv": b"path,label\n/etc/1.png,x\n"}, {}, "must lead to a file below source.path"),
        (TWO | {"labels.csv": b"path,label,split\na/1.png,x,dev\n"}, {}, r"split of a/1\.png is 'dev'; allowed"),
        (TWO | {"labels.csv": b"path,label,patient_id\na/1.png,x,\n"}, {}, r"patient_id is empty for a/1\.png"),
        (LABELLED, {"group_column": "patient"}, r"group_column is 'patient', but labels\.csv has only path, label"),
        (TWO, {"group_column": "patient"}, r"group_column is 'patient', but there is no labels\.csv"),
        (TWO, {"group_pattern": "^(seq)"}, r"'\^\(seq\)' finds no group in the file name of a/1\.png"),
        (TWO | {"masks/1.png": PNG}, {}, r"masks/1\.png belongs to no image"),
        (TWO | {"boxes.csv": b"path,x,y,width\na/1.png,1,1,1\n"}, {}, r"boxes\.csv lacks the column\(s\) height"),
        (TWO | {"boxes.csv": b"path,x,y,width,height\na/1.png,1,?,1,1\n"}, {}, r"y of a/1\.png is '\?'"),
        (
            TWO | {"boxes.csv": b"path,x,y,width,height\n1.png,1,1,1,1\n"},
            {},
            r"boxes\.csv names no image that is there",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path, files, settings, message):
    with pytest.raises(UserError, match=message):
        listed(tmp_path, files, **settings)


@pytest.mark.parametrize(
    "settings",
    [{"group_pattern": "(["}, {"group_pattern": "seq"}, {"group_pattern": "(a)", "group_column": "b"}],
)
def test_settings_are_checked(settings):
    with pytest.raises(ValueError, match="group"):
        FolderSettings(**settings)
