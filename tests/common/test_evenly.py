"""Some of many, evenly over strata."""

from collections import Counter

from stages.common.evenly import choose


def test_all_are_shown_where_they_fit():
    assert choose({"b": 1, "a": 1, "c": 2}, 3) == ["a", "b", "c"]


def test_rare_strata_are_shown_whole_and_the_others_evenly():
    strata = {f"t{n:03d}": "true" for n in range(200)} | {f"f{n}": "false" for n in range(3)}
    strata |= {f"m{n:03d}": "middle" for n in range(50)}
    shown = Counter(strata[image_id] for image_id in choose(strata, 43))
    assert shown == {"false": 3, "true": 20, "middle": 20}


def test_the_choice_is_no_prefix_and_does_not_depend_on_the_order():
    strata = dict.fromkeys((f"i{n:03d}" for n in range(100)), "x")
    shown = choose(strata, 10)
    assert shown == choose(dict(reversed(strata.items())), 10)
    assert shown != sorted(strata)[:10]


def test_more_room_keeps_what_was_shown():
    strata = {f"i{n:03d}": n % 3 for n in range(100)}
    assert set(choose(strata, 10)) < set(choose(strata, 20))


def test_nothing_fits_into_nothing():
    assert choose({"a": 1}, 0) == []
