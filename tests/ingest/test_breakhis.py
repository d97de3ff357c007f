"""BreakHis in each tree in which it is passed on: its file names tell class, subtype, slide and magnification."""

import numpy as np
import pytest

from stages.common import params
from stages.common.errors import UserError
from stages.ingest import LAYOUTS
from stages.ingest.breakhis import read
from stages.ingest.breakhis_settings import Settings
from stages.ingest.settings import Settings as IngestSettings
from stages.ingest.take import take
from tests import factories
from tests.ingest.factory import encoded, pixels, write

PNG = b"\x89PNG"  # reading a layout decodes nothing
ADENOSIS = "SOB_B_A-14-22549AB-{}-001.png"
ADENOSIS_CD = "SOB_B_A-14-22549CD-{}-002.png"
FIBROADENOMA = "SOB_B_F-14-9133-{}-003.png"
DUCTAL, LOBULAR = "SOB_M_DC-14-13412-{}-001.png", "SOB_M_LC-14-13412-{}-010.png"
NAMES = (ADENOSIS, ADENOSIS_CD, FIBROADENOMA, DUCTAL, LOBULAR)
TOP = "BreaKHis_v1/histology_slides/breast"


def published(*magnifications):
    """The tree as its authors publish it; the slide's folder is spelt a little otherwise than its files."""
    files = {}
    for name in NAMES:
        kind, subtype, rest = name.removeprefix("SOB_").split("_")[0], name.split("_")[2].split("-")[0], name.split("-")
        slide = f"SOB_{kind}_{subtype}_{rest[1]}-{rest[2]}"
        for number in magnifications:
            folder = f"{TOP}/{'benign' if kind == 'B' else 'malignant'}/SOB/subtype/{slide}/{number}X"
            files[f"{folder}/{name.format(number)}"] = PNG
    return files


def listed(root, files, **settings):
    return read(write(root, files), Settings(**settings))


def facts(listing):
    """Label, group and split by file name."""
    table = listing.images
    names = [path.rsplit("/", 1)[1] for path in table["source_path"]]
    return dict(zip(names, zip(table["label"], table["group_id"], table["split"], strict=True), strict=True))


def test_the_published_tree(tmp_path):
    found = listed(tmp_path, {**published(40, 100, 200, 400), f"{TOP}/README.txt": b""}, magnification=40)
    assert facts(found) == {
        ADENOSIS.format(40): ("benign", "14-22549", ""),
        ADENOSIS_CD.format(40): ("benign", "14-22549", ""),
        FIBROADENOMA.format(40): ("benign", "14-9133", ""),
        DUCTAL.format(40): ("malignant", "14-13412", ""),
        LOBULAR.format(40): ("malignant", "14-13412", ""),
    }
    assert found.layout == "BreakHis, 40X, no parts prescribed"
    assert found.group_source == "BreakHis file name, by patient"
    reasons = [one.reason for one in found.rejected]
    assert (reasons.count("not_chosen"), reasons.count("other_file")) == (15, 1)


def test_all_magnifications_of_a_patient_are_one_group(tmp_path):
    found = listed(tmp_path, published(40, 400), magnification=None)
    assert len(found.images) == 10
    assert found.images["group_id"].nunique() == 3
    assert found.layout.startswith("BreakHis, all magnifications")


def test_a_slide_may_be_a_group_of_its_own(tmp_path):
    groups = {group for _, group, _ in facts(listed(tmp_path, published(40), magnification=40, group="slide")).values()}
    assert groups == {"14-22549AB", "14-22549CD", "14-9133", "14-13412"}


def test_subtypes(tmp_path):
    labels = {
        label for label, _, _ in facts(listed(tmp_path, published(40), magnification=40, label="subtype")).values()
    }
    assert labels == {"adenosis", "fibroadenoma", "ductal_carcinoma", "lobular_carcinoma"}


