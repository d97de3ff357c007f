"""A small collection, its site, and settings that do not make a test wait."""

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.fetch.openi import archive, records
from stages.fetch.openi.settings import NetworkSettings, Settings
from tests.openi_site import items as site_items
from tests.openi_site import reports as site_reports
from tests.openi_site.server import Site, serve

WIDTH = 128


@pytest.fixture(scope="session")
def reports() -> list[site_reports.Report]:
    return site_reports.some(24)


@pytest.fixture(scope="session")
def archives(reports: list[site_reports.Report], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three tar files of the small collection."""
    folder = tmp_path_factory.mktemp("archives")
    site_reports.write(folder / "NLMCXR_reports.tgz", reports)
    site_reports.write_pictures(folder / "NLMCXR_png.tgz", reports, WIDTH)
    site_reports.write_dicoms(folder / "NLMCXR_dcm.tgz", reports[:5], WIDTH)
    return folder


@pytest.fixture(scope="session")
def items(archives: Path) -> list[dict]:
    return site_items.read(archives / "NLMCXR_reports.tgz")


@pytest.fixture
def site(items: list[dict], archives: Path) -> Iterator[Site]:
    """The site of the small collection, at `site.address`; its faults can be set."""
    site = Site(items, WIDTH, archives=archives)
    with serve(site):
        yield site


@pytest.fixture
def settings(site: Site) -> Settings:
    return quick(site)


def quick(site: Site, network: dict | None = None, **changes: object) -> Settings:
    """Settings for the small site, without waiting."""
    values = {"base_url": site.address, "expected": len(site.items), "page_size": 10}
    values["archive"] = {"url": f"{site.address}/imgs/collections"}
    return Settings(**values | changes, network=quick_network(**network or {}))


def quick_network(**changes: object) -> NetworkSettings:
    values = {
        "searches_per_minute": 6000.0,
        "images_per_minute": 60000.0,
        "connections": 4,
        "connect_timeout": 5.0,
        "read_timeout": 5.0,
        "answer_timeout": 10.0,
        "backoff": 0.01,
        "pause": 0.1,
    }
    return NetworkSettings(**values | changes)


@pytest.fixture(scope="session")
def real_items(real: Path) -> list[dict]:
    """The items of the whole site."""
    return site_items.read(real / "NLMCXR_reports.tgz")


@functools.cache
def read_real(path: Path) -> records.Collection:
    """The real collection, read once."""
    return archive.read_reports(path)


@pytest.fixture(scope="session")
def real(real_data: Path) -> Path:
    """The folder with the real report archive."""
    return real_data / "openi"
