"""A real browser over reports on disk, without a network."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from stages.report import gallery, page, run
from tests.report import factory

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Debian's chromium; skipped where there is none, but not in CI."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        reason = "no chromium and chromedriver; on Debian: apt-get install chromium chromium-driver"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    opened = start(chromium, driver, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.quit()


def start(chromium: str, driver: str, profile: Path) -> webdriver.Chrome:
    """A browser with a profile of its own; the paths are given, so that Selenium looks for none on the network."""
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """index.html of a run with two classes, regions and two maps."""
    return write(tmp_path_factory.mktemp("two"), factory.Recipe(n=60))


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """index.html of a run with three classes, folds and no regions."""
    return write(tmp_path_factory.mktemp("three"), factory.THREE)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """index.html of a run with file names and findings that try to break out."""
    return write(tmp_path_factory.mktemp("hostile"), factory.HOSTILE)


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """index.html of a report with 5,000 test images: 50 that were written, each a hundred times under other names."""
    index = write(tmp_path_factory.mktemp("large"), factory.Recipe(n=50, folds=5, maps=("gradcam",)))
    folder, data = index.parent, index.parent / "data.js"
    content = json.loads(data.read_text().removeprefix("window.LESIONMAP = ").removesuffix(";\n"))
    for row, copy in [(row, copy) for row in content["images"] for copy in range(1, 100)]:
        name = f"{row['id']}-{copy}"
        content["images"].append(row | {"id": name, "p": [value * (1 - copy / 1e4) for value in row["p"]]})
        for path in ("images", "thumbnails", "heat/0"):
            if (folder / path / f"{row['id']}.webp").exists():
                (folder / path / f"{name}.webp").hardlink_to(folder / path / f"{row['id']}.webp")
    data.write_text(f"window.LESIONMAP = {gallery.script_json(content)};\n")
    return index


def write(root: Path, recipe: factory.Recipe, limit: int = 500) -> Path:
    """Make a run up and write its report."""
    settings = factory.workspace(root, recipe)
    folder = root / "report"
    folder.mkdir()
    page.write(folder, run.read(root, settings), gallery.Size(), limit)
    return folder / "index.html"


def address(index: Path, fragment: str = "") -> str:
    """The page's address on disk."""
    return index.as_uri() + (f"#{fragment}" if fragment else "")


def requests(browser: webdriver.Chrome) -> list[str]:
    """The addresses asked for since the last call, from the browser's own log."""
    entries = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [entry["params"]["request"]["url"] for entry in entries if entry["method"] == "Network.requestWillBeSent"]
