"""Doubts that a run raises by itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from stages.report import cautions, numbers, run
from stages.report.run import Run
from tests.report import factory


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root: Path = tmp_path_factory.mktemp("run")
    return run.read(root, factory.workspace(root, factory.Recipe()))


def told(result: Run) -> dict[str, str]:
    """Level by text."""
    evaluate, localize = numbers.root(result.evaluate, "e"), numbers.root(result.localize, "l")
    return {str(each.text.striptags()): each.level for each in cautions.find(result, evaluate, localize)}


def level(result: Run, words: str) -> str | None:
    return next((level for text, level in told(result).items() if words in text), None)


def with_params(result: Run, section: str, **values: object) -> Run:
    part = getattr(result.params, section).model_copy(update=values)
    return replace(result, params=result.params.model_copy(update={section: part}))


def test_a_leaky_split_is_serious_and_comes_first(result):
    leaky = with_params(result, "split", kind="image_level_leaky")
    assert level(result, "image_level_leaky") is None
    assert level(leaky, "image_level_leaky") == "serious"
    assert "image_level_leaky" in next(iter(told(leaky)))


def test_scores_of_validation_images_are_serious(result):
    assert level(result, "no test part") is None
    assert level(replace(result, evaluate=result.evaluate | {"headline": "validation"}), "no test part") == "serious"


def test_the_same_image_on_two_sides_is_serious(result):
    assert level(result, "on two sides of the split") is None
    parted = replace(result, leaks=result.leaks.assign(kind="near_duplicate"))
    assert level(parted, "1 pairs of the same") == "serious"


def test_an_incomplete_collection_is_told(result):
    assert level(replace(result, fetch={"partial": True, "missing": 17}), "17 of the source") == "care"


def test_images_without_groups(result):
    lonely = replace(result, images=result.images.assign(group_id=result.images["image_id"]))
    assert level(result, "its own group") is None
    assert level(lonely, "its own group, but for near-duplicates, which were merged. If") == "care"
    apart = replace(lonely, split=result.split.assign(group_id=result.split["image_id"]))
    assert level(apart, "its own group. If") == "care"


def test_synthetic_images_and_random_weights(result):
    assert level(result, "synthetic") is None
    assert level(with_params(result, "source", kind="phantom"), "synthetic") == "note"
    assert level(replace(result, weights={"weights": "random"}), "random, not learned") == "note"


def test_few_images_of_a_class(result):
    assert level(result, "Few test images") == "care"


@pytest.mark.parametrize(
    ("mean", "low", "high", "expected"),
    [
        (0.1, 0.01, 0.2, None),
        (0.1, -0.01, 0.2, "care"),
        (-0.1, -0.2, -0.01, "serious"),
        (0.1, None, None, None),
        (-0.1, None, None, "care"),
    ],
)
def test_a_model_no_better_than_a_simple_one(result, mean, low, high, expected):
    block = result.evaluate["test"]
    difference = {"roc_auc": {"mean": mean, "low": low, "high": high}}
    rival = block["baselines"]["features"] | {"difference": difference}
    evaluate = result.evaluate | {"test": block | {"baselines": {"features": rival}}}
    assert level(replace(result, evaluate=evaluate), "average-pooled features") == expected


def test_a_map_no_better_than_a_fixed_spot(result):
    assert level(result, "middle of the image") == "care"


def test_what_was_left_out_and_empty_maps(result):
    assert level(result, "1 of the source's files (3.2%)") == "note"
    assert level(result, "Empty maps") == "note"


def test_nothing_measured_is_told(result):
    assert level(replace(result, localize={"reason": "no regions", "notes": []}), "no regions") == "note"


def trust(unchanged: bool, high: float | None) -> dict:
    better = {"mean": -0.1, "low": None if high is None else -0.3, "high": high}
    curves = {"blurred": {"insertion": {"better": better}, "deletion": {"better": better}}}
    sane = {"correlation": {"head": 0.95, "all": 0.81}, "everything": 0.81, "unchanged": unchanged}
    return {"sanity": {"maps": {"cam": sane}}, "faithfulness": {"maps": {"cam": curves}}}


def test_a_map_that_ignores_the_weights_is_told(result):
    assert level(replace(result, trust={}), "shuffled") is None
    assert level(replace(result, trust=trust(False, 0.1)), "shuffled") is None
    found = told(replace(result, trust=trust(True, 0.1)))
    text = next(text for text in found if "shuffled" in text)
    assert "cam" in text
    assert "0.81" in text
    assert found[text] == "care"


def test_a_map_that_is_less_faithful_than_chance_is_told(result):
    for high in (None, 0.1):
        assert level(replace(result, trust=trust(False, high)), "random order") is None
    found = told(replace(result, trust=trust(False, -0.05)))
    text = next(text for text in found if "cam is worse than pixels in random order" in text)
    assert "insertion and deletion" in text


def shortcuts(result, complete=True, shapes=None, **above: float):
    """A run whose model is above chance where `above` says, at this area."""
    block = result.shortcuts["test"]
    areas = {**block["roc_auc"], **{name: {"mean": mean, "low": 0.51, "high": 1.0} for name, mean in above.items()}}
    told_apart = {name: name in above for name in block["above_chance"]}
    notes = {"shapes": shapes} if shapes else {}
    block = {**block, "roc_auc": areas, "above_chance": told_apart, "notes": notes}
    return replace(result, shortcuts={**result.shortcuts, "regions_complete": complete, "test": block})


@pytest.mark.parametrize(("mean", "expected"), [(0.8, "serious"), (0.55, "care")])
def test_a_model_that_does_not_need_the_finding_is_told(result, mean, expected):
    assert level(result, "painted over") is None
    assert level(replace(result, shortcuts={}), "painted over") is None
    found = shortcuts(result, hidden=mean)
    assert level(found, "painted over") == expected
    text = next(text for text in told(found) if "painted over" in text)
    assert f"{mean:.2f}" in text
    assert "0.91" in text
    assert "shape" not in text
    assert level(shortcuts(result, hidden=mean, shapes="they differ"), "size and shape") == "care"


def test_regions_of_one_finding_of_several_flag_nothing(result):
    assert level(shortcuts(result, complete=False, hidden=0.8), "painted over") is None


def test_a_class_that_is_read_off_the_border_is_told(result):
    assert level(result, "outermost") is None
    assert level(shortcuts(result, border=0.8, border_pixels=0.9), "outermost 10% on each side") == "serious"
    assert level(shortcuts(result, border_pixels=0.9), "a logistic regression on them alone") == "note"
    assert not any("logistic regression on them" in text for text in told(shortcuts(result, border=0.8)))
