from pathlib import Path

import pytest

from stages.common.errors import NetworkError
from stages.fetch.openi import download
from stages.fetch.openi.client import Client, Counts
from tests.fetch.openi.conftest import quick_network
from tests.openi_site.faults import Faults
from tests.openi_site.server import Site

NAME = "NLMCXR_png.tgz"


def get(site: Site, target: Path, retries: int = 3) -> Client:
    client = Client(site.address, quick_network(patience=3), Counts())
    client.wait = lambda _: None  # the pauses between attempts
    download.archive(client, f"{site.address}/imgs/collections/{NAME}", target, retries)
    return client


def test_a_download_goes_on_where_it_broke(site: Site, archives: Path, tmp_path: Path) -> None:
    site.faults = Faults({"truncated": 1.0}, most=3)
    get(site, tmp_path / NAME)
    whole = (archives / NAME).read_bytes()
    assert (tmp_path / NAME).read_bytes() == whole
    begins = [int(visit.outcome.rpartition(" ")[2]) for visit in site.visits]
    assert begins == sorted(set(begins))
    assert begins[1] == len(whole) // 2
    assert list(tmp_path.iterdir()) == [tmp_path / NAME]


def test_a_killed_download_asks_only_for_the_rest(site: Site, archives: Path, tmp_path: Path) -> None:
    site.faults = Faults({"truncated": 1.0}, most=99)
    with pytest.raises(NetworkError):
        get(site, tmp_path / NAME, retries=0)
    had = (tmp_path / f"{NAME}.part").stat().st_size
    site.faults, seen = Faults(), len(site.visits)
    client = get(site, tmp_path / NAME)
    assert [visit.outcome for visit in site.visits[seen:]] == [f"good from {had}"]
    assert client.counts.metrics()["bytes"] == (archives / NAME).stat().st_size - had


def test_another_version_of_the_file_is_begun_anew(site: Site, archives: Path, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(b"\x1f\x8bof yesterday")
    (tmp_path / f"{NAME}.part.json").write_text('{"validator": "\\"yesterday\\"", "total": 99}')
    get(site, tmp_path / NAME)
    assert (tmp_path / NAME).read_bytes() == (archives / NAME).read_bytes()


def test_a_page_in_place_of_the_file_is_throttling(site: Site, archives: Path, tmp_path: Path) -> None:
    site.faults = Faults(throttle_after=0, throttle_seconds=1000)
    with pytest.raises(NetworkError, match="throttles"):
        get(site, tmp_path / NAME)
    site.faults = Faults(throttle_after=0, throttle_seconds=0.15)
    site.faults.throttled()
    site.faults.throttle_after = 9
    assert get(site, tmp_path / NAME).counts.metrics()["throttles"] >= 1
    assert (tmp_path / NAME).read_bytes() == (archives / NAME).read_bytes()


def test_a_missing_file_is_named(site: Site, tmp_path: Path) -> None:
    site.archives = tmp_path
    with pytest.raises(NetworkError, match="404"):
        get(site, tmp_path / "target.tgz")
