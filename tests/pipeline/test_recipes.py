"""Every recipe runs from images to report: its own parameters, smaller networks and images, and one epoch."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from stages.common import files, params, paths
from stages.models import runtime
from tests.factories import PROJECT, picture
from tests.models import short

STAGES = ("fetch", "ingest", "split", "weights", "extract", "train", "evaluate")
MAP_STAGES, LAST_STAGES = ("attribute", "render"), ("localize", "report")
SHORT = {"train.epochs": 1, "evaluate.replicates": 200, "localize.replicates": 200, "attribute.max_images": 2}
SMALL = {
    "colorectal": {"image.height": 32, "image.width": 32, "backbone.widths": [2, 2, 2, 2], "train.batch_size": 4},
    "polyps": {"image.height": 48, "image.width": 40, "backbone.widths": [2, 2, 4], "head.fc.width": 4},
    "breakhis": {"image.height": 56, "image.width": 84, "backbone.widths": [2, 3], "head.attention.embedding": 6},
    "bach": {"image.height": 64, "image.width": 96, "image.tiles.size": 32, "backbone.widths": [2, 3]},
}
FROZEN = {"image.height": 64, "image.width": 64, "backbone.weights": "random", "backbone.widths": [2, 2, 4, 4, 4]}
FROZEN |= {"ingest.folder.group_column": None, "ingest.folder.group_pattern": None}
SMALL |= {"histology": FROZEN, "xray": FROZEN | {"head.border": 1}}  # endoscopy and ultrasound are of the same parts
SMALL["kvasir"] = SMALL["colorectal"] | {"attribute.maps": {"cam": {"method": "cam"}}}  # the other costs 20 s more


def parts_of_folders(names: tuple[str, ...], classes: list[str]) -> list[str]:
    """Two images a class in each part."""
    return [f"{part}/{name}/{part}-{number}.png" for part in names for name in classes for number in range(2)]


def breakhis(_: list[str]) -> list[str]:
    """Six patients of each class at the magnification of the recipe, and one image at another."""
    names = [
        f"SOB_{kind}-14-{patient}-200-001.png"
        for number, kind in enumerate(("B_A", "M_DC"))
        for patient in range(100 * number, 100 * number + 6)
    ]
    return [f"BreaKHis_v1/{name}" for name in [*names, "SOB_B_A-14-7-40-001.png"]]


IMAGES: dict[str, Callable[[list[str]], list[str]]] = {
    "colorectal": lambda classes: parts_of_folders(("Training", "validation", "Testing"), classes),
    "kvasir": lambda classes: parts_of_folders(("training", "validation", "testing"), classes),
    "polyps": lambda classes: parts_of_folders(("train", "validation"), classes),
    "breakhis": breakhis,
    "bach": lambda _: [f"{name}/{n}.tif" for name in ("Normal", "Benign", "InSitu", "Invasive") for n in range(6)],
    "histology": lambda classes: [f"{name}/{n}.png" for name in classes for n in range(3)],
    "xray": lambda classes: [f"{name}/{n}.png" for name in classes for n in range(6)],
}


def tiny(recipe: str) -> dict:
    """A recipe's parameters with those of SMALL and SHORT."""
    values = params.read_yaml(PROJECT / "recipes" / f"{recipe}.yaml")
    for key, value in {**SHORT, **SMALL[recipe]}.items():
        *parents, last = key.split(".")
        section = values
        for parent in parents:
            section = section[parent]
        assert last in section
        section[last] = value
    return values


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Shorter ResNets, and nothing compiled, which would take longer than all the rest; test_repro.py compiles."""
    runtime.start()
    import tensorflow as tf

    short.resnets(monkeypatch.setattr)
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def run(stage: str, *arguments: str) -> None:
    importlib.import_module(f"stages.{stage}.__main__").main(*arguments)


@pytest.mark.parametrize("recipe", sorted(IMAGES))
def test_a_recipe_runs_from_images_to_report(recipe: str, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["stage"])
    values = tiny(recipe)
    values["compute"]["cache_dir"] = str(workspace / "store")
    values["split"]["near_duplicates"] = "ignore"  # noise with a spot: small pictures of it are all alike
    files.write_json(workspace / "params.yaml", values)
    classes = values["ingest"]["classes"]
    for number, path in enumerate(IMAGES[recipe](classes)):
        file = workspace / "data/inbox" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        picture(number, (60, 90), "RGB").save(file)
    for stage in STAGES:
        run(stage)
    for name in values["attribute"]["maps"]:
        for stage in MAP_STAGES:
            run(stage, name)
    for stage in LAST_STAGES:
        run(stage)
    assert (paths.REPORT / "index.html").is_file()
    predictions = pd.read_csv(paths.PREDICTIONS)
    assert [f"p_{name}" for name in classes] == [name for name in predictions if name.startswith("p_")]
    assert set(predictions["label"]) == set(classes)
    assert {path.stem for path in paths.MAPS.glob("*.h5")} == set(values["attribute"]["maps"])
    assert (paths.PLOTS / "train" / "augmented.png").is_file() == (values["backbone"]["cut"] == "input")
    assert list((paths.PLOTS / "train/live").rglob("plots/metrics/loss.tsv"))
