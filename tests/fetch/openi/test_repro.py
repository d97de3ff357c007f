"""`dvc repro` of the Open-i recipe: the network is asked once, and never behind the user's back."""

import shutil
import sys
from pathlib import Path

import pytest

from stages.common import params
from stages.common.errors import UserError
from stages.fetch.openi import __main__ as commands
from tests.fetch.openi.conftest import quick
from tests.openi_site.server import Site
from tests.pipeline.workspace import PROJECT, Workspace, ran

COMMANDS = {
    "plan": "everything is there and verified",
    "verify": "as the lock file says",
    "repair": "0 requests",
    "compare --reports NLMCXR_reports.tgz": "have the labels",
}
RECIPE = PROJECT / "recipes" / "openi.yaml"


@pytest.fixture
def workspace(site: Site, archives: Path, tmp_path: Path) -> Workspace:
    """The recipe on the stand-in, limited; with the views of all images."""
    made = Workspace(tmp_path / "first")
    shutil.copy(archives / "NLMCXR_reports.tgz", made.root)
    (made.root / "params.yaml").write_text(RECIPE.read_text())
    inbox = made.root / "data/inbox"
    (inbox / ".gitkeep").touch()
    names = [item["imgLarge"].rsplit("/CXR", 1)[1] for item in site.items]
    (inbox / "indiana_projections.csv").write_text(
        "filename,projection\n" + "\n".join(f"{name.removesuffix('.png')}.dcm.png,Frontal" for name in names)
    )
    openi = quick(site, limit=16)
    made.set({f"source.openi.{name}": getattr(openi, name) for name in ("base_url", "expected", "page_size", "limit")})
    made.set({f"source.openi.network.{name}": value for name, value in openi.network.model_dump().items()})
    made.set({"split.near_duplicates": "ignore", "split.validation": 0.25, "split.test": 0.25})
    return made


def test_the_recipe_is_valid() -> None:
    recipe = params.load(RECIPE)
    assert (recipe.layout, recipe.ingest.openi.views, recipe.split.kind) == ("openi", "frontal", "grouped")


def test_views_without_their_table_are_refused_before_any_work() -> None:
    values = params.read_yaml(RECIPE)
    values["source"]["openi"]["projections"] = None
    with pytest.raises(UserError, match=r"`ingest\.openi\.views`: frontal needs `source\.openi\.projections`"):
        params.parse(values, "params.yaml")


def test_nothing_but_fetch_asks_the_site_and_fetch_asks_once(
    site: Site, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workspace.repro("split") == ["check", "fetch", "ingest", "split"]
    asked = len(site.visits)
    assert asked > 16

    workspace.set({"split.seed": 1, "ingest.openi.policy": "ancestor"})
    assert workspace.repro("split")[:2] == ["check", "ingest"]
    monkeypatch.chdir(workspace.root)
    for command, told in COMMANDS.items():
        monkeypatch.setattr(sys, "argv", ["python -m stages.fetch.openi", *command.split()])
        assert told in commands.main()
    assert len(site.visits) == asked

    colleague = _clone(workspace, tmp_path / "colleague")
    pipeline = colleague.root / "dvc.yaml"
    text = pipeline.read_text()
    pipeline.write_text(text.replace("  fetch:\n", "  fetch:\n    frozen: true\n", 1))
    assert ran(colleague.run("dvc", "repro", "split").stdout) == []
    pipeline.write_text(text)
    assert ran(colleague.run("dvc", "repro", "split").stdout) == ["fetch"]  # for the inbox is another one: it looks
    assert len(site.visits) == asked
    assert (colleague.root / "data/raw/openi/projections.csv").exists()


def test_a_missing_table_of_views_and_a_silent_site_are_one_line_each(site: Site, workspace: Workspace) -> None:
    table = workspace.root / "data/inbox/indiana_projections.csv"
    text = table.read_text()
    table.unlink()
    failed = workspace.run("python", "-m", "stages.fetch", check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("fetch: error: there is no table of views data/inbox/indiana_projections.csv")
    assert not site.visits
    table.write_text(text)
    workspace.set({"source.openi.base_url": "http://127.0.0.1:9", "source.openi.network.retries": 0})
    failed = workspace.run("python", "-m", "stages.fetch", check=False)
    assert failed.returncode == 3
    assert failed.stderr.startswith("fetch: error: no listing of the collection")
    assert "Traceback" not in failed.stderr
    assert failed.stderr.count("\n") == 1


def _clone(workspace: Workspace, root: Path) -> Workspace:
    """What a colleague gets by git and `dvc pull`; the table of views stays at home."""
    workspace.run("dvc", "remote", "add", "--default", "shared", str(root.parent / "remote"))
    (workspace.root / ".gitignore").write_text(f"{(PROJECT / '.gitignore').read_text()}\n/data/inbox/*.csv\n")
    workspace.run("git", "add", "--all")
    author = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    workspace.run("git", *author, "commit", "--quiet", "--message", "all")
    workspace.run("dvc", "push")
    workspace.run("git", "clone", "--quiet", str(workspace.root), str(root))
    colleague = object.__new__(Workspace)
    colleague.root = root
    colleague.run("dvc", "pull", "--with-deps", "split")
    return colleague
