"""docs/benchmarks.md: every benchmark that it names is there and starts; the cheap ones run at their smallest.

Their figures come from full runs by hand: on a busy machine no size says anything about time.
"""

import importlib
import json
import re
import sys

import pytest

from tests.docs.pages import commands
from tests.factories import PROJECT

NAMED = [re.match(r"python -m (benchmarks\.\w+)", command)[1] for command in commands(PROJECT / "docs/benchmarks.md")]
SMALLEST = {
    "benchmarks.predict": ("--images", "2", "--turns", "1"),
    "benchmarks.train_memory": ("--images", "300", "--steps", "1"),
}


def main_of(name: str, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [f"python -m {name}", *arguments])
    importlib.import_module(name).main()


@pytest.mark.parametrize("name", sorted(set(NAMED) - set(SMALLEST)))
def test_it_starts(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        main_of(name, "--help", monkeypatch=monkeypatch)
    assert ended.value.code == 0
    assert "usage:" in capsys.readouterr().out


@pytest.mark.parametrize("name", SMALLEST)
def test_it_prints_one_object(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    main_of(name, *SMALLEST[name], monkeypatch=monkeypatch)
    printed = capsys.readouterr().out.strip().splitlines()[-1]
    found = json.loads(printed)
    assert found and all(value is not None for value in found.values())
