"""Counts, facts and provenance."""

from dataclasses import replace

import yaml

from stages.report import describe, run
from tests.report import factory


def test_counts_add_up(tmp_path):
    result = run.read(tmp_path, factory.workspace(tmp_path, factory.Recipe()))
    columns, rows = describe.counts(result)
    assert columns == ["train", "validation", "test", "all"]
    assert rows["all"][-1] == describe.Count(30, 15)
    for place in range(4):
        assert sum(rows[name][place].images for name in ("normal", "abnormal")) == rows["all"][place].images


def test_counts_by_fold(tmp_path):
    result = run.read(tmp_path, factory.workspace(tmp_path, factory.THREE))
    columns, rows = describe.counts(result)
    assert columns == ["fold 0", "fold 1", "fold 2", "all"]
    assert sum(cell.images for cell in rows["all"][:-1]) == 30


def test_params_hide_secrets_folders_and_machines(tmp_path):
    result = run.read(tmp_path, factory.workspace(tmp_path, factory.Recipe()))
    source = result.params.source.model_copy(update={"path": "/home/somebody/images"})
    shown = yaml.safe_load(
        describe.params_text(replace(result, params=result.params.model_copy(update={"source": source})))
    )
    assert "compute" not in shown
    assert shown["ingest"]["dicom_salt"] == "(not shown)"
    assert shown["source"]["path"] == "(folder)/images"
    assert shown["split"]["kind"] == "grouped"


def test_digests_follow_the_images_and_the_files(tmp_path):
    result = run.read(tmp_path, factory.workspace(tmp_path, factory.Recipe()))
    before = dict(describe.digests(result))
    assert {"source images", "data/split.csv", "data/model/model.json"} <= set(before)
    changed = replace(result, images=result.images.assign(sha256="0" * 64))
    assert dict(describe.digests(changed))["source images"] != before["source images"]


def test_rejections_by_reason(tmp_path):
    result = run.read(tmp_path, factory.workspace(tmp_path, factory.Recipe()))
    assert describe.rejected(result) == [("not_an_image", 1, ["normal/image.png: HTML"])]


def test_only_pairs_on_two_sides_are_shown(tmp_path):
    result = run.read(tmp_path, factory.workspace(tmp_path, factory.Recipe()))
    (pair,) = describe.alike(result, 5)
    assert [name for name, _ in pair.images] == ["i00001", "i00012"]
    assert (pair.sides, pair.kind, pair.likeness) == (("train", "test"), "similar", "0.71")


def test_nested_json_becomes_rows():
    assert describe.flat({"a": {"b": 1, "c": ["x", "y"]}, "d": None}) == [("a.b", "1"), ("a.c", "x, y"), ("d", "None")]
