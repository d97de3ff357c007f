"""The stage as a whole: files, names, and the same bytes twice."""

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from stages.common import files, params, paths, tables
from stages.common.errors import UserError
from stages.render.__main__ import COLUMNS, main
from tests.localize.factory import SIZE, workspace, write_maps

FOLDER = paths.OVERLAYS / "finder"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(workers: int = 1, fit: str = "stretch", **render) -> None:
    maps = {"finder": {"method": "gradcam"}}
    sections = {"attribute": {"maps": maps}, "compute": {"workers": workers}, "image": {"fit": fit}, "render": render}
    parsed = params.parse(sections, "test").model_dump(mode="json")
    files.write_text(params.PARAMS, yaml.safe_dump(parsed, sort_keys=False))


def content() -> dict[str, bytes]:
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*.*")}


def test_every_image_has_its_picture_and_its_heat_layer(here):
    mapped = workspace(here)
    settings(scale="image")
    assert main("finder") == "finder: 24 images drawn, 0 with an empty map"
    table = tables.read(FOLDER / "overlays.csv", COLUMNS)
    assert table["image_id"].tolist() == mapped
    assert set(content()) == {"overlays.csv", "scale.json", *table["file"], *table["heat"]}
    with Image.open(FOLDER / "i25.png") as picture, Image.open(FOLDER / "heat/i25.png") as heat:
        assert picture.mode == "RGB"
        assert picture.width == 60 * 8  # whole factor up to 480
        assert picture.height > 40 * 8
        assert (heat.mode, heat.size) == ("RGBA", (60, 40))
        alpha = np.asarray(heat)[..., 3]
    assert 0.95 * 0.6 * 255 <= alpha.max() <= 0.6 * 255 + 1
    assert alpha[:, 33:45].max() == alpha.max()  # the map's maximum is in the box
    row = table.set_index("image_id").loc["i25"]
    assert row["low"] == 0
    assert 0.7 < row["high"] <= 1  # a narrow map between two cells
    assert (row["status"], row["target"], row["base"]) == ("ok", "abnormal", "")


def test_the_outline_is_drawn_where_the_region_is(here):
    workspace(here)
    settings(outline_color="#ff00ff")
    main("finder")
    box = tables.read(paths.REGION_TABLE, tables.REGION_COLUMNS).set_index("image_id").loc["i25"]
    with Image.open(FOLDER / "i25.png") as picture, Image.open(FOLDER / "i26.png") as without:
        pixels, plain = (np.asarray(image)[: SIZE[0] * 8] for image in (picture, without))
    ys, xs = np.nonzero((pixels == (255, 0, 255)).all(axis=-1))
    assert not (plain == (255, 0, 255)).all(axis=-1).any()
    ends = [xs.min(), xs.max() + 1, ys.min(), ys.max() + 1]
    y = np.floor(box["y"] + 0.5)
    region = np.array([33, 45, y, y + 10]) * 8
    np.testing.assert_allclose(ends, region + [-3, 3, -3, 3], atol=1)


def test_a_rerun_and_other_workers_give_the_same_bytes(here):
    mapped = workspace(here, folds=2)
    assert len(mapped) > 32  # enough for other processes to start
    settings(workers=1)
    main("finder")
    first = content()
    settings(workers=2)
    main("finder")
    assert content() == first


def test_what_was_drawn_before_and_is_not_any_more_is_gone(here):
    mapped = workspace(here)
    settings()
    main("finder")
    write_maps(paths.MAPS / "finder.h5", mapped[:3], np.random.default_rng(0).random((3, 8, 8)))
    main("finder")
    assert len(content()) == 2 + 2 * 3


def test_the_ancestors_names_and_the_base_beside(here):
    workspace(here)
    settings(naming="ancestor")
    main("finder")
    row = tables.read(FOLDER / "overlays.csv", COLUMNS).set_index("image_id").loc["i30"]
    assert row["file"] == "i30[0.25,0.75]_finder.png"
    assert row["base"] == "i30[0.25,0.75]_base.png"
    with Image.open(FOLDER / row["base"]) as base, Image.open(paths.IMAGES / "i30.png") as stored:
        assert base.size == (480, 320)
        shrunk = np.asarray(base.convert("L").resize(stored.size, Image.Resampling.BOX), float)
        assert np.corrcoef(shrunk.ravel(), np.asarray(stored).ravel())[0, 1] > 0.95
    assert (FOLDER / row["file"]).exists()


def test_an_empty_map_is_said_and_has_no_heat(here):
    mapped = workspace(here)
    write_maps(paths.MAPS / "finder.h5", mapped, np.zeros((24, 8, 8)), ["constant"] * 24)
    settings(scale="set")
    assert main("finder") == "finder: 24 images drawn, 24 with an empty map"
    table = tables.read(FOLDER / "overlays.csv", COLUMNS)
    assert set(table["heat"]) == {""}
    assert table[["low", "high"]].isna().all(axis=None)
    assert (FOLDER / "i24.png").exists()
    assert files.read_json(FOLDER / "scale.json")["high"] is None


def test_a_shared_scale_is_the_same_for_all_images(here):
    mapped = workspace(here)
    maps = np.random.default_rng(0).random((24, 8, 8)) * np.arange(1, 25)[:, None, None]
    write_maps(paths.MAPS / "finder.h5", mapped, maps)
    settings(scale="set")
    main("finder")
    scale = files.read_json(FOLDER / "scale.json")
    table = tables.read(FOLDER / "overlays.csv", COLUMNS)
    assert set(table["high"]) == {scale["high"]} == {files.significant(np.float32(maps.max()))}
    assert (len(scale["colors"]), scale["colors"][0][-2:], scale["colors"][-1][-2:]) == (32, "00", "99")
    assert (scale["part"], scale["policy"]) == ("positive", "the maximum over all images")


def test_what_the_network_never_saw_has_no_colour(here):
    workspace(here)
    mapped = tables.read(paths.SPLIT_TABLE, tables.SPLIT_COLUMNS)["image_id"].tolist()[24:]
    write_maps(paths.MAPS / "finder.h5", mapped, 1 + np.random.default_rng(0).random((24, 20, 20)))
    settings(fit="center_crop")
    main("finder")
    with Image.open(FOLDER / "heat/i25.png") as heat:
        alpha = np.asarray(heat)[..., 3]
    assert (alpha[:, 10:50] > 0).all()
    assert not alpha[:, :10].any()
    assert not alpha[:, 50:].any()


def test_a_16_bit_image_is_drawn(here):
    workspace(here)
    deep = np.linspace(0, 4095, 40 * 60).reshape(40, 60).astype(np.uint16)
    Image.fromarray(deep).save(paths.IMAGES / "i26.png")
    settings()
    main("finder")
    with Image.open(FOLDER / "i26.png") as picture:
        assert np.asarray(picture)[300, 100:200].mean() > 150  # bright below, not black


def test_mistakes_are_said_in_one_line(here):
    workspace(here)
    settings()
    with pytest.raises(UserError, match="no map 'findr'; it has: finder"):
        main("findr")
    predictions = pd.read_csv(paths.PREDICTIONS, dtype=str)
    predictions[predictions["image_id"] != "i30"].to_csv(paths.PREDICTIONS, index=False)
    with pytest.raises(UserError, match="'i30'"):
        main("finder")
