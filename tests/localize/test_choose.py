"""Choices are made on other images than those that are scored."""

import numpy as np
import pandas as pd

from stages.localize.choose import choose_map, fit_thresholds
from stages.localize.metrics import LEVELS, METRICS
from stages.localize.scores import Scores

POINTING = list(METRICS).index("pointing")
IOU = list(METRICS).index("iou_validation")


def scores(split: list[str], fold: list[int], pointing: list[list[float]], names: list[str]) -> Scores:
    n = len(split)
    values = np.zeros((n, len(names), len(METRICS)))
    values[:, :, POINTING] = pointing
    values[:, :, IOU] = np.nan
    units = pd.DataFrame({"image_id": [f"i{k}" for k in range(n)], "split": split, "fold": fold, "finding": ""})
    overlaps = np.random.default_rng(0).random((n, len(names), LEVELS))
    return Scores(units, names, values, overlaps, np.full((n, len(names)), "ok", dtype=object))


def test_validation_decides_and_test_does_not():
    measured = scores(
        ["validation", "validation", "test"], [-1] * 3, [[0, 1, 1], [1, 1, 1], [1, 0, 1]], ["a", "b", "center"]
    )
    choice = choose_map(measured, "pointing")
    assert (choice.name, choice.by, choice.on, choice.folds) == ("b", "pointing", "validation", {})
    assert choice.values[:, POINTING].tolist() == [1, 1, 0]


def test_findings_of_an_image_do_not_vote_again():
    measured = scores(["validation"] * 3, [-1] * 3, [[1, 0], [0, 1], [0, 1]], ["a", "b"])
    measured.units["finding"] = ["", "x", "y"]
    assert choose_map(measured, "pointing").name == "a"


def test_of_equal_maps_the_first_is_taken_and_a_baseline_never():
    measured = scores(["validation", "test"], [-1, -1], [[0.5, 0.5, 1.0], [0, 1, 1]], ["b", "a", "prior"])
    assert choose_map(measured, "pointing").name == "b"


def test_each_fold_is_chosen_for_by_the_others():
    pointing = [[1, 0], [1, 0], [0, 1], [0, 1], [0, 1], [0, 1]]
    measured = scores(["test"] * 6, [0, 0, 1, 1, 2, 2], pointing, ["a", "b"])
    choice = choose_map(measured, "pointing")
    assert choice.folds == {0: "b", 1: "a", 2: "a"}  # folds 1 and 2 tie between a and b: the first
    assert (choice.name, choice.on) == ("a", "other folds")
    assert choice.values[:, POINTING].tolist() == [0, 0, 0, 0, 0, 0]


def test_nothing_is_chosen_from_one_map_or_without_images_to_choose_on():
    one = scores(["validation", "test"], [-1, -1], [[0, 1], [1, 1]], ["a", "center"])
    assert choose_map(one, "pointing").by is None
    blind = scores(["test", "test"], [-1, -1], [[0, 1], [0, 1]], ["a", "b"])
    choice = choose_map(blind, "pointing")
    assert (choice.name, choice.by) == ("a", None)
    assert np.isnan(fit_thresholds(blind).values[:, :, IOU]).all()


def test_the_threshold_is_the_best_one_of_the_validation_images():
    measured = scores(["validation", "validation", "test"], [-1] * 3, np.zeros((3, 2)).tolist(), ["a", "b"])
    fitted = fit_thresholds(measured).values[:, :, IOU]
    for name in (0, 1):
        best = measured.overlaps[:2, name].mean(axis=0).argmax()
        np.testing.assert_array_equal(fitted[:, name], measured.overlaps[:, name, best])


def test_with_folds_the_threshold_is_fitted_on_the_other_folds():
    measured = scores(["test"] * 4, [0, 0, 1, 1], np.zeros((4, 1)).tolist(), ["a"])
    fitted = fit_thresholds(measured).values[:, 0, IOU]
    best = measured.overlaps[2:, 0].mean(axis=0).argmax()
    np.testing.assert_array_equal(fitted[:2], measured.overlaps[:2, 0, best])


def test_maps_that_differ_by_fold_are_all_named():
    folds = [0, 1, 2]
    measured = scores(["test"] * 3, folds, [[1, 0], [0, 1], [0, 1]], ["a", "b"])
    choice = choose_map(measured, "pointing")
    assert choice.folds == {0: "b", 1: "a", 2: "a"}
    assert (choice.name, choice.title) == ("a", "a or b (chosen fold by fold)")
    assert choose_map(scores(["test"] * 3, folds, [[1, 0]] * 3, ["a", "b"]), "pointing").title == "a"
