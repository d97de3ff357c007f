"""Which images a model trains on, is chosen on, and is tested on."""

import pandas as pd

from stages.common.folds import parts_of_fold


def ids(parts):
    return {part: list(rows["image_id"]) for part, rows in parts.items()}


def test_without_folds_the_split_says():
    split = pd.DataFrame({"image_id": list("abcd"), "split": ["train", "test", "validation", "train"], "fold": -1})
    assert ids(parts_of_fold(split, -1)) == {"train": ["a", "d"], "validation": ["c"], "test": ["b"]}


def test_each_fold_is_tested_once_and_validates_the_one_before():
    split = pd.DataFrame({"image_id": list("abcdef"), "split": "test", "fold": [0, 1, 2, 0, 1, 2]})
    assert ids(parts_of_fold(split, 0)) == {"train": ["c", "f"], "validation": ["b", "e"], "test": ["a", "d"]}
    assert ids(parts_of_fold(split, 2)) == {"train": ["b", "e"], "validation": ["a", "d"], "test": ["c", "f"]}
    tested = [name for fold in range(3) for name in ids(parts_of_fold(split, fold))["test"]]
    assert sorted(tested) == list("abcdef")
