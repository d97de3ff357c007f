"""The stage as it is run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.report import factory

PROJECT = Path(__file__).parents[2]


def stage(folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "stages.report"]
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(PROJECT), "PATH": ""}, capture_output=True, text=True, check=False
    )


def test_the_stage_writes_the_report_and_one_line(tmp_path):
    factory.workspace(tmp_path, factory.Recipe())
    done = stage(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "report: 22 of 30 images in data/report/index.html\n"
    assert (tmp_path / "data/report/index.html").is_file()


@pytest.mark.parametrize("missing", ["metrics/evaluate.json", "data/predictions.csv", "data/images.csv"])
def test_what_is_missing_is_told_in_one_line(tmp_path, missing):
    factory.workspace(tmp_path, factory.Recipe())
    (tmp_path / missing).unlink()
    done = stage(tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"report: error: {missing} is missing; run `dvc repro`, which makes it before the report\n"
    assert not (tmp_path / "data/report").exists()
