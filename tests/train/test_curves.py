"""The curves as a table and as DVCLive writes them."""

import subprocess
from pathlib import Path

import pandas as pd
import pytest

from stages.train import curves

ROW = {"loss": 1.0, "validation_loss": 0.5, "validation_roc_auc": float("nan"), "validation_accuracy": 0.75, "best": 1}


def test_curves_in_a_repository_without_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    curves.write(pd.DataFrame([{"fold": -1, "epoch": epoch, **ROW} for epoch in (1, 2)]), tmp_path)
    assert len(pd.read_csv("history.csv")) == 2
    written = (tmp_path / "live/plots/metrics/loss.tsv").read_text().split()
    assert written == ["step", "loss", "1", "1.0", "2", "1.0"]
    assert not (tmp_path / "live/plots/metrics/validation_roc_auc.tsv").exists()
