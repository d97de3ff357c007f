"""The whole source against the stand-in of the site."""

from pathlib import Path

from stages.fetch.openi import fetch
from tests.fetch.openi.conftest import quick
from tests.openi_site.server import Site


def test_the_whole_collection_arrives(site: Site, tmp_path: Path) -> None:
    metrics = fetch(quick(site), tmp_path / "inbox", tmp_path / "raw")
    assert metrics["images"] == len(site.items)
    print(metrics)
