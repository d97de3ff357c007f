"""The command, as it is called: what it writes, and how it fails."""

from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages.common import console, files
from stages.common.errors import UserError
from stages.common.maps import open_maps
from stages.predict import run
from stages.predict.__main__ import main
from stages.render import draw
from stages.render.settings import Settings
from tests import factories
from tests.ingest import factory as images
from tests.predict import factory

WRITTEN = {"predictions.csv", "rejected.csv", "prediction.json", "maps", "overlays", "gallery"}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A folder of good, strange and broken files."""
    noise = np.random.default_rng(0).integers(0, 2, (64, 64), dtype=np.uint8) * 255
    content = {
        "good.png": images.encoded(images.pixels(seed=1)),
        "scan.dcm": images.dicom(images.pixels(seed=2), PhotometricInterpretation="MONOCHROME1"),
        "strange.png": images.encoded(noise),
        "cut.png": images.encoded(images.pixels(seed=3))[:200],
        "film.dcm": images.dicom(np.stack([images.pixels()] * 3)),
        "page.jpg": b"<!DOCTYPE html><html></html>",
        "tiny.png": images.encoded(np.zeros((3, 40), np.uint8)),
        "notes.txt": b"not for us",
    }
    return images.write(tmp_path_factory.mktemp("mixed"), content)


@pytest.fixture(scope="module")
def called(frozen, mixed, tmp_path_factory):
    """One call of the command, with all that it leaves and says."""
    folder = tmp_path_factory.mktemp("called")
    result = command(folder, str(mixed), "--out", "out", "--model", str(frozen / "data"))
    return folder / "out", result


def command(folder, *arguments):
    return factories.python("-m", "stages.predict", *arguments, folder=folder, variables={"OMP_NUM_THREADS": "1"})


def test_what_is_written(called, mixed):
    out, result = called
    assert result.returncode == 0, result.stderr
    assert {path.name for path in out.iterdir()} == WRITTEN
    assert {path.name for path in out.parent.iterdir()} == {"out"}  # nothing beside it, whatever folder it runs in
    table = pd.read_csv(out / "predictions.csv", keep_default_na=False)
    assert list(table["image_id"]) == ["good", "scan", "strange"]
    assert list(table["source_path"]) == ["good.png", "scan.dcm", "strange.png"]
    np.testing.assert_allclose(table[["calibrated_normal", "calibrated_abnormal"]].sum(axis=1), 1, rtol=1e-6)
    assert (table["positive_at_threshold"] == np.where(table["p_abnormal"] >= table["threshold"], "yes", "no")).all()
    for name in ("good", "scan", "strange"):
        assert (out / f"overlays/gradcam/{name}.png").is_file()
        assert (out / f"gallery/images/{name}.webp").is_file()
    with h5py.File(out / "maps/gradcam.h5") as file:
        assert file["maps"].shape == (3, 64, 64)
        assert files.texts(file["image_id"]) == ["good", "scan", "strange"]
        assert file.attrs["method"] == "gradcam"
    assert "3 images predicted, 5 files left out; gradcam: " in result.stdout
    text = b"".join(path.read_bytes() for path in out.rglob("*") if path.suffix in (".csv", ".json", ".html", ".js"))
    for secret in (str(mixed).encode(), str(out.parent).encode(), b"MRN-4711", b"Doe"):
        assert secret not in text


def test_a_bad_file_is_named_with_its_reason(called):
    out, result = called
    rejected = pd.read_csv(out / "rejected.csv", keep_default_na=False).set_index("source_path")
    assert dict(rejected["reason"]) == {
        "cut.png": "unreadable",
        "film.dcm": "multi_frame",
        "notes.txt": "other_file",
        "page.jpg": "not_an_image",
        "tiny.png": "too_small",
    }
    assert "predict: warning: Cannot be used: 4 of 7 files (cut.png: " in result.stderr
    assert "; film.dcm: DICOM with 3 frames; " in result.stderr
    assert "Cannot be used: 4 of 7 files" in (out / "gallery/index.html").read_text()


def test_an_image_unlike_the_training_images_is_told_everywhere(called):
    out, result = called
    table = pd.read_csv(out / "predictions.csv", keep_default_na=False).set_index("image_id")
    assert table.at["strange", "distance"] > table.at["strange", "distance_limit"]
    assert table.at["strange", "warning"].startswith("far from the training images: distance ")
    assert table.at["good", "warning"] == ""
    assert "predict: warning: Far from the training images, so that their" in result.stderr
    assert "strange.png" in result.stderr
    assert "Far from the training images" in (out / "gallery/index.html").read_text()
    data = (out / "gallery/data.js").read_text()
    assert "far from the training images: distance" in data
    assert data.count('"warning":"far from training"') == (table["warning"] != "").sum()


def test_the_drawn_image_carries_the_warning(tmp_path):
    map_file(tmp_path / "a.h5")
    Image.new("L", (480, 480)).save(tmp_path / "a.png")
    drawing = draw.prepare(open_maps(tmp_path / "a.h5"), "stretch", Settings(), tmp_path)
    task = draw.Task("a", tmp_path / "a.png", 0, "ok", "sick", "sick", "", {"sick": 1.0}, None, tmp_path)
    first, second = (draw._lines(drawing, each)[0] for each in (task, replace(task, warning="far from training")))
    assert (first, second) == ("predicted sick (1.00)", "predicted sick (1.00) - far from training")


def map_file(path):
    attributes = {"method": "gradcam", "part": "positive", "unit": "logit", "description": "a map", "settings": "{}"}
    with files.create_hdf5(path, attributes) as file:
        file.create_dataset("maps", data=np.ones((1, 4, 4), np.float32))
        for name, text in (("image_id", "a"), ("target", "sick"), ("status", "ok")):
            file.create_dataset(name, data=files.strings([text]))


def test_a_second_run_replaces_the_first_and_gives_the_same_bytes(called, frozen, mixed, tmp_path):
    out, _ = called
    again = tmp_path / "again"
    for _ in range(2):
        run.write([mixed], frozen / "data", None, ["gradcam"], again)
        assert tree(again) == tree(out)


def tree(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_that_can_be_used_is_an_error_with_the_list(frozen, mixed, workspace, capsys):
    named = [str(mixed / name) for name in ("cut.png", "page.jpg")]
    assert ended(*named, "--out", "out", "--model", str(frozen / "data")) == 1
    assert capsys.readouterr().err.endswith("predict: error: no file can be used, of 2; see out/rejected.csv\n")
    assert len(pd.read_csv("out/rejected.csv")) == 2
    assert {path.name for path in (workspace / "out").iterdir()} == {"rejected.csv", "prediction.json"}


def ended(*words):
    """The exit code of the command with these words, in this process."""
    with factory.arguments(*words), pytest.raises(SystemExit) as end:
        console.command("predict", main)
    return end.value.code


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "usage: python -m stages.predict"),
        (["."], 2, "usage: python -m stages.predict"),
        (["file", "--out", "file"], 1, "predict: error: --out "),
        (["file", "--out", "file/out"], 1, "predict: error: File exists: "),
        (["file", "--out", "/proc/out"], 1, "predict: error: "),
        (["gone", "--out", "out"], 1, "predict: error: gone is not there; name images or folders of images\n"),
        (["file", "--out", "out"], 1, "predict: error: there is no model in data; name a folder with model/,"),
    ],
)
def test_mistakes_are_one_line_before_any_work(workspace, capsys, arguments, code, said):
    (workspace / "file").write_bytes(b"x")
    assert ended(*arguments) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(said)
    assert code == 2 or told.err.count("\n") == 1
    assert [path.name for path in workspace.iterdir()] == ["file"]


def test_what_others_wrote_is_never_overwritten(frozen, mixed, tmp_path):
    (tmp_path / "thesis.txt").write_text("of years")
    with pytest.raises(UserError, match=r"thesis.txt, which predict did not write; name a new folder"):
        run.write([mixed], frozen / "data", None, [], tmp_path)
    (tmp_path / "out/overlays").mkdir(parents=True)
    Image.new("L", (40, 40)).save(tmp_path / "out/overlays/a.png")
    with pytest.raises(UserError, match="lies in --out"):
        run.write([tmp_path / "out/overlays"], frozen / "data", None, [], tmp_path / "out")
    assert (tmp_path / "out/overlays/a.png").exists()
