"""Every command of README and docs is run: below, in a tiny workspace, as a reader types it; or by what is named."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, commands
from tests.factories import PROJECT
from tests.ingest import factory as images
from tests.pipeline.workspace import TINY, Workspace

UP_TO_DATE = "Data and pipelines are up to date."
EDITED = {key: value for key, value in TINY.items() if not key.startswith("source.")} | {
    "attribute.maps": {"gradcam": {"method": "gradcam"}},
    "train.epochs": 40,  # as the experiment has it, which then runs only what another change asks for
    "backbone.hypercolumn": [],  # as the tiny cut is at another layer
    "evaluate.baselines": ["majority"],
    "trust.max_images": 0,
    "shortcuts.max_images": 0,
}

FIRST_RUN = {  # the commands in their order, and what each says
    "cp -r my_images/* data/inbox/": "",
    "cp recipes/folder.yaml params.yaml": "",
    "$EDITOR params.yaml": "",
    ". .venv/bin/activate": "",
    ". .venv/bin/activate && dvc repro": "Running stage 'report'",
    "python -m stages.report.headline": "report: data/report/index.html",
    "dvc repro": UP_TO_DATE,
}
SHARING = {
    "dvc remote add -d shared /mnt/lab/lesionmap": "Setting 'shared' as a default remote.",
    "dvc push": "pushed",
    'git add . && git commit -m "Run 12" && git push': "Run 12",
}
COLLEAGUE = {
    "dvc pull": "added",
    "dvc repro": "data/inbox holds no images; the 24 files of data/raw are used",
    "dvc repro fetch": UP_TO_DATE,
    "dvc repro --force --single-item fetch": "Running stage 'fetch'",
}
VARIANTS = {
    "dvc exp run -S train.epochs=40": "Ran experiment",
    "dvc params diff": "evaluate.seed",
    "dvc metrics diff": "metrics/evaluate.json",
    "python -m stages.report.offline_plots": "`dvc plots show` uses .dvc/offline_plots.html",
    "dvc plots show": "dvc_plots/index.html",
    "dvc plots diff": "dvc_plots/index.html",
    "dvc exp run --queue -S split.seed=1,2,3": "Queueing with overrides '{'params.yaml': ['split.seed=3']}'",
    "dvc repro -sf weights": "Running stage 'weights'",
    "python -m stages.extract --prune 90": "extract:",
    "cp recipes/openi.yaml params.yaml": "",
    "python -m stages.fetch.openi plan": "75 searches and 7470 image downloads",
}
REFUSED = {"dvc freeze fetch": "cannot dump a parametrized stage"}

ELSEWHERE = {  # what runs it: a file, and the text in it that does
    "make demo": ("Makefile", "demo: .venv/installed"),
    "make test": (".ci/run", "make test"),
    "python3 -m venv .venv && . .venv/bin/activate && pip install -r requirements.txt": (
        "Makefile", "-m pip install --quiet --disable-pip-version-check -r requirements.txt"
    ),
    "pip install vl-convert-python": ("tests/report/test_offline_plots.py", "pip install vl-convert-python"),
    "python -m stages.<name>": ("dvc.yaml", "cmd: python -m stages."),
    "python -m stages.check.document": ("tests/check/test_document.py", "document"),
    "python -m stages.fetch.openi verify": ("tests/fetch/openi/test_repro.py", '"verify"'),
    "python -m stages.fetch.openi repair": ("tests/fetch/openi/test_repro.py", '"repair"'),
    "python -m stages.fetch.openi compare --reports NLMCXR_reports.tgz": (
        "tests/fetch/openi/test_repro.py", '"compare --reports NLMCXR_reports.tgz"'
    ),
    "cd data/raw && sha256sum --check openi/SHA256SUMS": ("tests/fetch/openi/test_collect.py", "sha256sum"),
}  # fmt: skip
BENCHMARKS = PROJECT / "docs/benchmarks.md"
PAGES_ELSEWHERE = {  # pages whose commands all are run by a test of their own
    "prediction.md": "tests/predict/test_docs.py",
    "benchmarks.md": "tests/docs/test_benchmarks.py",
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_run_by_something(page: Path) -> None:
    if page.name in PAGES_ELSEWHERE:
        assert f"docs/{page.name}" in (PROJECT / PAGES_ELSEWHERE[page.name]).read_text()
        return
    run = {*FIRST_RUN, *SHARING, *COLLEAGUE, *VARIANTS, *REFUSED, *ELSEWHERE, *commands(BENCHMARKS)}
    assert [command for command in commands(page) if command not in run] == []


def test_nothing_is_run_that_no_page_names() -> None:
    named = {command for page in PAGES for command in commands(page)}
    assert {*FIRST_RUN, *SHARING, *COLLEAGUE, *VARIANTS, *REFUSED, *ELSEWHERE} <= named


@pytest.mark.parametrize("command", ELSEWHERE)
def test_what_is_run_elsewhere_is_there(command: str) -> None:
    file, text = ELSEWHERE[command]
    assert text in (PROJECT / file).read_text()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Reader"]:
    """A clone of the project with a remote to push to, and images of one's own, none of them in place yet."""
    root = tmp_path_factory.mktemp("docs")
    workspace = Workspace(root / "lab")
    for name in ("recipes", "requirements.txt"):
        workspace.run("cp", "-r", str(PROJECT / name), name)
    workspace.run("cp", "recipes/folder.yaml", "params.yaml")
    workspace.set(EDITED | {"compute.cache_dir": str(root / "store")})
    workspace.run("mv", "params.yaml", "../edited.yaml")
    (workspace.root / ".venv").symlink_to(sys.prefix)
    images.write(workspace.root / "my_images", images.class_folders(["normal", "abnormal"], 12))
    for setting in (("user.name", "a"), ("user.email", "a@example.org"), ("push.autoSetupRemote", "true")):
        workspace.run("git", "config", *setting)
    workspace.run("git", "add", "-A", "--", ":!my_images")
    workspace.run("git", "commit", "-qm", "The project, as it is cloned")
    workspace.run("git", "init", "-q", "--bare", "../origin.git")
    workspace.run("git", "remote", "add", "origin", "../origin.git")
    yield Reader(workspace)


