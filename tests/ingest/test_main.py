"""The stage: data/raw in, tables and folders out, whole or not at all."""

import hashlib

import pytest
import yaml

from stages.common import files, params, paths, tables
from stages.common.errors import UserError
from stages.ingest.__main__ import main
from tests.ingest.factory import class_folders, encoded, pixels, write

pytestmark = pytest.mark.usefixtures("workspace")
OUTPUTS = (
    paths.IMAGES, paths.MASKS, paths.IMAGE_DIGESTS, paths.MASK_DIGESTS,
    paths.IMAGE_TABLE, paths.REGION_TABLE, paths.REJECTED_TABLE, paths.INGEST_SUMMARY,
)  # fmt: skip


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = params.Params().model_dump(mode="json")
    values["source"]["kind"] = "folder"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values))


def test_writes_all_outputs():
    mask = encoded(pixels())
    write(paths.RAW, class_folders(["normal", "abnormal"]) | {"masks/abnormal/0.png": mask, "normal/bad.png": b""})
    assert main() == ("class folders: 6 images in 6 groups, 1 regions, 1 files left out (data/rejected.csv)")
    images = tables.read(paths.IMAGE_TABLE, tables.IMAGE_COLUMNS)
    assert images["image_id"].is_monotonic_increasing
    assert sorted(path.name for path in paths.IMAGES.iterdir()) == images["path"].tolist()
    assert tables.read(paths.REGION_TABLE, tables.REGION_COLUMNS)["mask_path"].tolist() == ["abnormal__0.png"]
    assert (paths.MASKS / "abnormal__0.png").is_file()
    rejected = tables.read(paths.REJECTED_TABLE, tables.REJECTED_COLUMNS)
    assert rejected.to_dict("records") == [
        {"source_path": "normal/bad.png", "reason": "unreadable", "detail": "the file is empty"}
    ]
    assert files.read_json(paths.INGEST_SUMMARY)["layout"] == "class folders"


def test_the_lists_of_digests_are_of_what_is_stored():
    mask = encoded(pixels())
    write(paths.RAW, class_folders(["normal", "abnormal"]) | {"masks/abnormal/0.png": mask})
    main()
    for folder, listed in ((paths.IMAGES, paths.IMAGE_DIGESTS), (paths.MASKS, paths.MASK_DIGESTS)):
        expected = {f"{folder.name}/{path.name}": hashlib.sha256(path.read_bytes()) for path in folder.iterdir()}
        lines = [line.split("  ") for line in listed.read_text().splitlines()]
        assert lines == [[expected[name].hexdigest(), name] for name in sorted(expected)]


def test_a_changed_mask_changes_its_list_alone():
    contents = class_folders(["normal", "abnormal"])
    write(paths.RAW, contents | {"masks/abnormal/0.png": encoded(pixels())})
    main()
    images, masks = paths.IMAGE_DIGESTS.read_text(), paths.MASK_DIGESTS.read_text()
    write(paths.RAW, {"masks/abnormal/0.png": encoded(255 - pixels())})
    main()
    assert paths.IMAGE_DIGESTS.read_text() == images
    assert paths.MASK_DIGESTS.read_text() != masks


def test_twice_the_same_bytes():
    write(paths.RAW, class_folders(["normal", "abnormal"]) | {"normal/bad.png": b""})
    main()
    first = {path: path.read_bytes() for path in paths.DATA.rglob("*") if path.is_file()}
    main()
    assert {path: path.read_bytes() for path in paths.DATA.rglob("*") if path.is_file()} == first


def test_failing_leaves_no_output():
    bad = {f"normal/{n}.png": b"" for n in range(3)}
    write(paths.RAW, class_folders(["normal", "abnormal"]) | bad)
    with pytest.raises(UserError, match="max_rejected"):
        main()
    assert [path.name for path in paths.DATA.iterdir()] == ["raw"]
    assert not any(path.exists() for path in OUTPUTS)
