"""Which images are explained: a stated rule, even over splits and classes."""

import hashlib

import pandas as pd
import pytest

from stages.attribute.choose import choose
from stages.common.errors import UserError


@pytest.fixture
def split():
    """60 training images, 20 of validation and 40 of test; every fourth is abnormal."""
    parts = ["train"] * 60 + ["validation"] * 20 + ["test"] * 40
    rows = [
        {"image_id": f"{number:03}", "group_id": f"{number:03}", "split": part, "fold": -1}
        | {"label": "abnormal" if number % 4 == 0 else "normal"}
        for number, part in enumerate(parts)
    ]
    return pd.DataFrame(rows)


def test_all_images_of_the_splits_sorted(split):
    chosen = choose(split.iloc[::-1], ["test", "validation"], None, None)
    assert list(chosen["image_id"]) == [f"{number:03}" for number in range(60, 120)]


def test_at_most_so_many_evenly_over_splits_and_classes(split):
    chosen = choose(split, ["validation", "test"], None, 16)
    assert chosen.groupby(["split", "label"]).size().to_dict() == {
        ("test", "abnormal"): 4, ("test", "normal"): 4, ("validation", "abnormal"): 4, ("validation", "normal"): 4,
    }  # fmt: skip
    assert list(chosen["image_id"]) == sorted(chosen["image_id"])
    assert list(chosen.columns) == list(split.columns)


def test_a_small_class_gives_what_it_has(split):
    chosen = choose(split, ["validation", "test"], None, 36)
    assert len(chosen) == 36
    assert (chosen[chosen["split"] == "validation"]["label"] == "abnormal").sum() == 5


def test_the_order_is_that_of_the_digest(split):
    chosen = choose(split, ["test"], None, 2)
    for label in ("normal", "abnormal"):
        own = split[(split["split"] == "test") & (split["label"] == label)]["image_id"]
        first = min(own, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
        assert first in set(chosen["image_id"])


def test_the_choice_does_not_depend_on_order_nor_on_images_elsewhere(split):
    chosen = list(choose(split, ["test"], None, 10)["image_id"])
    assert list(choose(split.sample(frac=1, random_state=0), ["test"], None, 10)["image_id"]) == chosen
    more = split.assign(image_id="x" + split["image_id"], split="train")
    assert list(choose(pd.concat([more, split]), ["test"], None, 10)["image_id"]) == chosen


def test_a_list_names_the_images(split):
    chosen = choose(split, ["test", "validation"], ["115", "070", "003"], None)
    assert list(chosen["image_id"]) == ["070", "115"], "003 is a training image"


@pytest.mark.parametrize(
    ("listed", "said"), [(["070", "999"], "names '999', which is no image_id"), (["003"], "leave no image")]
)
def test_a_list_that_does_not_fit_is_a_clear_error(split, listed, said):
    with pytest.raises(UserError, match=said):
        choose(split, ["test"], listed, 5)


def test_a_split_without_images_is_a_clear_error(split):
    with pytest.raises(UserError, match=r"`attribute\.splits` \['validation'\]"):
        choose(split[split["split"] != "validation"], ["validation"], None, 5)
