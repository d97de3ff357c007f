"""`dvc plots show` in a hospital without a network: every plot of dvc.yaml is drawn, and no request leaves the disk."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

from stages.common import paths
from tests.browser.conftest import requests
from tests.factories import PROJECT, python
from tests.report import factory

PLOTS = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["plots"]
DRAWN = """
return [...document.querySelectorAll('.vega-embed')].map(
  (plot) => [...plot.querySelectorAll('.mark-line path, .mark-rect path')]
    .filter((path) => path.getTotalLength() > 0).length)
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dvc's page of the plots of a made-up run with folds, in a project that has been told to do without a network."""
    root = tmp_path_factory.mktemp("plots")
    factory.workspace(root, factory.Recipe(n=60, folds=3))
    shutil.copytree(PROJECT / ".dvc", root / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache", "*.local"))
    (root / "dvc.yaml").write_text(yaml.safe_dump({"plots": PLOTS}, sort_keys=False))
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    for module in (("stages.report.offline_plots",), ("dvc", "plots", "show")):
        done = python("-m", *module, folder=root)
        assert done.returncode == 0 and "error" not in done.stderr.lower(), done.stderr
    return root / "dvc_plots/index.html"


def test_every_plot_is_drawn_without_a_request(page: Path, browser: webdriver.Chrome) -> None:
    browser.get("about:blank")
    browser.get_log("browser")
    requests(browser)
    browser.get(page.as_uri())
    WebDriverWait(browser, 30, poll_frequency=0.1).until(
        lambda _: len(found := browser.execute_script(DRAWN)) == len(PLOTS) and min(found) > 0
    )
    asked = requests(browser)
    assert page.as_uri() in asked
    assert [url for url in asked if not url.startswith(("file://", "data:", "blob:"))] == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_all_files_that_are_plotted_were_there(page: Path) -> None:
    """A file that is not there would be an empty plot, which looks drawn."""
    root = page.parent.parent
    named = [name for plot in PLOTS for name in next(iter(plot.values()))["y"]]
    assert len(named) == len(PLOTS)
    assert all((root / name).is_file() for name in named)
    assert (root / paths.PLOTS).is_dir()
