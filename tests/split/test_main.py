"""The stage: leaks stop it, are merged or listed; the source's own split is respected."""

import pandas as pd
import pytest
import yaml

from stages.common import params, paths, tables
from stages.common.errors import UserError
from stages.ingest.__main__ import main as ingest
from stages.split.__main__ import main as split
from stages.split.leaks import LEAK_COLUMNS
from tests.ingest.factory import class_folders, encoded, pixels, write


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    """Write params.yaml and run ingest on a folder of images."""
    monkeypatch.chdir(tmp_path)

    def run(files: dict[str, bytes], **settings: object) -> None:
        values = params.Params().model_dump(mode="json")
        values["source"]["kind"] = "folder"
        values["split"] |= settings
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(values))
        write(paths.RAW, files)
        ingest()

    return run


COPIES = {f"normal/copy{n}.png": encoded(pixels(seed=n), "PNG", optimize=True, compress_level=1) for n in range(6)}
PAIRS = class_folders(["normal", "abnormal"], each=12) | COPIES


def test_without_leaks(prepare):
    prepare(class_folders(["normal", "abnormal"], each=12))
    assert split() == (
        "24 images in 24 groups: 16 train, 4 validation, 4 test; 0 pairs of near-duplicates in different groups, "
        "0 of them on two sides"
    )
    table = tables.read(paths.SPLIT_TABLE, tables.SPLIT_COLUMNS)
    assert (pd.crosstab(table["split"], table["label"]) > 0).all(axis=None)
    assert len(tables.read(paths.LEAK_TABLE, LEAK_COLUMNS)) == 20


def test_leaks_stop_the_stage_with_their_list(prepare):
    prepare(PAIRS)
    with pytest.raises(UserError, match=r"pair\(s\) of \(nearly\) the same image.*normal__0 in .*leaks\.csv.*to merge"):
        split()
    assert not paths.SPLIT_TABLE.exists()
    leaks = tables.read(paths.LEAK_TABLE, LEAK_COLUMNS)
    assert (leaks["kind"] == "near_duplicate").sum() == 6


def test_merged_leaks_stay_on_one_side(prepare):
    prepare(PAIRS, near_duplicates="merge")
    assert split().endswith("6 pairs of near-duplicates in different groups, 0 of them on two sides")
    table = tables.read(paths.SPLIT_TABLE, tables.SPLIT_COLUMNS).set_index("image_id")
    assert table["group_id"].nunique() == 24
    for n in range(6):
        assert table["split"][f"normal__{n}"] == table["split"][f"normal__copy{n}"]


def test_ignored_leaks_are_listed(prepare):
    prepare(PAIRS, near_duplicates="ignore")
    assert "0 of them on two sides" not in split()
    assert paths.SPLIT_TABLE.exists()


def test_merging_cannot_mend_a_prescribed_split(prepare):
    files = {f"{part}/{path}": content for part in ("train", "test") for path, content in PAIRS.items()}
    prepare(files, kind="prescribed", near_duplicates="merge")
    with pytest.raises(UserError, match=r"To go on, remove one of each"):
        split()


def test_twice_the_same_bytes(prepare):
    prepare(PAIRS, near_duplicates="merge")
    split()
    first = paths.SPLIT_TABLE.read_bytes(), paths.LEAK_TABLE.read_bytes()
    split()
    assert (paths.SPLIT_TABLE.read_bytes(), paths.LEAK_TABLE.read_bytes()) == first
