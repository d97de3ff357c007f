"""Which images are measured, and whose regions they are lent."""

import pandas as pd
import pytest

from stages.shortcuts.chosen import SHAPES, chosen

POSITIVE = "abnormal"


def rows(**labels: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"image_id": list(labels), "group_id": list(labels), "label": list(labels.values()), "split": "test"}
    )


ROWS = rows(a="abnormal", b="abnormal", c="abnormal", d="normal", e="normal", f="normal")


def test_every_image_is_lent_the_region_of_another_one():
    found = chosen(ROWS, {"a", "b", "c", "elsewhere"}, POSITIVE, 100, 0)
    assert list(found.lender) == list("abcdef")
    assert set(found.lender.values()) <= {"a", "b", "c"}
    assert all(name != lender for name, lender in found.lender.items())
    assert (found.with_regions, found.left_out, found.reason, found.caveat) == (3, 0, None, None)
    assert chosen(ROWS, {"a", "b", "c"}, POSITIVE, 100, 0).lender == found.lender
    lenders = {chosen(ROWS, {"a", "b", "c"}, POSITIVE, 100, seed).lender["d"] for seed in range(20)}
    assert lenders == {"a", "b", "c"}


def test_a_positive_image_whose_finding_cannot_be_hidden_is_left_out():
    found = chosen(ROWS, {"a", "b"}, POSITIVE, 100, 0)
    assert list(found.rows["image_id"]) == list("abdef")
    assert (found.with_regions, found.left_out) == (2, 1)


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        (set(), "no image has a region"),
        ({"d", "e"}, "no image of the positive class has a region"),
        ({"a"}, "only one image has regions, which cannot be lent to itself"),
    ],
)
def test_where_nothing_can_be_hidden_all_images_stay_and_it_is_said_why(marked, reason):
    found = chosen(ROWS, marked, POSITIVE, 100, 0)
    assert len(found.rows) == 6
    assert (found.lender, found.left_out, found.reason) == ({}, 0, reason)


def test_a_few_are_even_over_the_classes_and_lend_among_themselves():
    found = chosen(ROWS, {"a", "b", "c"}, POSITIVE, 4, 0)
    assert sorted(found.rows["label"]) == ["abnormal", "abnormal", "normal", "normal"]
    assert set(found.lender.values()) <= set(found.rows["image_id"])
    assert chosen(ROWS, {"a", "b", "c"}, POSITIVE, 2, 0).reason.startswith("only one image has regions")


def test_regions_of_several_classes_may_tell_them_apart_by_their_shape():
    assert chosen(ROWS, {"a", "b", "d"}, POSITIVE, 100, 0).caveat == SHAPES
    assert chosen(ROWS, {"d"}, POSITIVE, 100, 0).caveat is None
