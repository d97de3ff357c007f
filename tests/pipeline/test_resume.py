"""A killed extraction goes on where it was, and an added image costs one image; the bytes do not show it."""

import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.pipeline.workspace import Workspace

IMAGES = 80
# twenty batches, each kept as it ends, so that the last is far off when dvc is killed
SLOW = {"image.height": 448, "image.width": 448, "backbone.widths": [16, 32, 64, 128, 128]}
SETTINGS = {"source.kind": "folder", **SLOW}


def write_images(folder: Path, count: int, first: int = 0) -> None:
    """Made-up images in two classes, each different."""
    for number in range(first, first + count):
        path = folder / ("normal", "abnormal")[number % 2] / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (64, 64), np.uint8)).save(path)


def kept(store: Path) -> int:
    """Features in the store, of whichever namespace."""
    total = 0
    for path in store.glob("features/*.sqlite"):
        connection = sqlite3.connect(path)
        try:
            total += connection.execute("SELECT count(*) FROM features").fetchone()[0]
        except sqlite3.OperationalError:
            pass  # being created
        finally:
            connection.close()
    return total


def start_and_kill(workspace: Workspace, store: Path) -> int:
    """Start `dvc repro extract`, kill dvc alone with -9 once something is kept; how many features are kept then."""
    process = subprocess.Popen(
        ["dvc", "repro", "extract"], cwd=workspace.root, env=workspace.environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 300
    while not kept(store):
        assert process.poll() is None, "extraction ended before it could be killed"
        assert time.monotonic() < deadline, "nothing was ever kept"
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return settled(store)


def settled(store: Path) -> int:
    """The number of features kept once the orphaned stage has ended."""
    before = -1
    while before != (before := kept(store)):
        time.sleep(3)
    return before


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, int]:
    root = tmp_path_factory.mktemp("killed")
    workspace = Workspace(root / "project", **SETTINGS)
    write_images(workspace.root / "data/inbox", IMAGES)
    return workspace, start_and_kill(workspace, root / "store")


def test_a_killed_run_computes_only_the_rest_to_the_same_bytes(killed: tuple[Workspace, int], tmp_path: Path) -> None:
    workspace, done = killed
    assert 0 < done < IMAGES
    assert f"{IMAGES - done} computed, {done} from the store" in workspace.run("dvc", "repro", "extract").stdout
    undisturbed = Workspace(tmp_path / "project", **SETTINGS)
    write_images(undisturbed.root / "data/inbox", IMAGES)
    undisturbed.repro("extract")
    features = [each.root / "data/features.h5" for each in (workspace, undisturbed)]
    assert features[0].read_bytes() == features[1].read_bytes()


def test_an_added_image_costs_one(killed: tuple[Workspace, int]) -> None:
    workspace, _ = killed
    write_images(workspace.root / "data/inbox", 1, first=IMAGES)
    assert f"1 computed, {IMAGES} from the store" in workspace.run("dvc", "repro", "extract").stdout
