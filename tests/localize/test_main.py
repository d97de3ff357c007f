"""The stage as a whole, on a small workspace."""

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.common import files, params, paths, tables
from stages.common.errors import UserError
from stages.localize.__main__ import COLUMNS, METRICS_FILE, PLOTS, main
from stages.localize.metrics import METRICS
from tests.localize.factory import workspace, write_maps

MAPS = {"mirror": {"method": "gradcam"}, "finder": {"method": "gradcam"}}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(maps: dict = MAPS, **localize) -> None:
    sections = {"attribute": {"maps": maps}, "compute": {"workers": 1}, "localize": {"replicates": 200, **localize}}
    parsed = params.parse(sections, "test")
    files.write_text(params.PARAMS, yaml.safe_dump(parsed.model_dump(mode="json"), sort_keys=False))


def test_the_map_that_finds_is_chosen_and_beats_the_baselines_it_should(here):
    workspace(here)
    settings()
    assert main().startswith("finder: pointing 1 on 6 test images")
    result = files.read_json(METRICS_FILE)
    assert (result["regions"], result["reason"]) == (12, None)
    assert list(result["splits"]) == ["test", "validation"]
    test = result["splits"]["test"]
    assert (test["all"]["n"], test["all"]["groups"], test["correct"]["n"]) == (6, 6, 5)
    assert "6 groups" in test["all"]["reason"]
    assert list(test["all"]["maps"]) == ["mirror", "finder", "center", "prior", "random"]
    for scores in test["all"]["maps"].values():
        assert list(scores) == list(METRICS)
        assert {interval["n"] for interval in scores.values()} == {6}
    assert test["all"]["maps"]["finder"]["pointing"] == {"mean": 1.0, "low": None, "high": None, "n": 6}
    assert test["all"]["maps"]["mirror"]["pointing"]["mean"] == 0
    assert test["all"]["maps"]["random"]["energy"]["mean"] == 0.05
    chosen = result["chosen"]
    assert [chosen[key] for key in ("map", "by", "on", "split", "n")] == ["finder", "pointing", "validation", "test", 6]
    assert chosen["scores"] == test["all"]["maps"]["finder"]
    assert list(result["differences"]) == ["center", "prior", "random", "mirror"]
    assert result["differences"]["mirror"]["pointing"]["mean"] == 1
    assert result["differences"]["mirror"]["pointing"]["adjusted_low"] is None, "six groups are too few"
    assert result["box_supervised"] == ["iou_validation", "prior", "chosen"]


def test_every_number_of_the_summary_follows_from_the_rows(here):
    workspace(here, findings=("nodule", "mass"))
    settings()
    main()
    result = files.read_json(METRICS_FILE)
    rows = tables.read(paths.LOCALIZATION, COLUMNS)
    assert len(rows) == 12 * 2 * 5 * len(METRICS)  # images, all and own finding, maps and baselines, metrics
    for split, subsets in result["splits"].items():
        parts = {"": subsets["all"], **subsets["findings"]}
        assert set(parts) == {"", "nodule", "mass"}
        for finding, scores in parts.items():
            mine = rows[(rows["split"] == split) & (rows["finding"] == finding)]
            means = mine.groupby(["map", "metric"])["value"].mean()
            for name, metrics in scores["maps"].items():
                for metric, interval in metrics.items():
                    assert interval["mean"] == pytest.approx(means[name, metric], rel=1e-5, abs=1e-6)
    comparison = pd.read_csv(PLOTS / "comparison.csv")
    assert len(comparison) == 2 * 5 * len(METRICS)
    pairs = pd.read_csv(PLOTS / "differences.csv")
    assert len(pairs) == 2 * 10 * len(METRICS)


def test_enough_groups_give_intervals_and_a_rerun_the_same_bytes(here):
    workspace(here, folds=3)
    settings()
    main()
    outputs = [METRICS_FILE, paths.LOCALIZATION, PLOTS / "comparison.csv", PLOTS / "differences.csv"]
    first = [path.read_bytes() for path in outputs]
    result = files.read_json(METRICS_FILE)
    test = result["splits"]["test"]["all"]
    assert (test["n"], test["groups"], test["reason"]) == (24, 24, None)
    for metrics in test["maps"].values():
        for interval in metrics.values():
            assert interval["low"] <= interval["mean"] <= interval["high"]
    assert result["chosen"]["folds"] == {"0": "finder", "1": "finder", "2": "finder"}
    assert result["chosen"]["on"] == "other folds"
    energy = result["differences"]["center"]["energy"]
    assert energy["adjusted_low"] < energy["low"] < energy["mean"] < energy["adjusted_high"]
    assert energy["low"] > 0
    assert set(result["differences"]) == {"center", "prior", "random", "mirror", "finder"}
    main()
    assert [path.read_bytes() for path in outputs] == first


