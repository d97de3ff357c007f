"""Every command and line of docs/prediction.md, in the order of the page, in a workspace with a model."""

import re
import shlex
import shutil
import subprocess

import pandas as pd
import pytest

from stages.predict import run
from stages.predict.__main__ import main
from tests.factories import PROJECT
from tests.ingest import factory as images
from tests.predict import factory

TEXT = (PROJECT / "docs/prediction.md").read_text()


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_page_does_what_it_says(frozen, workspace):
    for name in ("model", "weights", "calibration.json"):
        (workspace / "data").mkdir(exist_ok=True)
        (workspace / "data" / name).symlink_to(frozen / "data" / name)
    shutil.copy(frozen / "params.yaml", workspace)
    images.write(
        workspace / "new_images",
        {"a.png": images.encoded(images.pixels()), "scan.dcm": images.dicom(images.pixels(seed=1))},
    )
    commands = [line for block in blocks("console") for line in block.splitlines()]
    assert len(commands) > 5
    for line in commands:
        head, *words = shlex.split(line)
        if head == "python":
            assert words[:2] == ["-m", "stages.predict"]
            shutil.rmtree("results", ignore_errors=True)
            with factory.arguments(*words[2:]):
                assert "images predicted" in main()
            for name in re.findall(r"^\| `([\w./]+)` \|", TEXT.split("| column")[0], flags=re.MULTILINE):
                assert (workspace / "results" / name).exists()
        else:
            subprocess.run(line, shell=True, check=True)
    for block in blocks("python"):
        exec(block, {})


def test_every_column_is_explained(frozen):
    image = sorted((frozen / "data/images").iterdir())[0]
    run.write([image], frozen / "data", None, [], frozen.parent / "columns")
    for column in pd.read_csv(frozen.parent / "columns/predictions.csv").columns:
        shown = re.sub(r"_(normal|abnormal)$", "_<class>", column)
        assert shown in ("image_id", "source_path") or f"`{shown}`" in TEXT
