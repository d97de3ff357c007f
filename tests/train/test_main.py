"""Stage train as dvc runs it: what it writes, and that an interrupted run of folds costs only what was lost."""

import functools
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages.common import files, paths, tables
from stages.models import compose, front, runtime, trained
from stages.train import __main__ as stage
from stages.train import checkpoint, fit
from tests import factories

pytestmark = pytest.mark.usefixtures("workspace")
COUNT, FOLDS, EPOCHS = 18, 3, 3
IMAGE_IDS = [f"{number:04}" for number in range(COUNT)]


def prepare(folds: bool, **values: object) -> None:
    """All that the stage reads, in the current folder: features at the cut, or pixels."""
    settings = {**factories.SMALL, "train__epochs": EPOCHS, "train__batch_size": 8, **values}
    factories.write_params(Path("params.yaml"), **settings)
    design = factories.design(**settings)
    runtime.start()
    whole = compose.compose(design)
    factories.randomize(whole.whole)
    arrays = {name: np.array(value) for name, value in front.named_weights(whole.whole).items() if "head" not in name}
    paths.WEIGHTS.mkdir(parents=True)
    files.write_arrays(paths.WEIGHTS / f"{design.backbone.name}.h5", arrays, {})
    random = np.random.default_rng(0)
    if design.cut == "input":
        features = random.integers(0, 255, (COUNT, *design.size, 3), np.uint8)
    else:
        features = random.standard_normal((COUNT, *whole.tail.input_shape[1:])).astype(np.float16)
    factories.feature_file(paths.FEATURES, features, IMAGE_IDS)
    parts = np.array(["train", "train", "validation"] * (COUNT // 3))
    split = {
        "image_id": IMAGE_IDS,
        "group_id": IMAGE_IDS,
        "label": np.array(factories.CLASSES)[np.arange(COUNT) // 3 % 2],
        "split": "test" if folds else parts,
        "fold": np.arange(COUNT) % FOLDS if folds else -1,
    }
    tables.write(paths.SPLIT_TABLE, pd.DataFrame(split), tables.SPLIT_COLUMNS)


def outputs() -> dict[str, str]:
    """Digests of all that the stage wrote."""
    written = [path for root in (paths.MODEL, paths.PLOTS) for path in sorted(root.rglob("*")) if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in written}


def interrupt_in(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    """Let the validation of this epoch, counted over all folds, never return."""
    validate, seen = fit._validate, []

    def validate_or_end(*arguments: object) -> dict:
        seen.append(1)
        if len(seen) == epoch:
            raise KeyboardInterrupt
        return validate(*arguments)

    monkeypatch.setattr(fit, "_validate", validate_or_end)


def test_folds_that_are_done_are_not_trained_again_and_no_byte_tells(monkeypatch):
    prepare(folds=True)
    stage.main()
    whole = outputs()
    assert {f"data/model/fold-{fold}/weights.h5" for fold in range(FOLDS)} <= set(whole)
    assert not stage.CHECKPOINTS.exists()

    monkeypatch.setattr(checkpoint, "Checkpoint", functools.partial(checkpoint.Checkpoint, seconds=0))
    with monkeypatch.context() as patched:
        interrupt_in(patched, EPOCHS + 2)
        with pytest.raises(KeyboardInterrupt):
            stage.main()
    assert outputs() == whole, "an interrupted run must leave what was there"
    run, original = [], fit._epoch
    monkeypatch.setattr(fit, "_epoch", lambda *a: (run.append(a[-1]), original(*a))[1])
    stage.main()
    assert run == [2, 3, 1, 2, 3]
    assert outputs() == whole
    assert not stage.CHECKPOINTS.exists()


def test_refitted_it_learns_from_all_but_the_test_images_for_as_many_epochs_as_were_best():
    prepare(folds=True, train__refit=True)
    stage.main()
    history = pd.read_csv(paths.PLOTS / "train" / "history.csv")
    for fold in range(FOLDS):
        folder = paths.MODEL / f"fold-{fold}"
        final, first = (trained.load(each) for each in (folder, folder / trained.SELECTION))
        assert (first.provenance["train_images"], first.provenance["validation_images"]) == (6, 6)
        assert (final.provenance["train_images"], final.provenance["validation_images"]) == (12, 0)
        best = history[(history["fold"] == fold) & (history["best"] == 1)]["epoch"].item()
        assert final.provenance["epochs"] == first.provenance["best_epoch"] == best
        assert any((final.arrays[name] != first.arrays[name]).any() for name in final.arrays)
    (root,) = {folder for fold, folder, _ in trained.of_rows(paths.MODEL, _rows(0, "validation"))}
    assert root == paths.MODEL / "fold-0" / trained.SELECTION
    assert next(trained.of_rows(paths.MODEL, _rows(2, "test")))[1] == paths.MODEL / "fold-2"


def _rows(fold, part):
    return pd.DataFrame({"fold": [fold], "split": [part]})


def test_the_first_of_two_trainings_is_the_one_without_refitting():
    """And the second starts anew: it does not depend on the first, but for the number of epochs."""
    prepare(folds=False, train__refit=True)
    stage.main()
    refitted = outputs()
    factories.write_params(Path("params.yaml"), **factories.SMALL, train__epochs=EPOCHS, train__batch_size=8)
    stage.main()
    assert outputs()["data/model/weights.h5"] == refitted["data/model/selection/weights.h5"]
    assert outputs()["data/model/weights.h5"] != refitted["data/model/weights.h5"]


def test_a_refit_that_is_killed_goes_on_where_it_was(monkeypatch):
    prepare(folds=False, train__refit=True, train__monitor="none", train__patience=None)
    stage.main()
    whole = outputs()
    monkeypatch.setattr(checkpoint, "Checkpoint", functools.partial(checkpoint.Checkpoint, seconds=0))
    run, original = [], fit._epoch

    def epoch_or_end(*arguments: object) -> object:
        if len(run) == EPOCHS + 2:
            raise KeyboardInterrupt
        run.append(arguments[-1])
        return original(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(fit, "_epoch", epoch_or_end)
        with pytest.raises(KeyboardInterrupt):
            stage.main()
    assert run == [1, 2, 3, 1, 2]
    run.clear()
    monkeypatch.setattr(fit, "_epoch", epoch_or_end)
    stage.main()
    assert run == [3], "the first training is not run again, nor what was done of the second"
    assert outputs() == whole


def test_another_parameter_takes_nothing_over(monkeypatch):
    prepare(folds=False)
    monkeypatch.setattr(checkpoint, "Checkpoint", functools.partial(checkpoint.Checkpoint, seconds=0))
    with monkeypatch.context() as patched:
        interrupt_in(patched, 2)
        with pytest.raises(KeyboardInterrupt):
            stage.main()
    assert (stage.CHECKPOINTS / "fold-1.h5").exists()
    factories.write_params(
        Path("params.yaml"), **factories.SMALL, train__epochs=EPOCHS, train__batch_size=8, train__seed=9
    )
    run, original = [], fit._epoch
    monkeypatch.setattr(fit, "_epoch", lambda *a: (run.append(a[-1]), original(*a))[1])
    stage.main()
    assert run == [1, 2, 3]


def test_curves_as_a_table_and_as_dvclive_writes_them():
    prepare(folds=False)
    stage.main()
    history = pd.read_csv(paths.PLOTS / "train" / "history.csv")
    assert list(history["epoch"]) == [1, 2, 3]
    assert history["best"].sum() == 1
    live = pd.read_csv(paths.PLOTS / "train/live/plots/metrics/validation_loss.tsv", sep="\t")
    assert list(live.columns) == ["step", "validation_loss"], "no times: they would differ from run to run"
    np.testing.assert_allclose(live["validation_loss"], history["validation_loss"], rtol=1e-5)
    assert not (paths.PLOTS / "train" / "augmented.png").exists()


def test_pixels_are_augmented_and_shown():
    """Eight training images, each with five changes."""
    prepare(
        folds=False,
        image__height=32,
        image__width=40,
        backbone__name="small_cnn",
        backbone__widths=[2, 2],
        backbone__cut="input",
        train__augment__rotation=10.0,
        attribute__maps={"gradcam": {"method": "gradcam"}},
    )
    stage.main()
    assert Image.open(paths.PLOTS / "train" / "augmented.png").size == (6 * 40, 8 * 32)


def test_a_network_that_sees_several_sides_is_trained_on_one_and_kept_with_all():
    values = {
        "backbone__name": "background_cnn", "backbone__widths": [4], "backbone__components": 2,
        "backbone__cut": "input", "backbone__weights": "random", "backbone__train_statistics": True,
        "head__kind": "score_map", "attribute__maps": {"gradcam": {"method": "gradcam"}},
    }  # fmt: skip
    prepare(folds=False, **values)
    weights = {}
    for views in ("one", "flips"):
        factories.write_params(
            Path("params.yaml"),
            **{**factories.SMALL, "train__epochs": 2, "train__batch_size": 8, **values, "backbone__views": views},
        )
        stage.main()
        assert trained.load(paths.MODEL).design.backbone.views == views
        weights[views] = (paths.MODEL / "weights.h5").read_bytes()
    assert weights["one"] == weights["flips"]
