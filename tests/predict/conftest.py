"""One trained model for all tests of prediction: a workspace that no test changes."""

from pathlib import Path

import pytest

from tests.predict import factory


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a frozen backbone and one model."""
    return factory.workspace(tmp_path_factory.mktemp("predict") / "frozen", **factory.KINDS["frozen"])
