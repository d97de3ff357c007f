"""Numbers with their place."""

import pytest
from markupsafe import Markup

from stages.report.numbers import MINUS, MISSING, NONE, Node, number, plain, plain_score, root, score

TREE = root({"a/b~": {"mean": 0.91284, "low": 0.5, "high": None}, "n": 1234, "<i>": 2}, "m.json")


def test_a_number_carries_its_value_and_its_json_pointer():
    made = str(number(TREE["a/b~"]["mean"]))
    assert 'value="0.91284"' in made and ">0.91<" in made
    assert 'data-metric="m.json#/a~1b~0/mean"' in made


def test_places_are_escaped():
    assert "<i>" not in number(TREE["<i>"])
    assert isinstance(number(TREE["<i>"]), Markup)


def test_what_is_absent_is_a_dash_at_any_depth():
    assert number(TREE["no"]["such"]["thing"]) == MISSING
    assert score(TREE["no"]) == MISSING
    assert plain(TREE["no"]) == NONE
    assert not TREE["no"]


@pytest.mark.parametrize(
    ("value", "digits", "signed", "text"),
    [
        (0.91284, 2, False, "0.91"),
        (1234, 2, False, "1,234"),
        (-0.128, 2, False, f"{MINUS}0.13"),
        (0.128, 2, True, "+0.13"),
        (-0.0001, 2, True, "0.00"),
        (0.0214, 3, False, "0.021"),
        (True, 2, False, NONE),
        ("0.5", 2, False, NONE),
    ],
)
def test_rounding(value, digits, signed, text):
    assert plain(Node(value, "m.json#"), digits, signed) == text


def test_an_interval_is_shown_where_there_is_one():
    whole = root({"mean": 0.5, "low": 0.4, "high": 0.6}, "m")
    assert plain_score(whole) == "0.50 (0.40 to 0.60)"
    assert score(whole).striptags() == "0.50 (0.40 to 0.60)"
    assert score(root({"mean": 0.5, "low": None, "high": None}, "m")).striptags() == "0.50"
