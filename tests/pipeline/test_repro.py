"""Real `dvc repro` runs: what runs again after an edit, and that the same comes out."""

from pathlib import Path

import pytest

from tests.pipeline.workspace import Workspace

AFTER_TRAIN = {
    *("train", "evaluate", "attribute@deeplift", "attribute@gradcam", "localize"),
    *("trust", "shortcuts", "render@deeplift", "render@gradcam", "report"),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace after one run; the tests below edit it in turn, each from wherever the one before left it."""
    workspace = Workspace(tmp_path_factory.mktemp("repro") / "first")
    workspace.repro()
    return workspace


def test_a_run_ends_with_every_output(finished: Workspace) -> None:
    for path in ("data/report/index.html", "data/features.h5", "metrics/evaluate.json", "metrics/localize.json"):
        assert (finished.root / path).is_file()
    assert (finished.root / "data/overlays/gradcam").is_dir()


def test_a_second_run_does_nothing(finished: Workspace) -> None:
    assert finished.repro() == []


def test_a_second_clean_run_gives_the_same_bytes(finished: Workspace, tmp_path: Path) -> None:
    again = Workspace(tmp_path / "again")
    again.repro()
    assert again.outputs() == finished.outputs()


def test_a_colleague_pulls_and_reruns_nothing(finished: Workspace, tmp_path: Path) -> None:
    finished.run("dvc", "remote", "add", "-d", "shared", str(tmp_path / "remote"))
    finished.run("dvc", "push")
    finished.run("git", "add", "-A")
    finished.run("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "a run")
    finished.run("git", "clone", "-q", ".", str(tmp_path / "second"))
    second = object.__new__(Workspace)
    second.root = tmp_path / "second"
    second.run("dvc", "pull")
    assert second.repro() == []
    assert (second.root / "data/report/index.html").is_file()


def test_where_the_work_is_done_changes_nothing(finished: Workspace) -> None:
    finished.set({"compute.workers": 1, "compute.memory_mb": 64})
    assert set(finished.repro()) <= {"check"}


def test_an_edit_of_training_leaves_extraction_alone(finished: Workspace) -> None:
    # Another rate too: an epoch more may not be the best, and then what follows need not run.
    finished.set({"train.epochs": 3, "train.learning_rate": 0.004})
    assert set(finished.repro()) - {"check"} == AFTER_TRAIN


def test_one_stage_can_run_alone(finished: Workspace) -> None:
    finished.set({"train.epochs": 1})
    finished.repro("-s", "check")
    assert finished.repro("-s", "train") == ["train"]
    finished.set({"train.epochs": 3})
    finished.repro()


def test_an_edit_of_a_colour_redraws_and_reports(finished: Workspace) -> None:
    finished.set({"render.colors": "viridis"})
    assert set(finished.repro()) - {"check"} == {"render@deeplift", "render@gradcam", "report"}


def test_a_new_map_is_the_only_one_computed(finished: Workspace) -> None:
    finished.set({"attribute.maps.fine": {"method": "gradcam", "layer": "block4_conv3"}})
    assert set(finished.repro()) - {"check"} == {"attribute@fine", "localize", "trust", "render@fine", "report"}


def test_a_typo_stops_everything_before_any_work(finished: Workspace) -> None:
    finished.set({"train.epoch": 5})
    done = finished.run("dvc", "repro", check=False)
    assert done.returncode != 0
    assert "unknown key `train.epoch`; did you mean `epochs`?" in done.stderr
    assert "Running stage 'train'" not in done.stdout
