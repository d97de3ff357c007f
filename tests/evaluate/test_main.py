"""The stage on a small workspace, with a real (untrained) model behind real feature files."""

import dataclasses
import functools

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from sklearn.metrics import roc_auc_score

from stages.common import files, paths, tables
from stages.common.errors import UserError
from stages.common.params import Params
from stages.evaluate import __main__ as stage
from stages.evaluate import calibration
from stages.models import trained
from stages.models.compose import design_of
from tests.evaluate import factories


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def make(kind="grouped", count=120):
        settings = small_parameters(kind)
        files.write_text(tmp_path / "params.yaml", yaml.safe_dump(settings.model_dump()))
        split = factories.split_table(count, kind)
        tables.write(paths.SPLIT_TABLE, split, tables.SPLIT_COLUMNS)
        write_images(split)
        write_features(split)
        for fold in split["fold"].unique():
            folder = paths.MODEL / (f"fold-{fold}" if fold >= 0 else "")
            folder.mkdir(parents=True)
            trained.save(untrained_model(settings), folder)
        return split

    return make


def small_parameters(kind):
    values = Params().model_dump()
    values["image"] |= {"height": 32, "width": 32}
    values["head"]["kind"] = "score_map"
    values["evaluate"] |= {"replicates": 200, "temperature_minimum": 20}
    values["split"]["kind"] = kind
    return Params.model_validate(values)


def write_images(split):
    paths.IMAGES.mkdir(parents=True)
    for number, name in enumerate(split["image_id"]):
        Image.new("L", (8, 6), number).save(paths.IMAGES / f"{name}.png")
    table = split.assign(path=split["image_id"] + ".png", width=8, height=6)
    others = {name: "" for name in tables.IMAGE_COLUMNS if name not in table.columns}
    tables.write(paths.IMAGE_TABLE, table.drop(columns="fold").assign(**others), tables.IMAGE_COLUMNS)


def write_features(split):
    random = np.random.default_rng(0)
    features = (
        random.random((len(split), 1, 1, 512)) * (1 + (split["label"] == "abnormal").to_numpy())[:, None, None, None]
    )
    arrays = {"image_id": files.strings(split["image_id"]), "features": features.astype(np.float16)}
    files.write_arrays(paths.FEATURES, arrays, {})


def untrained_model(settings):
    return trained.Trained(design_of(settings), settings.ingest.classes, "abnormal", "softmax", {}, untrained_arrays())


@functools.cache
def untrained_arrays():
    from stages.models import compose, front, runtime

    runtime.start(0)
    tail = compose.compose(design_of(small_parameters("grouped"))).tail
    return {name: variable.numpy() for name, variable in front.named_weights(tail).items()}


def outputs():
    written = [stage.METRICS, paths.CALIBRATION, paths.PREDICTIONS, *sorted(stage.PLOTS.iterdir())]
    return {path.name: path.read_bytes() for path in written}


def test_scores_can_be_had_again_from_the_predictions_and_every_byte_repeats(workspace, capsys):
    workspace()
    summary = stage.main()
    metrics, predictions = files.read_json(stage.METRICS), tables.read(paths.PREDICTIONS, tables.PREDICTION_COLUMNS)
    test = predictions[predictions["split"] == "test"]
    positive = test["label"] == "abnormal"
    assert metrics["test"]["roc_auc"]["mean"] == files.significant(roc_auc_score(positive, test["p_abnormal"]))
    assert metrics["test"]["accuracy"]["mean"] == files.significant((test["label"] == test["predicted"]).mean())
    threshold = files.read_json(paths.CALIBRATION)["models"]["model"]["operating_threshold"]["value"]
    assert metrics["test"]["operating_point"]["true_positives"] == (positive & (test["p_abnormal"] >= threshold)).sum()
    assert set(metrics["test"]["baselines"]) == {"majority", "features", "image_statistics"}
    assert metrics["test"]["baselines"]["features"]["roc_auc"]["mean"] > 0.95
    assert f"AUC {metrics['test']['roc_auc']['mean']:.3f}" in summary
    assert "f1-score" in capsys.readouterr().out
    first = outputs()
    stage.main()
    assert outputs() == first


@pytest.mark.parametrize("kind", ["grouped", "kfold"])
def test_validation_images_are_predicted_by_the_model_that_did_not_learn_from_them(workspace, kind):
    split = workspace(kind)
    for folder in trained.folders(paths.MODEL).values():
        final = trained.load(folder)
        first = {name: -2 * array if "kernel" in name else array for name, array in final.arrays.items()}
        (folder / trained.SELECTION).mkdir()
        trained.save(dataclasses.replace(final, arrays=first), folder / trained.SELECTION)
    stage.main()
    settings = small_parameters(kind)
    study = stage._study(settings)
    for part in study.models:
        folder = trained.folders(paths.MODEL)[part.fold]
        found = stage._predict(part, study)
        for rows, model in ((part.validation, folder / trained.SELECTION), (part.test, folder)):
            wanted = trained.predict(model, paths.FEATURES, list(split["image_id"].iloc[rows]))
            np.testing.assert_allclose(found[rows], wanted, rtol=1e-8)
        by_final = trained.predict(folder, paths.FEATURES, list(split["image_id"].iloc[part.validation]))
        assert np.abs(found[part.validation] - by_final).max() > 1e-3


def test_probabilities_have_nine_digits_and_all_images_a_row(workspace):
    split = workspace()
    stage.main()
    text = pd.read_csv(paths.PREDICTIONS, dtype=str)
    assert text["image_id"].tolist() == split["image_id"].tolist()
    assert text["p_normal"].map(lambda value: f"{float(value):.9g}" == str(float(value))).all()
    assert np.allclose(text[["p_normal", "p_abnormal"]].astype(float).sum(axis=1), 1)


def test_folds_leave_one_row_an_image_and_one_entry_a_model(workspace):
    workspace("kfold")
    (stage.PLOTS).mkdir(parents=True)
    (stage.PLOTS / "left_over.csv").write_text("of an older run")
    stage.main()
    predictions = tables.read(paths.PREDICTIONS, tables.PREDICTION_COLUMNS)
    assert len(predictions) == 120
    assert predictions["image_id"].is_unique
    entries = files.read_json(paths.CALIBRATION)["models"]
    assert list(entries) == [f"fold-{fold}" for fold in range(5)]
    assert len(entries["fold-0"]["features"]["mean"]) == 512
    assert calibration.distance(np.full((1, 512), 100.0), entries["fold-0"]["features"])[0] > 10
    assert (stage.PLOTS / "folds.csv").exists()
    assert not (stage.PLOTS / "left_over.csv").exists()


def test_a_missing_model_and_an_unknown_label_are_said_in_one_line(workspace):
    split = workspace("kfold")
    for path in (paths.MODEL / "fold-4").iterdir():
        path.unlink()
    (paths.MODEL / "fold-4").rmdir()
    with pytest.raises(UserError, match="lacks the model `fold-4`"):
        stage.main()
    tables.write(paths.SPLIT_TABLE, split.assign(label="other"), tables.SPLIT_COLUMNS)
    with pytest.raises(UserError, match=r"'other' is not in `ingest.classes`"):
        stage.main()