class Reader:
    """Someone at a shell in a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def type(self, session: dict[str, str]) -> None:
        """Run commands in their order; each must end well and say what is expected."""
        for command, told in session.items():
            done = self.run(command)
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
            assert told in done.stdout + done.stderr, f"{command}\n{done.stdout}\n{done.stderr}"

    def run(self, command: str) -> subprocess.CompletedProcess:
        """As it stands on the page; only the network drive is another folder."""
        command = command.replace("/mnt/lab", str(self.workspace.root.parent))
        return self.workspace.run("env", "EDITOR=cp ../edited.yaml", "bash", "-c", command, check=False)


def test_a_reader_types_all_of_it(lab: Reader) -> None:
    """From one's own images to a report, to a colleague's clone, to variants."""
    lab.type(FIRST_RUN)
    in_a_copy = lab.run("dvc exp run --temp -S ingest.min_size=33 ingest")  # as queued experiments run
    assert in_a_copy.returncode == 0, in_a_copy.stderr
    assert COLLEAGUE["dvc repro"] in in_a_copy.stdout
    for command, told in REFUSED.items():
        done = lab.run(command)
        assert done.returncode != 0 and told in done.stderr
    lab.type(SHARING)
    clone = lab.workspace.root.parent / "colleague"
    lab.workspace.run("git", "clone", "-q", "../origin.git", str(clone))
    colleague = object.__new__(Workspace)
    colleague.root = clone
    Reader(colleague).type(COLLEAGUE)
    lab.workspace.set({"evaluate.seed": 1})
    lab.type(VARIANTS)
    assert "<script src" not in (lab.workspace.root / "dvc_plots/index.html").read_text()
