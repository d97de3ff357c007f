"""Maps measured on the stored image's grid."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stages.common.errors import UserError
from stages.common.geometry import place
from stages.common.maps import open_maps
from stages.common.regions import region_mask
from stages.localize.metrics import DIRECT, METRICS, measure
from stages.localize.scores import BLOCK, UNIT_COLUMNS, Plan, common_images, score
from tests.localize.factory import blob, write_maps

SIZE = (30, 90)


def boxes(*rows: tuple[str, float, float]) -> dict[str, pd.DataFrame]:
    """Boxes of 10 x 10 for image a: finding, x, y."""
    columns = ["finding", "x", "y"]
    table = pd.DataFrame(rows, columns=columns).assign(image_id="a", kind="box", width=10.0, height=10.0, mask_path="")
    return {"a": table}


def plan(tmp_path, values, regions, fit="stretch", status="ok", part="positive", priors=None) -> Plan:
    path = write_maps(tmp_path / "cam.h5", ["a"], np.asarray(values)[None], [status], part)
    image = ["a", "g", "test", -1, True, SIZE[0], SIZE[1], 0]
    images = pd.DataFrame([image], columns=[*UNIT_COLUMNS, "height", "width", "row"])
    several = regions["a"]["finding"].nunique() > 1
    return Plan(images, regions, tmp_path, [open_maps(path)], priors or {}, several, fit, 0.0, 0.25)


def named(scores, name: str, unit: int = 0) -> dict[str, float]:
    numbers = scores.values[unit, scores.names.index(name)]
    return {metric: numbers[i] for i, metric in enumerate(METRICS) if metric in DIRECT}


@pytest.mark.parametrize("fit", ["stretch", "letterbox", "center_crop"])
def test_a_map_is_brought_back_to_the_stored_image_whatever_the_fit(tmp_path, fit):
    regions = boxes(("nodule", 40.0, 5.0))
    inside = region_mask(regions["a"], SIZE, tmp_path)
    placement = place(SIZE, (30, 30), fit)
    y, x = placement.to_input(10.0, 45.0)  # the middle of the box, on the network's input
    scores = score(plan(tmp_path, blob(x / 30, y / 30, (30, 30)), regions, fit), 1)
    assert named(scores, "cam")["pointing"] == 1
    on_stored = placement.to_stored(blob(x / 30, y / 30, (30, 30)), 0.0)
    assert named(scores, "cam") == measure(on_stored, inside, 0).values


def test_only_the_measured_part_counts(tmp_path):
    values = blob(45 / 90, 10 / 30) - 2 * blob(0.1, 0.8)
    regions = boxes(("nodule", 40.0, 5.0))
    positive = named(score(plan(tmp_path, values, regions), 1), "cam")
    absolute = named(score(plan(tmp_path, values, regions, part="absolute"), 1), "cam")
    assert (positive["pointing"], absolute["pointing"]) == (1, 0)
    assert positive["energy"] > 2 * absolute["energy"] > 0


def test_an_empty_map_is_kept_and_scores_nothing(tmp_path):
    scores = score(plan(tmp_path, np.full((8, 8), -1.0), boxes(("n", 0.0, 0.0)), status="all_negative"), 1)
    assert named(scores, "cam") == {name: METRICS[name].empty for name in DIRECT}
    assert scores.status.tolist() == [["all_negative", "ok", "ok"]]
    assert named(scores, "random")["energy"] == pytest.approx(100 / 2700)


def test_each_finding_is_measured_apart_where_there_are_several(tmp_path):
    regions = boxes(("nodule", 40.0, 5.0), ("mass", 70.0, 5.0))
    scores = score(plan(tmp_path, blob(45 / 90, 10 / 30), regions), 1)
    assert scores.units["finding"].tolist() == ["", "mass", "nodule"]
    assert [named(scores, "cam", unit)["pointing"] for unit in range(3)] == [1, 0, 1]
    whole, mass, nodule = (named(scores, "cam", unit)["energy"] for unit in range(3))
    assert whole == pytest.approx(mass + nodule)


def test_an_image_with_one_of_several_findings_repeats_its_numbers(tmp_path):
    one = plan(tmp_path, blob(0.5, 0.5), boxes(("nodule", 40.0, 5.0)))
    scores = score(replace(one, several_findings=True), 1)
    assert scores.units["finding"].tolist() == ["", "nodule"]
    np.testing.assert_array_equal(scores.values[0], scores.values[1])


def test_processes_that_share_the_work_do_not_change_the_result(tmp_path):
    ids = [f"i{n:02d}" for n in range(BLOCK + 5)]
    maps = np.random.default_rng(0).random((len(ids), 8, 8))
    file = open_maps(write_maps(tmp_path / "cam.h5", ids, maps))
    images = pd.DataFrame({"image_id": ids, "group_id": ids, "split": "test", "fold": -1, "correct": True})
    images = images.assign(height=SIZE[0], width=SIZE[1], row=range(len(ids)))
    regions = {name: boxes(("nodule", 3.0 * n, 5.0))["a"].assign(image_id=name) for n, name in enumerate(ids)}
    whole = Plan(images, regions, tmp_path, [file], {}, False, "stretch", 0.0, 0.25)
    alone, together = score(whole, 1), score(whole, 2)
    pd.testing.assert_frame_equal(alone.units, together.units)
    np.testing.assert_array_equal(alone.values, together.values)
    np.testing.assert_array_equal(alone.overlaps, together.overlaps)


def test_files_of_different_images_are_refused(tmp_path):
    first = open_maps(write_maps(tmp_path / "a.h5", ["x"], np.ones((1, 2, 2))))
    second = open_maps(write_maps(tmp_path / "b.h5", ["y"], np.ones((1, 2, 2))))
    with pytest.raises(UserError, match="different images"):
        common_images([first, second])
