"""docs/benchmarks.md: every benchmark that it names is there and starts; the cheap ones run at their smallest.

Their figures come from full runs by hand: on a busy machine no size says anything about time.
"""

import importlib
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from benchmarks import detectability, networks
from stages.train import background
from tests.docs.pages import commands
from tests.factories import PROJECT, pictures

NAMED = [re.match(r"python -m (benchmarks\.\w+)", command)[1] for command in commands(PROJECT / "docs/benchmarks.md")]
SMALLEST = {
    "benchmarks.extract": ("--batches", "1", "--turns", "1"),
    "benchmarks.predict": ("--images", "2", "--turns", "1"),
    "benchmarks.train_memory": ("--images", "300", "--steps", "1"),
}


def main_of(name: str, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [f"python -m {name}", *arguments])
    importlib.import_module(name).main()


@pytest.mark.parametrize("name", sorted(set(NAMED) - set(SMALLEST)))
def test_it_starts(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        main_of(name, "--help", monkeypatch=monkeypatch)
    assert ended.value.code == 0
    assert "usage:" in capsys.readouterr().out


@pytest.mark.parametrize("name", SMALLEST)
def test_it_prints_one_object(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    main_of(name, *SMALLEST[name], monkeypatch=monkeypatch)
    printed = capsys.readouterr().out.strip().splitlines()[-1]
    found = json.loads(printed)
    assert found and all(value is not None for value in found.values())


def test_real_images_are_taken_evenly_from_the_sets_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path / "busi/benign", 3)
    pictures(tmp_path / "busi/masks", 3)
    pictures(tmp_path / "nih_cxr", 3)
    monkeypatch.setenv("LESIONMAP_REAL_DATA", str(tmp_path))
    batch = networks.real_images(4)
    assert batch.images.shape == (4, networks.PIXELS, networks.PIXELS, 3)
    assert batch.images.std(axis=(1, 2, 3)).min() > 0
    assert (batch.weights == [0, 1]).all()


def test_an_observer_who_knows_the_place_has_the_auc_of_two_normal_distributions() -> None:
    found = np.full(5000, 2.0)
    assert detectability.observer_auc(found, 1) == pytest.approx(norm.cdf(2 / np.sqrt(2)), abs=0.01)
    assert 0.5 < detectability.observer_auc(found, 300) < detectability.observer_auc(found, 30) < 0.9


def test_in_white_noise_detectability_is_the_signals_length_over_the_deviation() -> None:
    side, deviation = detectability.SIDE, 0.5
    rows, columns = np.mgrid[:side, :side]
    signal = np.exp(-((rows - 60) ** 2 + (columns - 50) ** 2) / 2 / 4**2).astype(np.float32)
    flat = np.ones((side, side), np.float32)
    fitted = background.Fitted(0 * flat, np.zeros((1, side * side), np.float32), flat, flat, 1.0, [])
    rest = deviation * np.random.default_rng(0).standard_normal((300, side, side))
    found = detectability._detectability(signal, 0 * signal, signal > 0.01, fitted, rest)
    assert found == pytest.approx(np.sqrt((signal**2).sum()) / deviation, rel=0.1)
