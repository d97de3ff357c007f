"""What all tests share: a quiet TensorFlow, the real images where there are any, and an empty workspace."""

import os
from pathlib import Path

import pytest

from stages.models import runtime
from tests.factories import PROJECT

runtime.set_environment()  # before any test imports TensorFlow


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real image sets, outside the project."""
    folder = Path(os.environ.get("LESIONMAP_REAL_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real images in {folder}; set LESIONMAP_REAL_DATA")
    return folder


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the current one, as stages see the top of their workspace."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
