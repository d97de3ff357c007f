"""The stage on models of which one knows what they look at."""

import json

import pytest

from stages.common import files, params, paths
from stages.common.errors import UserError
from stages.shortcuts import __main__ as stage
from tests import factories
from tests.shortcuts import factory

CHANCE = {"mean": 0.5, "low": 0.5, "high": 0.5}
PERFECT = {"mean": 1, "low": None, "high": None}  # the same in every replicate


def measured(**keys):
    factories.write_params(params.PARAMS, **factories.SMALL, **factory.CUT | keys)
    words = stage.main()
    return words, json.loads(stage.METRICS_FILE.read_text())


@pytest.mark.usefixtures("workspace")
def test_a_model_that_looks_at_the_finding_needs_it():
    factory.workspace()
    factory.looks_at_the_finding()
    words, metrics = measured()
    assert words == "test: AUC 1.000, 0.500 with the regions hidden, 0.500 from the border alone"
    assert list(metrics)[-2:] == ["test", "validation"] or list(metrics)[-2:] == ["validation", "test"]
    for part, n in (("validation", 16), ("test", 32)):
        found = metrics[part]
        assert (found["n"], found["groups"], found["with_regions"], found["left_out"]) == (n, n // 2, n // 2, 0)
        assert found["roc_auc"]["intact"]["mean"] == 1
        assert found["roc_auc"]["hidden"]["mean"] == 0.5
        assert found["roc_auc"]["elsewhere"]["mean"] == 1, "filling another place takes nothing away"
    found = metrics["test"]
    assert found["roc_auc"]["intact"] == found["roc_auc"]["elsewhere"] == PERFECT
    assert found["roc_auc"]["hidden"] == found["roc_auc"]["border"] == CHANCE
    assert found["difference"]["hidden"]["mean"] == found["difference"]["border"]["mean"] == 0.5
    assert not found["above_chance"]["hidden"]
    assert not found["above_chance"]["border"]
    assert found["above_chance"]["border_pixels"], "the mark is there, though this model does not use it"


@pytest.mark.usefixtures("workspace")
def test_a_model_that_looks_at_the_border_is_found_out_and_twice_the_same():
    factory.workspace()
    factory.looks_at_the_border()
    words, metrics = measured()
    assert words == "test: AUC 1.000, 1.000 with the regions hidden, 1.000 from the border alone"
    found = metrics["test"]
    assert found["roc_auc"]["border"] == found["roc_auc"]["hidden"] == found["roc_auc"]["border_pixels"] == PERFECT
    assert found["above_chance"] == {"hidden": True, "border": True, "border_pixels": True}
    assert "no interval" in found["notes"]["border"]
    first = stage.METRICS_FILE.read_bytes()
    measured()
    assert stage.METRICS_FILE.read_bytes() == first


@pytest.mark.usefixtures("workspace")
def test_positive_images_without_regions_are_left_out_as_their_finding_stays_in_sight():
    factory.workspace(marked=28)
    factory.looks_at_the_finding()
    found = measured()[1]["test"]
    assert (found["n"], found["with_regions"], found["left_out"]) == (28, 12, 4)
    assert found["roc_auc"]["hidden"] == CHANCE


@pytest.mark.usefixtures("workspace")
def test_without_regions_the_border_alone_is_measured():
    factory.workspace(marked=0)
    factory.looks_at_the_border()
    words, metrics = measured()
    assert words == "test: AUC 1.000, 1.000 from the border alone"
    found = metrics["test"]
    assert found["n"] == 32
    assert set(found["roc_auc"]) == {"intact", "border", "border_pixels"}
    assert found["notes"]["hidden"] == "nothing could be hidden: no image has a region"
    assert found["above_chance"] == {"border": True, "border_pixels": True}


@pytest.mark.usefixtures("workspace")
def test_with_folds_each_image_is_answered_for_by_the_model_that_held_it_out():
    factory.workspace(folds=3)
    factory.looks_at_the_finding(3)
    metrics = measured(split__kind="kfold", split__folds=3)[1]
    assert metrics["test"]["n"] == metrics["validation"]["n"] == factory.COUNT
    assert metrics["test"]["roc_auc"]["hidden"] == CHANCE
    assert metrics["test"]["roc_auc"]["intact"] == PERFECT


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    "keys",
    [
        {"image__tiles__size": 32, "head__kind": "attention", "backbone__cut": "block5_pool"},
        {"image__fit": "native", "head__kind": "attention", "backbone__cut": "block3_pool"},
        {"image__fit": "letterbox", "backbone__cut": "input", "train__loss": "sigmoid"},
    ],
    ids=["tiles", "native", "pixels"],
)
def test_any_model(keys):
    factory.workspace(sizes=(50, 80))
    keys = {"backbone__end": None, **keys}
    factory.save(factories.design(**keys))
    factories.write_params(params.PARAMS, **factories.SMALL, **keys)
    stage.main()
    found = files.read_json(stage.METRICS_FILE)["test"]["roc_auc"]
    assert set(found) == {"intact", "border", "hidden", "elsewhere", "border_pixels"}
    assert all(0 <= score["mean"] <= 1 for score in found.values())


@pytest.mark.usefixtures("workspace")
def test_few_images_and_none():
    factory.workspace()
    factory.looks_at_the_finding()
    words, metrics = measured(shortcuts__max_images=8)
    assert metrics["test"]["n"] == metrics["validation"]["n"] == 8
    assert metrics["test"]["with_regions"] == 4, "even over the classes"
    assert "no intervals" in metrics["test"]["notes"]["intervals"]
    assert not any(metrics["test"]["above_chance"].values()), "nothing is claimed without an interval"
    words, metrics = measured(shortcuts__max_images=0)
    assert "max_images" in words
    assert "test" not in metrics


@pytest.mark.usefixtures("workspace")
def test_a_split_that_the_models_do_not_fit_is_told():
    factory.workspace(folds=3)
    factory.looks_at_the_finding(2)
    factories.write_params(params.PARAMS, **factories.SMALL, **factory.CUT)
    with pytest.raises(UserError, match=r"fold-2.*dvc repro train"):
        stage.main()
    assert not (paths.METRICS / "shortcuts.json").exists()