def test_the_tree_of_folds_takes_one_fold(tmp_path):
    files = {
        f"fold1/train/200X/{ADENOSIS.format(200)}": PNG,
        f"fold1/test/200X/{DUCTAL.format(200)}": PNG,
        f"Fold 2/test/200X/{ADENOSIS.format(200)}": PNG,
        f"Fold 2/train/200X/{DUCTAL.format(200)}": PNG,
    }
    write(tmp_path, files)
    first, second = read(tmp_path, Settings(fold=1)), read(tmp_path, Settings(fold=2))
    assert {name[4]: split for name, (_, _, split) in facts(first).items()} == {"B": "train", "M": "test"}
    assert {name[4]: split for name, (_, _, split) in facts(second).items()} == {"B": "test", "M": "train"}
    assert first.layout == "BreakHis, 200X, parts prescribed"
    assert {one.detail for one in first.rejected} == {"fold 2"}


def test_kaggle_s_table_prescribes_the_parts_of_its_fold(tmp_path):
    rows = [
        (fold, 100, part, f"{TOP}/{name.format(100)}")
        for fold, parts in ((1, ("train", "train", "test", "test", "test")), (2, ("test",) * 5))
        for name, part in zip(NAMES, parts, strict=True)
        if not (fold == 2 and name == DUCTAL)
    ]
    table = "fold,mag,grp,filename\n" + "".join(f"{fold},{mag},{part},{path}\n" for fold, mag, part, path in rows)
    write(tmp_path, {**published(100), "Folds.csv": table.encode()})
    splits = {name: split for name, (_, _, split) in facts(read(tmp_path, Settings(magnification=100))).items()}
    assert splits[ADENOSIS.format(100)] == "train"
    assert splits[DUCTAL.format(100)] == "test"
    second = read(tmp_path, Settings(magnification=100, fold=2))
    assert {split for _, _, split in facts(second).values()} == {"test"}
    assert [one.detail for one in second.rejected] == ["not in fold 2 of Folds.csv"]
    with pytest.raises(UserError, match=r"has no fold 6; set ingest\.breakhis\.fold"):
        read(tmp_path, Settings(magnification=100, fold=6))


def test_folders_tell_the_class_where_a_name_does_not(tmp_path):
    files = {
        "40X/train/0/a.png": PNG,
        "40X/test/1/b.png": PNG,
        "40X/test/1/" + DUCTAL.format(40): PNG,
        "400x/train/0/c.png": PNG,
    }
    found = listed(tmp_path, files, magnification=40)
    assert facts(found) == {
        "a.png": ("benign", "", "train"),
        "b.png": ("malignant", "", "test"),
        DUCTAL.format(40): ("malignant", "14-13412", "test"),
    }
    only_folders = listed(tmp_path / "more", {"40/train/0/a.png": PNG}, magnification=40)
    assert only_folders.group_source == ""


def test_a_magnification_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UserError, match=r"no image is of magnification 400 .* is of magnification 40: set ingest"):
        listed(tmp_path, published(40), magnification=400)


def test_other_images_are_told_to_use_the_folder_layout(tmp_path):
    with pytest.raises(UserError, match=r"no image has a BreakHis name .* use ingest\.layout: folder"):
        listed(tmp_path, {"benign/1.png": PNG})


def test_a_magnification_that_never_was_is_refused():
    values = factories.changed(ingest__breakhis__magnification=50)
    with pytest.raises(UserError, match=r"`ingest\.breakhis\.magnification`: input should be 40, 100, 200 or 400"):
        params.parse(values, "params.yaml")


def test_the_stage_takes_its_images_in(tmp_path):
    files = {path: encoded(pixels(seed=seed)) for seed, path in enumerate(published(40, 200))}
    settings = IngestSettings(
        layout="breakhis", classes=["benign", "malignant"], positive_class="malignant", breakhis=Settings()
    )
    listing = LAYOUTS["breakhis"](write(tmp_path / "raw", files), settings)
    folders = [tmp_path / "images", tmp_path / "masks"]
    for folder in folders:
        folder.mkdir()
    taken = take(listing, tmp_path / "raw", *folders, settings, 1)
    assert taken.images["label"].value_counts().to_dict() == {"benign": 3, "malignant": 2}
    assert taken.images["group_id"].nunique() == 3
    assert np.all([(folders[0] / path).is_file() for path in taken.images["path"]])
    assert taken.images["image_id"].is_unique
