"""Copies that a split parts are found; other images are not."""

import hashlib
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages.common.perceptual import perceptual_hash, thumbnail
from stages.split import leaks
from tests.ingest.factory import encoded, pixels


def grown(seed: int) -> Image.Image:
    return Image.fromarray(pixels(120, 160, seed=seed))


def reencoded(image: Image.Image) -> bytes:
    return encoded(image, "JPEG", quality=40)


def resized(image: Image.Image) -> bytes:
    return encoded(image.resize((64, 64)))


def brighter(image: Image.Image) -> bytes:
    return encoded(image.point(lambda level: min(255, level * 0.8 + 30)))


@pytest.fixture
def data(tmp_path):
    """Eight unlike images; `c0` to `c3` copy the first four: the file itself, re-encoded, resized, brighter."""
    contents = {f"i{n}": encoded(grown(n)) for n in range(8)}
    makers = (encoded, reencoded, resized, brighter)
    contents |= {f"c{n}": make(grown(n)) for n, make in enumerate(makers)}
    rows = []
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        small = thumbnail(Image.open(io.BytesIO(content)))
        sha256 = hashlib.sha256(content).hexdigest()
        rows.append((name, name, "x", f"g-{name}", "", sha256, perceptual_hash(small)))
    columns = ["image_id", "path", "label", "group_id", "split", "sha256", "phash"]
    return pd.DataFrame(rows, columns=columns).sort_values("image_id"), tmp_path


def split_of(images: pd.DataFrame, test: set[str]) -> pd.DataFrame:
    split = np.where(images["image_id"].isin(test), "test", "train")
    return images[["image_id"]].assign(split=split, fold=-1)


def pairs(table):
    return set(zip(table["image_id"], table["other_id"], table["kind"], strict=True))


def test_planted_copies_are_found_and_nothing_else(data):
    images, folder = data
    found = leaks.find_duplicates(images, folder, 10, workers=2)
    assert pairs(found) == {
        ("c0", "i0", "identical"),
        ("c1", "i1", "near_duplicate"),
        ("c2", "i2", "near_duplicate"),
        ("c3", "i3", "near_duplicate"),
    }
    assert (found["likeness"] > 0.9).all()


def test_copies_within_a_group_are_no_leak(data):
    images, folder = data
    images = images.assign(group_id=images["image_id"].str[1])
    assert leaks.find_duplicates(images, folder, 10, workers=1).empty


def test_only_copies_on_two_sides_count(data):
    images, folder = data
    found = leaks.find_duplicates(images, folder, 10, workers=1)
    listed = leaks.list_leaks(found, images, split_of(images, {"c0", "i0", "c2"}), folder, workers=1)
    assert list(listed.columns) == list(leaks.LEAK_COLUMNS)
    across = leaks.across_sides(listed)
    assert pairs(across) == {("c2", "i2", "near_duplicate")}
    assert across[["side", "other_side"]].to_numpy().tolist() == [["test", "train"]]


def test_folds_are_sides(data):
    images, folder = data
    found = leaks.find_duplicates(images, folder, 10, workers=1)
    split = images[["image_id"]].assign(split="test", fold=[int(name[1]) % 3 for name in images["image_id"]])
    assert leaks.across_sides(leaks.list_leaks(found, images, split, folder, workers=1)).empty
    split.loc[split["image_id"] == "c1", "fold"] = 2
    (row,) = leaks.across_sides(leaks.list_leaks(found, images, split, folder, workers=1)).itertuples()
    assert (row.image_id, row.side, row.other_side) == ("c1", "fold 2", "fold 1")


def test_the_nearest_pairs_are_listed_in_any_case(data):
    images, folder = data
    unlike = images[images["image_id"].str.startswith("i")]
    found = leaks.find_duplicates(unlike, folder, 10, workers=1)
    assert found.empty
    listed = leaks.list_leaks(found, unlike, split_of(unlike, {"i0", "i1"}), folder, workers=1)
    assert set(listed["kind"]) == {"similar"}
    assert len(listed) == 12  # two test images by six training images
    assert (listed["side"] != listed["other_side"]).all()


def test_merging_makes_chains_one_group(data):
    images, folder = data
    chained = images.assign(group_id=images["group_id"].replace({"g-i1": "g-c0"}))  # i1 is a patient with c0
    merged = leaks.merge_groups(chained, leaks.find_duplicates(chained, folder, 10, workers=1))
    groups = merged.set_index("image_id")["group_id"]
    assert set(groups[["c0", "i0", "i1", "c1"]]) == {"g-c0"}
    assert set(groups[["c2", "i2"]]) == {"g-c2"}
    assert groups["i7"] == "g-i7"
    again = leaks.find_duplicates(merged, folder, 10, workers=1)
    assert again.empty