def test_an_empty_map_counts_as_zero_and_is_counted(here):
    mapped = workspace(here)
    marked = [name for name in mapped if int(name[1:]) % 2]
    status = ["constant" if name == marked[-1] else "ok" for name in mapped]
    whole = np.zeros((len(mapped), 8, 8))
    whole[:, 4, 5] = 1
    write_maps(paths.MAPS / "finder.h5", mapped, whole, status)
    settings(maps={"finder": {"method": "gradcam"}})
    main()
    result = files.read_json(METRICS_FILE)
    assert result["maps"] == {"finder": {"part": "positive", "empty": {"constant": 1}}}
    assert result["splits"]["test"]["all"]["maps"]["finder"]["pointing"]["n"] == 6
    rows = tables.read(paths.LOCALIZATION, COLUMNS)
    mine = rows[(rows["image_id"] == marked[-1]) & (rows["map"] == "finder")].set_index("metric")
    assert mine["value"].to_dict() == {name: metric.empty for name, metric in METRICS.items()}
    assert set(mine["status"]) == {"constant"}


def test_a_single_map_is_the_chosen_one_without_a_choice(here):
    workspace(here)
    settings(maps={"mirror": {"method": "gradcam"}})
    main()
    result = files.read_json(METRICS_FILE)
    assert [result["chosen"][key] for key in ("map", "by", "on", "folds")] == ["mirror", None, None, {}]
    assert "chosen" not in result["box_supervised"]


def test_without_regions_there_is_a_reason_and_empty_tables(here):
    workspace(here)
    tables.write(paths.REGION_TABLE, pd.DataFrame(columns=list(tables.REGION_COLUMNS)), tables.REGION_COLUMNS)
    settings()
    assert "no image has a region" in main()
    result = files.read_json(METRICS_FILE)
    assert (result["regions"], result["splits"], result["differences"]) == (0, {}, {})
    assert result["reason"] == "no image has a region, so the maps were not measured"
    assert result["chosen"]["map"] == "mirror"
    assert tables.read(paths.LOCALIZATION, COLUMNS).empty
    for name in ("comparison.csv", "differences.csv"):
        assert pd.read_csv(PLOTS / name).empty


def test_without_training_regions_or_validation_regions_it_says_so(here):
    workspace(here)
    regions = tables.read(paths.REGION_TABLE, tables.REGION_COLUMNS)
    tables.write(paths.REGION_TABLE, regions[regions["image_id"] >= "i36"], tables.REGION_COLUMNS)
    settings(regions_complete=False)
    main()
    result = files.read_json(METRICS_FILE)
    assert list(result["splits"]) == ["test"]
    assert result["box_supervised"] == []
    assert "iou_validation" not in result["chosen"]["scores"]
    assert "prior" not in result["splits"]["test"]["all"]["maps"]
    assert any("no baseline `prior`" in note for note in result["notes"])
    assert any("No image with a region was left to choose on" in note for note in result["notes"])
    assert any("only some" in note for note in result["notes"])
    assert not result["regions_complete"]


def test_images_without_a_map_are_counted(here):
    mapped = workspace(here)
    keep = mapped[::3]
    for name in MAPS:
        write_maps(paths.MAPS / f"{name}.h5", keep, np.random.default_rng(0).random((len(keep), 8, 8)))
    settings()
    main()
    result = files.read_json(METRICS_FILE)
    assert result["regions"] == 4
    assert "8 of 12 images with regions have no map and were not measured." in result["notes"]


def test_a_missing_map_is_an_error_that_names_it(here):
    workspace(here)
    settings(maps=MAPS | {"other": {"method": "gradcam"}})
    with pytest.raises(UserError, match=r"other\.h5 is missing; run"):
        main()
