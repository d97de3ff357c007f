"""The phantom in the folder layout: complete, resumed after a kill, and only what is asked for."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from stages.fetch import phantom_folder
from stages.fetch.phantom.settings import Settings

PROJECT = Path(__file__).parents[2]
FEW = {"patients": 4, "size": 64}


def contents(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    raw = tmp_path_factory.mktemp("drawn") / "raw"
    return raw, phantom_folder.fetch(Settings(**FEW), raw, workers=1)


def test_writes_images_masks_and_labels(drawn):
    raw, metrics = drawn
    labels = pd.read_csv(raw / "labels.csv", keep_default_na=False)
    assert list(labels.columns) == ["path", "label", "patient_id", "view", "finding"]
    assert len(labels) == metrics["images"] == sum(metrics["classes"].values())
    assert labels["patient_id"].nunique() == 4
    for row in labels.itertuples():
        with Image.open(raw / row.path) as image:
            assert (image.mode, image.size) == ("L", (64, 64))
        assert (raw / "masks" / row.path).exists() == (row.label == "abnormal")
        assert (row.finding != "") == (row.label == "abnormal")


def test_processes_draw_the_same(drawn, tmp_path):
    phantom_folder.fetch(Settings(**FEW), tmp_path / "raw", workers=2)
    assert contents(tmp_path / "raw") == contents(drawn[0])


def test_keeps_and_adds_and_removes(drawn, tmp_path):
    raw = tmp_path / "raw"
    phantom_folder.fetch(Settings(patients=2, size=64), raw, workers=1)
    kept = {path: (raw / path).stat().st_ino for path in contents(raw) if path.endswith(".png")}
    damaged = sorted(kept)[0]
    (raw / damaged).write_bytes(b"damaged")
    (raw / "stray.png").write_bytes(b"x")
    phantom_folder.fetch(Settings(**FEW), raw, workers=1)
    assert contents(raw) == contents(drawn[0])
    assert all(
        (raw / path).stat().st_ino == inode for path, inode in kept.items() if Path(path).name != Path(damaged).name
    )
    phantom_folder.fetch(Settings(patients=2, size=64), raw, workers=1)
    assert {path for path in contents(raw) if path.endswith(".png")} == set(kept)


def test_another_seed_draws_anew(drawn, tmp_path):
    raw = tmp_path / "raw"
    phantom_folder.fetch(Settings(**FEW), raw, workers=1)
    phantom_folder.fetch(Settings(**FEW, seed=1), raw, workers=1)
    old, new = contents(drawn[0]), contents(raw)
    assert not any(old[path] == new[path] for path in set(old) & set(new) if path.endswith(".png"))


def test_goes_on_after_a_kill(tmp_path):
    code = (
        "from pathlib import Path; from stages.fetch import phantom_folder;"
        "from stages.fetch.phantom.settings import Settings;"
        "phantom_folder.fetch(Settings(patients=40, size=96), Path('raw'), 1)"
    )
    raw = tmp_path / "raw"
    writer = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)}
    )
    while writer.poll() is None and len(list(raw.glob("*/*.png"))) < 9:
        time.sleep(0.01)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    before = {path: (raw / path).stat().st_ino for path in contents(raw) if path.endswith(".png")}
    settings = Settings(patients=40, size=96)
    phantom_folder.fetch(settings, raw, workers=1)
    stayed = [path for path, inode in before.items() if (raw / path).stat().st_ino == inode]
    assert len(stayed) >= len(before) - 6  # the patient in flight: up to three images, each with its mask
    phantom_folder.fetch(settings, tmp_path / "clean", workers=1)
    assert contents(raw) == contents(tmp_path / "clean")
    assert 9 <= len(before) < sum(path.endswith(".png") for path in contents(raw)), "it was killed before its end"
