"""Images are checked one by one: one at fault is left out with its reason, too many stop the stage."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.common import tables
from stages.common.errors import UserError
from stages.ingest import folder
from stages.ingest.settings import FolderSettings, Settings
from stages.ingest.summary import summary
from stages.ingest.take import take
from tests.ingest.factory import class_folders, dicom, encoded, pixels, write

CLASSES = {"classes": ["x", "y"], "positive_class": "y", "min_size": 16}
GOOD = class_folders(["x", "y"], each=4)


def taken(root: Path, files: dict[str, bytes], workers: int = 2, **settings: object):
    raw = write(root / "raw", files)
    for name in ("images", "masks"):
        (root / name).mkdir()
    chosen = Settings(**{**CLASSES, **settings})
    return take(folder.read(raw, chosen.folder), raw, root / "images", root / "masks", chosen, workers)


def reasons(found):
    return {(one.source_path, one.reason) for one in found.rejected}


def test_rows_and_files(tmp_path):
    found = taken(tmp_path, GOOD | {"x/0.jpg": encoded(pixels(seed=99, channels=3), "JPEG")})
    assert list(found.images.columns) == list(tables.IMAGE_COLUMNS)
    assert len(found.images) == 9
    for row in found.images.itertuples():
        content = GOOD.get(row.source_path) or (tmp_path / "raw" / row.source_path).read_bytes()
        assert row.sha256 == hashlib.sha256(content).hexdigest()
        assert (tmp_path / "images" / row.path).read_bytes() == content  # plain files stay as they came
        assert (row.width, row.height, row.group_id) == (48, 40, row.image_id)
        assert len(row.phash) == 16
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == sorted(found.images["path"])
    assert found.images["image_id"].is_unique
    tables.write(tmp_path / "images.csv", found.images, tables.IMAGE_COLUMNS)
    assert len(tables.read(tmp_path / "images.csv", tables.IMAGE_COLUMNS)) == 9


def test_bad_images_are_left_out_each_with_its_reason(tmp_path):
    bad = {
        "x/cut.png": GOOD["x/0.png"][:300],
        "x/page.png": b"<html>Service unavailable</html>",
        "y/empty.jpg": b"",
        "y/tiny.png": encoded(pixels(15, 40)),
        "y/pages.tif": encoded(
            Image.fromarray(pixels()), "TIFF", save_all=True, append_images=[Image.fromarray(pixels())]
        ),
        "y/notes.txt": b"patient came back",
    }
    found = taken(tmp_path, GOOD | bad, max_rejected=0.5)
    assert reasons(found) == {
        ("x/cut.png", "unreadable"),
        ("x/page.png", "not_an_image"),
        ("y/empty.jpg", "unreadable"),
        ("y/tiny.png", "too_small"),
        ("y/pages.tif", "multi_frame"),
        ("y/notes.txt", "other_file"),
    }
    assert len(found.images) == len(GOOD)


def test_one_bad_image_never_stops_a_run_unless_none_is_allowed(tmp_path):
    files = GOOD | {"x/cut.png": GOOD["x/0.png"][:300]}
    (tmp_path / "borne").mkdir()
    assert len(taken(tmp_path / "borne", files, max_rejected=0.01).images) == len(GOOD)
    message = r"1 of 9 images cannot be used.*\(0\) allows; the first is x/cut\.png: .*decoded whole"
    with pytest.raises(UserError, match=message):
        taken(tmp_path / "refused", files, max_rejected=0.0)


def test_above_max_rejected_the_stage_fails(tmp_path):
    files = GOOD | {f"x/cut{n}.png": b"" for n in range(3)}
    message = (
        r"3 of 11 images cannot be used, more than ingest\.max_rejected \(0\.25\) allows; the first is x/cut0\.png"
    )
    with pytest.raises(UserError, match=message):
        taken(tmp_path, files, max_rejected=0.25)


def test_dropped_on_purpose_does_not_count(tmp_path):
    files = (
        GOOD | {f"z/{n}.png": encoded(pixels(seed=50 + n)) for n in range(20)} | {f"x/{n}.txt": b"" for n in range(20)}
    )
    found = taken(tmp_path, files, class_map={"z": None}, max_rejected=0.0)
    assert len(found.images) == len(GOOD)
    assert summary(found, "", ["x", "y"])["rejected"] == {"excluded": 20, "other_file": 20}


def test_class_map_merges(tmp_path):
    files = class_folders(["normal", "benign", "malignant"])
    maps = {"benign": "lesion", "malignant": "lesion"}
    found = taken(tmp_path, files, classes=["normal", "lesion"], positive_class="lesion", class_map=maps)
    assert found.images["label"].value_counts().to_dict() == {"lesion": 6, "normal": 3}


@pytest.mark.parametrize(
    ("files", "settings", "message"),
    [
        (
            GOOD | class_folders(["yy"]),
            {},
            r"label\(s\) 'yy' \(3 images\) are not in ingest\.classes \(x, y\) \(near: 'y'\).*\{yy: null\}",
        ),
        (class_folders(["x"]), {}, r"no image of class y; found: x \(3 images\)"),
        (class_folders(["x"]) | {"y/0.png": b""}, {"max_rejected": 1.0}, r"no image of class y"),
    ],
)
def test_labels_that_do_not_fit(tmp_path, files, settings, message):
    with pytest.raises(UserError, match=message):
        taken(tmp_path, files, **settings)


def test_same_name_in_two_classes(tmp_path):
    found = taken(tmp_path, {"x/1.png": encoded(pixels(seed=1)), "y/1.png": encoded(pixels(seed=2))})
    assert set(found.images["image_id"]) == {"x__1", "y__1"}


def test_regions_follow_exif_turning(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6  # stored lying on its side
    marked = np.zeros((48, 40), np.uint8)
    marked[30:35, 2:5] = 255
    files = GOOD | {
        "y/t.jpg": encoded(pixels(), "JPEG", exif=turned),
        "masks/y/t.png": encoded(marked),
        "boxes.csv": b"path,finding,x,y,width,height\ny/t.jpg,Mass,10,38,99,99\n",
    }
    found = taken(tmp_path, files)
    row = found.images.set_index("image_id").loc["y__t"]
    assert (row["width"], row["height"], row["path"]) == (40, 48, "y__t.png")
    regions = found.regions.set_index("kind")[["finding", "x", "y", "width", "height"]]
    assert regions.loc["box"].tolist() == ["Mass", 10, 38, 30, 10]
    assert regions.loc["mask"].tolist() == ["y", 2, 30, 3, 5]


def test_an_image_with_a_bad_region_is_left_out(tmp_path):
    files = GOOD | {"masks/y/0.png": encoded(pixels(8, 8)), "masks/y/1.png": encoded(pixels())}
    found = taken(tmp_path, files, max_rejected=0.5)
    assert reasons(found) == {("y/0.png", "bad_region")}
    assert found.regions["image_id"].tolist() == ["y__1"]
    assert [path.name for path in (tmp_path / "masks").iterdir()] == ["y__1.png"]


def test_dicom_patients_are_groups_and_stay_unnamed(tmp_path):
    deep = [pixels(seed=n).astype(np.uint16) * 16 for n in range(4)]
    files = {f"{'xy'[n % 2]}/{n}.dcm": dicom(deep[n], patient_id=f"MRN-{n // 2}") for n in range(4)}
    found = taken(tmp_path, files)
    assert found.images.groupby("group_id").size().tolist() == [2, 2]
    assert found.group_source == "DICOM patient id, as a salted hash"
    everything = found.images.to_csv() + str(found.rejected)
    assert "MRN-" not in everything
    assert not any(b"MRN-" in path.read_bytes() for path in (tmp_path / "images").iterdir())
    other = tmp_path / "other"
    salted = taken(other, files, dicom_salt="own")
    assert set(salted.images["group_id"]).isdisjoint(found.images["group_id"])


def test_workers_change_nothing(tmp_path):
    files = GOOD | {"x/cut.png": b"", "masks/y/0.png": encoded(pixels())}
    one, four = taken(tmp_path / "1", files, workers=1), taken(tmp_path / "4", files, workers=4)
    for name in ("images", "regions"):
        assert getattr(one, name).equals(getattr(four, name))
    assert one.rejected == four.rejected
    for path in (tmp_path / "1/images").iterdir():
        assert path.read_bytes() == (tmp_path / "4/images" / path.name).read_bytes()


def test_summary(tmp_path):
    files = GOOD | {"x/copy.png": GOOD["y/2.png"], "masks/y/0.png": encoded(pixels()), "y/cut.png": b""}
    assert summary(taken(tmp_path, files, max_rejected=0.5), "class folders", ["x", "y"]) == {
        "layout": "class folders",
        "group_source": "",
        "classes": {"x": {"images": 5, "groups": 5}, "y": {"images": 4, "groups": 4}},
        "rejected": {"unreadable": 1},
        "exact_duplicates": [["x__copy", "y__2"]],
        "regions": {"box": 0, "mask": 1},
    }


REAL = Path(os.environ.get("LESIONMAP_REAL_DATA", Path(__file__).parents[2].parent / "shared/data"))


@pytest.mark.parametrize(
    ("name", "classes", "groups", "images", "regions"),
    [
        ("busi", ["normal", "benign", "malignant"], {}, 74, 49),
        ("ucsb_breast", ["benign", "malignant"], {"group_column": "slide_id"}, 28, 0),
        ("polyp_crops", ["normal", "polyp"], {"group_pattern": "^(seq[0-9]+)_"}, 416, 240),
        ("nih_cxr", ["normal", "abnormal"], {}, 240, 136),
    ],
)
def test_real_data(tmp_path, name, classes, groups, images, regions):
    if not (REAL / name).is_dir():
        pytest.skip(f"{name} is not in LESIONMAP_REAL_DATA")
    settings = Settings(classes=classes, positive_class=classes[1], folder=FolderSettings(**groups))
    for folder_name in ("images", "masks"):
        (tmp_path / folder_name).mkdir()
    listing = folder.read(REAL / name, settings.folder)
    found = take(listing, REAL / name, tmp_path / "images", tmp_path / "masks", settings, workers=2)
    assert (len(found.images), len(found.regions), found.rejected) == (images, regions, [])
