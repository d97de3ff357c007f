import json

import numpy as np
import pandas as pd
import pytest

from stages.common import files
from stages.common.errors import UserError
from stages.evaluate import assess, fitted, scores
from tests.evaluate import factories


def assessed(study, predictions=None, leaky=False):
    predictions = predictions or factories.trained_models(study)
    n = len(study.truth)
    inputs = np.random.default_rng(0).normal(size=(n, 4)) + study.truth[:, None] * 0.3
    entries = {
        part.name: fitted.fit(study, part, predictions.predictors[part.fold](np.arange(n)), inputs)
        for part in study.models
    }
    competitors = {
        "majority": assess.competitor(study, "majority", np.zeros((n, 0)), refit=False),
        "features": assess.competitor(study, "features", inputs, refit=False),
    }
    return assess.metrics(study, predictions, entries, competitors, leaky), entries, predictions


def leaves(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    else:
        yield value


def test_a_refitted_competitor_shows_the_validation_images_to_the_first_fit_alone():
    study = factories.study(factories.split_table(400))
    inputs = np.random.default_rng(0).normal(size=(400, 4))
    part = study.models[0]
    inputs[part.validation, 0] += 50 * study.truth[part.validation]  # what the training images do not show
    first, refitted = (assess.competitor(study, "features", inputs, refit=each) for each in (False, True))
    for rows, same in ((part.validation, True), (part.test, False)):
        found = [each.predictors[-1](rows) for each in (first, refitted)]
        assert np.array_equal(*found) == same
    metrics = assess.metrics(study, factories.trained_models(study), assessed(study)[1], {"features": refitted}, False)
    assert metrics["test"]["baselines"]["features"]["fitted_on"] == "train and validation"
    assert metrics["validation"]["baselines"]["features"]["fitted_on"] == "train"


def test_the_whole_without_folds():
    study = factories.study(factories.split_table(400))
    found, entries, predictions = assessed(study)
    json.dumps(found, allow_nan=False)
    assert found["headline"] == "test"
    assert [name for name in ("train", "validation", "test") if name in found] == ["train", "validation", "test"]
    test = found["test"]
    assert (test["n"], test["groups"]) == (100, 50)
    for name in scores.OVERALL:
        assert test[name]["low"] <= test[name]["mean"] <= test[name]["high"] or name == "ece"
    rows = study.models[0].test
    probability = predictions.predictors[-1](rows)[:, 1]
    positive = study.truth[rows] == 1
    assert test["accuracy"]["mean"] == files.significant(np.mean((probability > 0.5) == positive))
    threshold = entries["model"]["operating_threshold"]["value"]
    point = test["operating_point"]
    assert point["sensitivity"]["mean"] == files.significant((probability >= threshold)[positive].mean())
    assert point["true_positives"] + point["false_negatives"] == positive.sum()
    assert "over_folds" not in test
    assert "baselines" not in found["train"]


def test_threshold_and_temperature_do_not_see_the_test_images():
    study = factories.study(factories.split_table(400))
    predictions = factories.trained_models(study)
    test = study.models[0].test
    whole = predictions.predictors[-1](np.arange(400)).copy()
    whole[test] = whole[test][:, ::-1]
    turned = assess.Predictions({-1: whole.__getitem__}, {})
    _, entries, _ = assessed(study, predictions)
    metrics, other, _ = assessed(study, turned)
    assert entries == other
    assert metrics["test"]["roc_auc"]["mean"] < 0.5


def test_numbers_have_six_digits_and_text_is_short_enough_for_a_table():
    found, _, _ = assessed(factories.study(factories.split_table(200)))
    for leaf in leaves(found):
        if isinstance(leaf, float):
            assert leaf == files.significant(leaf)
        assert leaf is None or isinstance(leaf, int | float | str)


def test_folds_are_pooled_and_spread():
    study = factories.study(factories.split_table(300, "kfold"))
    found, entries, _ = assessed(study)
    assert "train" not in found
    assert found["test"]["n"] == found["validation"]["n"] == 300
    assert found["test"]["note"].startswith("test (out of fold")
    assert list(entries) == [f"fold-{fold}" for fold in range(5)]
    assert list(found["test"]["operating_point"]["thresholds"]) == list("01234")
    assert found["test"]["over_folds"]["accuracy"]["folds"] == 5
    assert found["test"]["over_folds"]["accuracy"]["mean"] == pytest.approx(found["test"]["accuracy"]["mean"], abs=1e-5)
    choice = found["test"]["baselines"]["features"]["choice"]
    assert all(f"fold-{fold}" in choice for fold in range(5))
    assert choice.count("C = ") <= 5


def test_each_fold_calls_at_its_own_threshold():
    study = factories.study(factories.split_table(300, "kfold"))
    shared = factories.trained_models(study).predictors[0](np.arange(300))[:, 1]
    scaled = {part.fold: shared * 0.5 ** (part.fold + 1) for part in study.models}  # each model on a scale of its own
    both = {fold: np.stack([1 - values, values], axis=1) for fold, values in scaled.items()}
    found, entries, _ = assessed(study, assess.Predictions({f: v.__getitem__ for f, v in both.items()}, {}))
    called = np.zeros(300, bool)
    for part in study.models:
        threshold = entries[part.name]["operating_threshold"]["value"]
        called[part.test] = both[part.fold][part.test, 1] >= threshold
    expected = called[study.truth == 1].mean()
    assert found["test"]["operating_point"]["sensitivity"]["mean"] == files.significant(expected)
    assert expected > 0.5


def test_many_classes():
    study = factories.study(factories.split_table(400, k=3))
    found, _, _ = assessed(study)
    per_class = found["test"]["per_class"]
    assert list(per_class) == ["class0", "class1", "class2"]
    mean = np.mean([one["roc_auc"]["mean"] for one in per_class.values()])
    assert found["test"]["roc_auc"]["mean"] == pytest.approx(mean, abs=1e-5)
    assert "macro" in found["definitions"]["roc_auc"]


def test_no_test_part_makes_validation_the_headline():
    split = factories.split_table(200)
    split = split.assign(split=split["split"].replace("test", "train"))
    found, _, _ = assessed(factories.study(split))
    assert found["headline"] == "validation"
    assert "test" not in found
    assert found["validation"]["note"] == "validation (used for selection)"


def test_training_images_alone_cannot_be_quoted():
    study = factories.study(factories.split_table(200).assign(split="train"))
    with pytest.raises(UserError, match="neither test nor validation"):
        _ = study.headline


def test_few_groups_and_few_images_are_said():
    found, _, _ = assessed(factories.study(factories.split_table(48, images_a_group=4)))
    test = found["test"]
    assert test["groups"] == 3
    assert "3 groups" in test["notes"]["intervals"]
    assert test["accuracy"]["low"] is None
    assert "at least 50" in test["calibrated"]["note"]


def test_one_class_in_a_part_is_said_and_does_not_stop():
    split = factories.split_table(200)
    split.loc[split["split"] == "validation", "label"] = "normal"
    found, _, _ = assessed(factories.study(split))
    assert found["validation"]["roc_auc"]["mean"] is None
    assert "every class" in found["validation"]["notes"]["roc_auc"]
    assert found["test"]["operating_point"] == {"note": "no positive image to choose a threshold on"}
    assert found["test"]["roc_auc"]["mean"] > 0.5


def test_a_leaky_split_is_named_in_every_block():
    found, _, _ = assessed(factories.study(factories.split_table(200)), leaky=True)
    assert all(found[name]["note"].startswith("LEAKY SPLIT") for name in ("train", "validation", "test"))


def test_groups_of_one_image_are_not_scored_twice():
    found, _, _ = assessed(factories.study(factories.split_table(200, images_a_group=1)))
    assert "by_group" not in found["test"]


def test_a_baseline_as_good_as_the_model_has_no_difference():
    study = factories.study(factories.split_table(200))
    same = factories.trained_models(study)
    _, entries, _ = assessed(study)
    found = assess.metrics(study, same, entries, {"features": same}, False)["test"]["baselines"]["features"]
    assert found["difference"]["roc_auc"] == {"mean": 0, "low": None, "high": None}


@pytest.mark.parametrize(("kind", "k"), [("grouped", 2), ("grouped", 3), ("kfold", 2)])
def test_plots_are_written_and_repeat(tmp_path, kind, k):
    study = factories.study(factories.split_table(400, kind, k))
    _, entries, predictions = assessed(study)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        text = assess.write_plots(tmp_path / name, study, predictions, entries)
    written = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert {"roc.csv", "precision_recall.csv", "reliability.csv", "confusion.csv", "table.txt"} <= set(written)
    assert ("folds.csv" in written) == (kind == "kfold")
    assert ("roc_by_class.csv" in written) == (k == 3)
    assert "reliability_calibrated.csv" in written
    for name in written:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert text.split("\n", 1)[0].split() == ["precision", "recall", "f1-score", "support"]
    assert len(pd.read_csv(tmp_path / "first" / "confusion.csv")) == (400 if kind == "kfold" else 100)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_other_intervals():
    split = factories.split_table(200)
    first, second, other = (assessed(factories.study(split, seed=seed))[0] for seed in (0, 0, 1))
    assert first == second
    assert first["test"]["roc_auc"]["mean"] == other["test"]["roc_auc"]["mean"]
    assert first["test"]["roc_auc"]["low"] != other["test"]["roc_auc"]["low"]
