"""Which maps are made: methods by name, files, and what does not fit the model."""

import h5py
import numpy as np
import pytest
from PIL import Image

from stages.common import files, paths
from stages.common.errors import UserError
from stages.predict import maps, predict
from stages.predict.bundle import open_bundle
from stages.render import colors
from stages.render.settings import Settings


@pytest.fixture
def bundle(frozen):
    return open_bundle(frozen / "data")


def test_methods_by_name_have_their_defaults(bundle):
    chosen, _ = maps.choose(["gradcam", "deeplift"], bundle)
    assert {name: settings.method for name, settings in chosen.items()} == {
        "gradcam": "gradcam",
        "deeplift": "deeplift",
    }
    assert maps.choose(["none"], bundle) == maps.choose([], bundle) == ({}, {})


@pytest.mark.parametrize("above", ["attribute:\n  maps:\n    early:", "early:", "maps:\n  early:"])
def test_a_file_gives_its_maps(bundle, tmp_path, above):
    path = tmp_path / "maps.yaml"
    path.write_text(above + " {method: gradcam, layer: block3_conv3, part: absolute}\n")
    chosen, _ = maps.choose([str(path), "deeplift"], bundle)
    assert list(chosen) == ["early", "deeplift"]
    assert (chosen["early"].layer, chosen["early"].part) == ("block3_conv3", "absolute")


def test_a_whole_params_file_gives_the_pipeline_s_maps(frozen, bundle):
    assert list(maps.choose([str(frozen / "params.yaml")], bundle)[0]) == ["gradcam"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["gradcan"], "no method `gradcan`; did you mean `gradcam`?"),
        (["cam"], "cam needs `head.kind: score_map`"),
        ({"a": {"method": "gradcam", "layer": "block9"}}, "layer `block9` is not in the model"),
        ({"a": {"method": "gradcam", "target": "class:cyst"}}, "'cyst' is not among"),
        ({"a": {"method": "gradcam", "target": "true"}}, "`a` explains the true class, which new images lack"),
        ({"a": {"method": "deeplift", "reference": "mean"}}, "needs the training images, which no model carries"),
        (["gone.yaml"], "gone.yaml"),
    ],
)
def test_what_does_not_fit_is_told_before_any_work(bundle, asked, said):
    with pytest.raises(UserError, match=said):
        maps.choose(asked, bundle)


def test_maps_of_a_file_that_need_what_new_images_lack_are_left_out(bundle, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(
        "attribute:\n  maps:\n    gradcam: {method: gradcam}\n    label: {method: gradcam, target: 'true'}\n"
        "    mean: {method: deeplift, reference: mean}\n    expected: {method: gradient_shap}\n"
    )
    chosen, left_out = maps.choose([str(path)], bundle)
    assert list(chosen) == ["gradcam"]
    assert set(left_out) == {"label", "mean", "expected"}
    assert "training images" in left_out["mean"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_map_that_is_left_out_is_told_and_the_others_are_made(frozen, tmp_path):
    path = tmp_path / "maps.yaml"
    path.write_text("gradcam: {method: gradcam}\nmean: {method: deeplift, reference: mean}\n")
    image = sorted((frozen / paths.IMAGES).iterdir())[0]
    with pytest.warns(UserWarning, match="The map `mean` is left out: it needs the training images"):
        _, maps_, _ = predict(image, frozen / "data", maps=[str(path)])
    assert list(maps_) == ["gradcam"]


@pytest.mark.parametrize("text", ["- gradcam\n", "maps: 3\n", "a: gradcam\n"])
def test_a_file_without_maps_is_told_so(bundle, tmp_path, text):
    path = tmp_path / "maps.yml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"maps\.yml"):
        maps.choose([str(path)], bundle)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_maps_are_those_of_the_stage(frozen, monkeypatch):
    from stages.attribute import __main__ as attribute

    monkeypatch.chdir(frozen)
    attribute.main("gradcam")
    with h5py.File(paths.MAPS / "gradcam.h5") as file:
        known = dict(zip(files.texts(file["image_id"]), file["maps"][()], strict=True))
    found = predict(paths.RAW, maps=["gradcam"])
    mapped = [row for row, image_id in enumerate(found.table["image_id"]) if image_id in known]
    assert len(mapped) == len(known) > 0
    for row in mapped:
        np.testing.assert_allclose(found.maps["gradcam"][row], known[found.table["image_id"].iloc[row]], atol=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_deeplift_keeps_its_promise(frozen, tmp_path):
    image = sorted((frozen / paths.IMAGES).iterdir())[0]
    predict(image, frozen / "data", maps=["deeplift"], out=tmp_path / "out")
    with h5py.File(tmp_path / "out/maps/deeplift.h5") as file:
        total = file["maps"][0].sum(dtype=np.float64)
        assert total == pytest.approx(file["delta"][0], rel=1e-3, abs=1e-4)
        assert file["completeness_error"][0] == pytest.approx(total - file["delta"][0], abs=1e-4)


def test_a_file_says_how_its_maps_are_drawn(bundle, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("attribute:\n  maps:\n    gradcam: {method: gradcam}\nrender:\n  colors: viridis\n")
    assert maps.drawing([str(path), "deeplift"]).colors == "viridis"
    assert maps.drawing(["gradcam"]) == maps.drawing({"gradcam": {"method": "gradcam"}}) == Settings()
    path.write_text("attribute:\n  maps:\n    gradcam: {method: gradcam}\nrender:\n  attention: mosaic\n")
    with pytest.raises(UserError, match=r"--maps: `render\.attention`: mosaic needs tiles"):
        maps.choose([str(path)], bundle)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_maps_are_drawn_as_the_file_says(frozen, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("attribute:\n  maps:\n    gradcam: {method: gradcam, part: absolute}\nrender:\n  colors: viridis\n")
    image = sorted((frozen / paths.IMAGES).iterdir())[0]
    predict(image, frozen / "data", maps=[str(path)], out=tmp_path / "out")
    with Image.open(next((tmp_path / "out/overlays/gradcam/heat").iterdir())) as heat:
        drawn = {tuple(color) for color in np.asarray(heat).reshape(-1, 4).tolist()}
    assert drawn <= {tuple(color) for color in colors.table(Settings(colors="viridis")).tolist()}
