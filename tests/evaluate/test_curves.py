import numpy as np
import pandas as pd
import pytest

from stages.common import bootstrap
from stages.evaluate import curves, scores
from stages.evaluate.scored import Scored
from tests.evaluate import factories


def scored(n=200, k=2, positive=1):
    truth, probabilities = factories.predictions(n, k)
    groups = np.array([f"{number // 2:04d}" for number in range(n)])
    return Scored(truth, probabilities, groups, positive, bootstrap.resample(groups, 200, 0), 10)


def test_the_area_under_the_roc_table_is_the_auc():
    images = scored()
    table = curves.roc(images.truth == 1, images.probabilities[:, 1])
    area = np.trapezoid(table["true_positive_rate"], table["false_positive_rate"])
    assert area == pytest.approx(images.estimate().points["roc_auc"])
    assert table["threshold"].isna().tolist() == [True] + [False] * (len(table) - 1)


def test_the_precision_recall_table_ends_at_recall_zero():
    images = scored()
    table = curves.precision_recall(images.truth == 1, images.probabilities[:, 1])
    assert table["recall"].iloc[[0, -1]].tolist() == [1, 0]
    assert table["recall"].is_monotonic_decreasing


@pytest.mark.parametrize("curve", [curves.roc, curves.precision_recall])
def test_one_class_alone_has_no_curve(curve):
    table = curve(np.ones(5, bool), np.linspace(0, 1, 5))
    assert len(table) == 0
    assert len(table.columns) == 3


def test_curves_by_class_name_the_class():
    images = scored(k=3, positive=2)
    table = curves.by_class(curves.roc, images, ["a", "b", "c"])
    assert table.columns[0] == "class"
    assert set(table["class"]) == {"a", "b", "c"}


@pytest.mark.parametrize("k", [2, 3])
def test_the_calibration_error_can_be_had_from_the_reliability_table(k):
    images = scored(k=k)
    table = curves.reliability(images)
    gaps = (table["n"] * (table["probability"] - table["observed"]).abs()).sum() / table["n"].sum()
    assert gaps == pytest.approx(images.estimate().points["ece"])
    assert table["n"].sum() == 200
    assert (table["probability"].between(table["bin_from"], table["bin_to"])).all()
    sure = table["low"].notna()
    assert sure.sum() > 0
    assert table["low"][sure].lt(table["observed"][sure]).all()


def test_a_bin_of_few_groups_has_no_interval():
    table = curves.reliability(scored(60))
    assert table["low"][table["n"] < 10].isna().all()
    assert (table["n"] < 10).any()


def test_confusion_has_one_row_an_image():
    images = scored()
    table = curves.confusion(images, factories.CLASSES)
    right = (table["actual"] == table["predicted"]).mean()
    assert len(table) == 200
    assert right == pytest.approx(images.estimate().points["accuracy"])


def test_folds_are_scored_alone():
    images = scored(100)
    fold = np.arange(100) // 2 % 5
    table = curves.folds(images, fold)
    here = fold == 3
    alone = scores.all_scores(images.truth[here], images.probabilities[here], np.ones((1, here.sum())), 1, 10)
    row = table[table["fold"] == 3].iloc[0]
    assert (row["n"], row["groups"]) == (20, 10)
    assert row["roc_auc"] == alone["roc_auc"][0]
    assert isinstance(table, pd.DataFrame)


def test_the_text_table_has_classes_and_averages():
    text = curves.report_text(scored(), factories.CLASSES)
    for word in ("normal", "abnormal", "precision", "recall", "f1-score", "support", "weighted avg"):
        assert word in text
