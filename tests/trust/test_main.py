"""The stage on a small trained model and its maps: what it writes, and that it can tell good maps from bad."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.attribute.methods import METHODS
from stages.common import files, params, paths, tables
from stages.models import compose, front, runtime, trained
from stages.trust import __main__ as stage
from stages.trust import sanity
from tests import factories

COUNT, SIDE = 12, 64
KEYS = {"backbone__cut": "block4_pool", "trust__max_images": 4, "trust__sanity_images": 2, "trust__steps": 3}
MAPS = {"gradcam": {"method": "gradcam"}, "saliency": {"method": "saliency"}, "seen": {"method": "rise"}}


@pytest.fixture
def run(workspace):
    """A workspace with images, a model and maps: random ones but for `seen`, whose values are known."""
    runtime.start()
    factories.write_params(workspace / "params.yaml", **factories.SMALL, **KEYS, attribute__maps=MAPS)
    factories.pictures(paths.IMAGES, COUNT, (SIDE, SIDE))
    ids = [f"{number:03}" for number in range(COUNT)]
    images = pd.DataFrame({name: [""] * COUNT for name in tables.IMAGE_COLUMNS})
    images = images.assign(image_id=ids, path=[f"{name}.png" for name in ids], label=["normal", "abnormal"] * 6)
    images = images.assign(group_id=ids, width=SIDE, height=SIDE)
    tables.write(paths.IMAGE_TABLE, images, tables.IMAGE_COLUMNS)
    split = images[["image_id", "group_id", "label"]].assign(split=["train"] * 4 + ["test"] * 8, fold=-1)
    tables.write(paths.SPLIT_TABLE, split, tables.SPLIT_COLUMNS)
    design = factories.design(**KEYS)
    parts = compose.compose(design)
    factories.randomize(parts.whole)
    paths.MODEL.mkdir(parents=True)
    paths.WEIGHTS.mkdir(parents=True)
    for model, file in ((parts.front, paths.WEIGHTS / "vgg16.h5"), (parts.tail, None)):
        arrays = {name: np.array(value) for name, value in front.named_weights(model).items()}
        if file:
            files.write_arrays(file, arrays, {})
        else:
            trained.save(factories.trained_model(design, arrays), paths.MODEL)
    random = np.random.default_rng(0)
    for name, keys in MAPS.items():
        write_maps(name, keys["method"], ids, random.uniform(size=(COUNT, SIDE, SIDE)))
    return ids


def write_maps(name, method, ids, values):
    attributes = {"method": method, "settings": "{}", "part": "positive", "unit": "", "description": ""}
    paths.MAPS.mkdir(exist_ok=True, parents=True)
    with files.create_hdf5(paths.MAPS / f"{name}.h5", attributes) as file:
        file.create_dataset("image_id", data=files.strings(ids))
        file.create_dataset("maps", data=values.astype(np.float32))
        file.create_dataset("target", data=files.strings(["abnormal"] * len(ids)))
        file.create_dataset("status", data=files.strings(["ok"] * len(ids)))


@pytest.mark.usefixtures("run")
def test_what_it_writes_and_that_it_is_the_same_twice():
    words = stage.main()
    first = {path: path.read_bytes() for path in (stage.METRICS_FILE, *sorted(stage.PLOTS.iterdir()))}
    assert [path.name for path in first] == ["trust.json", "faithfulness.csv", "sanity.csv"]
    metrics = json.loads(stage.METRICS_FILE.read_text())
    assert metrics["reason"] is None
    assert metrics["faithfulness"]["images"] == 4
    assert metrics["sanity"]["images"] == 2
    assert set(metrics["faithfulness"]["maps"]) == set(MAPS)
    assert set(metrics["sanity"]["maps"]) == {"gradcam", "saliency"}, "rise sees no weights"
    levels = list(metrics["sanity"]["maps"]["saliency"]["correlation"])
    assert levels == [sanity.HEAD, sanity.BEHIND, sanity.UPPER, sanity.ALL]
    for found in metrics["sanity"]["maps"].values():
        assert abs(found["everything"]) < 0.5, "random maps are like none that the method makes"
        assert not found["unchanged"]
    area = metrics["faithfulness"]["maps"]["gradcam"]["black"]["deletion"]
    assert 0 < area["area"]["mean"] < 1
    assert area["area"]["low"] is None, "four groups are too few"
    curves = pd.read_csv(stage.PLOTS / "faithfulness.csv")
    assert set(curves["map"]) == {*MAPS, "random"}
    assert curves.groupby(["map", "cover", "curve"]).size().eq(4).all()
    ends = curves[curves["share"] == 0].groupby(["cover", "curve"])["probability"].nunique()
    assert (ends == 1).all(), "all orders of pixels begin with the same images"
    assert stage.main() == words
    assert {path: path.read_bytes() for path in first} == first


def test_maps_that_are_what_the_method_makes_of_any_model_are_unchanged(run, monkeypatch):
    module = METHODS["saliency"]
    edges = np.random.default_rng(5).uniform(size=(SIDE, SIDE)).astype(np.float32)
    monkeypatch.setattr(
        module, "explainer", lambda *_: lambda batch: module.Result(np.stack([edges] * len(batch.images)))
    )
    write_maps("saliency", "saliency", run, np.stack([edges] * COUNT))
    assert "stay the same: saliency" in stage.main()
    assert files.read_json(stage.METRICS_FILE)["sanity"]["maps"]["saliency"]["unchanged"]


@pytest.mark.usefixtures("run")
def test_nothing_to_measure():
    factories.write_params(params.PARAMS, **factories.SMALL, **KEYS | {"trust__max_images": 0}, attribute__maps=MAPS)
    assert "max_images" in stage.main()
    assert files.read_json(stage.METRICS_FILE)["faithfulness"] == {}
    assert (stage.PLOTS / "faithfulness.csv").read_text() == "map,cover,curve,share,probability\n"
