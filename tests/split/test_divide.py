"""Every kind of split: whole groups, all classes, seeds, and clear words when it cannot be."""

import numpy as np
import pandas as pd
import pytest

from stages.common.errors import UserError
from stages.common.tables import SPLIT_COLUMNS
from stages.split.divide import divide
from stages.split.settings import Settings


def images(groups: int = 60, each: int = 3, splits: tuple[str, ...] = ("",)) -> pd.DataFrame:
    """Groups of 1 to `each` images, three in ten abnormal, prescribed splits by turns of groups."""
    random = np.random.default_rng(0)
    rows = []
    for group in range(groups):
        label = "abnormal" if group % 10 < 3 else "normal"
        split = splits[(group // 10) % len(splits)]
        for number in range(int(random.integers(1, each + 1))):
            rows.append((f"i{group:03d}_{number}", label, f"g{group:03d}", split))
    return pd.DataFrame(rows, columns=["image_id", "label", "group_id", "split"])


def sides(table):
    return table.groupby("group_id")[["split", "fold"]].nunique().to_numpy().max()


def test_grouped():
    table = divide(images(), Settings())
    assert list(table.columns) == list(SPLIT_COLUMNS)
    assert sides(table) == 1
    assert set(table["fold"]) == {-1}
    share = table["split"].value_counts(normalize=True)
    assert share.to_dict() == pytest.approx({"train": 0.65, "test": 0.2, "validation": 0.15}, abs=0.03)
    prevalence = table.assign(abnormal=table["label"] == "abnormal").groupby("split")["abnormal"].mean()
    assert prevalence.max() - prevalence.min() < 0.06


def test_order_of_rows_has_no_say():
    table = images()
    shuffled = table.sample(frac=1, random_state=1)
    for kind in ("grouped", "kfold", "leave_one_group_out", "image_level_leaky"):
        settings = Settings(kind=kind)
        assert divide(table, settings).equals(divide(shuffled, settings))


def test_seeds_differ_and_repeat():
    table = images()
    one = divide(table, Settings(seed=1))
    assert one.equals(divide(table, Settings(seed=1)))
    assert not one.equals(divide(table, Settings(seed=2)))


def test_without_test_part():
    assert set(divide(images(), Settings(test=0.0))["split"]) == {"train", "validation"}


def test_kfold():
    table = divide(images(), Settings(kind="kfold", folds=4))
    assert set(table["split"]) == {"test"}
    assert sorted(set(table["fold"])) == [0, 1, 2, 3]
    assert sides(table) == 1
    assert (pd.crosstab(table["fold"], table["label"]) > 0).all(axis=None)
    assert table["fold"].value_counts().max() - table["fold"].value_counts().min() <= 3


def test_leave_one_group_out():
    table = divide(images(groups=12), Settings(kind="leave_one_group_out"))
    assert table.groupby("group_id")["fold"].nunique().max() == 1
    assert table.groupby("fold")["group_id"].nunique().tolist() == [1] * 12
    two = images(groups=12)
    two["label"] = np.where(two["group_id"].isin(["g004", "g005"]), "abnormal", "normal")
    with pytest.raises(UserError, match="without group g004 and the next one no image of class abnormal is left"):
        divide(two, Settings(kind="leave_one_group_out"))


def test_image_level_leaky_tears_groups():
    table = divide(images(), Settings(kind="image_level_leaky"))
    assert sides(table) == 3
    assert table["group_id"].nunique() == 60


def test_prescribed_is_kept():
    given = images(splits=("train", "test", "validation"))
    table = divide(given, Settings(kind="prescribed"))
    assert table["split"].tolist() == given["split"].tolist()


def test_prescribed_without_validation_carves_it_out_of_training():
    given = images(splits=("train", "train", "test"))
    table = divide(given, Settings(kind="prescribed", validation=0.25))
    assert (table["split"] == "test").tolist() == (given["split"] == "test").tolist()
    training = table[table["split"] != "test"]
    assert (training["split"] == "validation").mean() == pytest.approx(0.25, abs=0.04)
    assert sides(table) == 1


def test_prescribed_without_test():
    given = images(splits=("train", "validation"))
    assert set(divide(given, Settings(kind="prescribed"))["split"]) == {"train", "validation"}


def torn():
    table = images(splits=("train", "test"))
    table.loc[table["image_id"] == "i002_0", "split"] = "test"
    return table


def one_sided():
    table = images(splits=("train", "test"))
    table.loc[table["split"] == "test", "label"] = "normal"
    return table


@pytest.mark.parametrize(
    ("table", "settings", "message"),
    [
        (images(), {"kind": "prescribed"}, "the source prescribes no split"),
        (images(splits=("train", "")), {"kind": "prescribed"}, r"images have no prescribed split, such as i010_0"),
        (images(splits=("test", "validation")), {"kind": "prescribed"}, "the source has no training part"),
        (torn(), {"kind": "prescribed"}, r"1 group\(s\) stand on two sides .*: g002 in test and train"),
        (one_sided(), {"kind": "prescribed"}, "the test part has no image of class abnormal"),
        (images(groups=5, each=1), {"kind": "kfold", "folds": 4}, "class abnormal has only 3 images; 4 folds need"),
        (
            images(groups=1, each=1),
            {},
            "abnormal has only 1 image; train, validation, test need at least one",
        ),
        (images(groups=8), {"kind": "kfold", "folds": 4}, "class abnormal has only 3 groups; 4 folds need"),
    ],
)
def test_what_cannot_be(table, settings, message):
    with pytest.raises(UserError, match=message):
        divide(table, Settings(**settings))


def test_two_mixed_groups_cannot_make_three_parts():
    table = pd.DataFrame(
        [(f"{group}{label}", label, group, "") for group in "ab" for label in ("x", "y")],
        columns=["image_id", "label", "group_id", "split"],
    )
    with pytest.raises(UserError, match="class x has only 2 groups"):
        divide(table, Settings())


def test_fractions_must_leave_training():
    with pytest.raises(ValueError, match="leave nothing to train on"):
        Settings(validation=0.5, test=0.5)
