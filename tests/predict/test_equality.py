"""The whole path, from a file of any kind to a probability, gives the numbers of the pipeline's cached path."""

import shutil

import numpy as np
import pytest

from stages.common import files, paths
from stages.evaluate import calibration
from stages.predict import predict
from tests.predict import factory

COLUMNS = ["p_normal", "p_abnormal"]


@pytest.mark.parametrize("kind", [name for name in factory.KINDS if name != "folds"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_probabilities_equal_those_of_the_pipeline(tmp_path, frozen, kind):
    root = frozen if kind == "frozen" else factory.workspace(tmp_path / kind, **factory.KINDS[kind])
    known = factory.predictions(root)
    found = predict(root / paths.RAW, root / paths.DATA, maps=()).table.set_index("image_id")
    assert list(found.index) == list(known.index)
    assert known["p_abnormal"].std() > 1e-3  # else any model would do
    np.testing.assert_allclose(found[COLUMNS], known[COLUMNS], rtol=0, atol=1e-5)
    assert list(found["predicted"]) == list(known["predicted"])
    few = found.index[found["source_path"].isin(["normal/04.png", "abnormal/03.dcm"])]
    named = [root / paths.RAW / found.at[image_id, "source_path"] for image_id in few]
    alone = predict(named, root / paths.DATA, maps=()).table
    np.testing.assert_array_equal(alone[COLUMNS], found.loc[few, COLUMNS])  # whatever batch an image comes in


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_with_folds_the_calibrated_probabilities_of_all_models_are_averaged(tmp_path):
    root = factory.workspace(tmp_path / "folds", **factory.KINDS["folds"])
    about = files.read_json(root / paths.CALIBRATION)
    entries = about["models"]
    for fold in range(3):  # what is fitted on so few images is no temperature
        entries[f"fold-{fold}"]["temperature"]["value"] = (0.5, 2.0, 3.0)[fold]
    files.write_json(root / paths.CALIBRATION, about)
    found, maps, _ = predict(root / paths.RAW, root / paths.DATA, maps=["cam"])
    known, own = factory.predictions(root), []
    for fold in range(3):  # each model by itself, as a model without folds
        alone = tmp_path / f"alone-{fold}"
        shutil.copytree(root / paths.MODEL / f"fold-{fold}", alone / "model")
        files.write_json(alone / "calibration.json", about | {"models": {"model": entries[f"fold-{fold}"]}})
        own.append(predict(root / paths.RAW, alone, root / paths.WEIGHTS, maps=["cam"]))
        held_out = known.index[known["fold"] == fold]
        np.testing.assert_allclose(
            own[fold].table.set_index("image_id").loc[held_out, COLUMNS], known.loc[held_out, COLUMNS], atol=1e-5
        )
    tables = [each.table for each in own]
    for column in ("p_abnormal", "calibrated_abnormal", "threshold", "distance", "distance_limit"):
        np.testing.assert_allclose(found[column], np.mean([table[column] for table in tables], axis=0), rtol=1e-5)
    by_hand = calibration.calibrated(tables[0][COLUMNS].to_numpy(), entries["fold-0"]["temperature"]["value"])
    np.testing.assert_allclose(tables[0]["calibrated_abnormal"], by_hand[:, 1], rtol=1e-6)
    np.testing.assert_allclose(maps["cam"], np.mean([each.maps["cam"] for each in own], axis=0), rtol=1e-4, atol=1e-6)
