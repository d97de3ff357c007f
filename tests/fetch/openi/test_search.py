"""The listing against a site that pages badly."""

import json
from pathlib import Path

import pytest

from stages.common.errors import NetworkError
from stages.fetch.openi import records, search
from stages.fetch.openi.client import Client, Counts
from stages.fetch.openi.settings import Settings
from tests.fetch.openi.conftest import quick
from tests.openi_site.faults import SEARCH_FAULTS, Faults
from tests.openi_site.items import image_id
from tests.openi_site.server import Site


def run(settings: Settings, kept: Path) -> records.Collection:
    return search.run(Client(settings.base_url, settings.network, Counts()), settings, kept)


def ids(collection: records.Collection) -> list[str]:
    return [image.image_id for image in collection.images]


def wanted(site: Site) -> list[str]:
    return sorted(image_id(item) for item in site.items)


@pytest.mark.parametrize("fault", SEARCH_FAULTS)
def test_every_image_is_listed_once_whatever_the_pages_do(site: Site, fault: str, tmp_path: Path) -> None:
    site.faults = Faults({fault: 0.5}, most=2, seed=5)
    collection = run(quick(site), tmp_path)
    assert any(visit.outcome == fault for visit in site.visits)
    assert ids(collection) == wanted(site)
    assert collection.total == len(site.items)


def test_a_site_that_gives_fewer_than_asked_for_is_followed(site: Site, tmp_path: Path) -> None:
    site.search = _clamped(site.search, 7)
    assert ids(run(quick(site), tmp_path)) == wanted(site)
    assert len(site.visits) == -(-len(site.items) // 7)


def test_oddities_are_noticed(site: Site, tmp_path: Path) -> None:
    site.faults = Faults({"duplicates": 0.3, "total": 0.3}, seed=5)
    notes = run(quick(site), tmp_path).notes
    assert notes["repeated_items"] > 0
    assert len(notes["totals"]) > 1


def test_what_is_kept_is_not_asked_for_again(site: Site, tmp_path: Path) -> None:
    first = run(quick(site), tmp_path)
    asked = len(site.visits)
    broken, *others = sorted(tmp_path.rglob("*.json"))
    broken.write_text("half an ans")
    others[0].unlink()
    assert run(quick(site), tmp_path).images == first.images
    assert len(site.visits) == asked + 2


def test_the_fallback_is_asked_when_the_site_refuses_an_empty_query(site: Site, tmp_path: Path) -> None:
    site.strict_query = True
    assert ids(run(quick(site, {"retries": 1}), tmp_path)) == wanted(site)


def test_a_query_that_finds_another_number_is_not_believed(site: Site, tmp_path: Path) -> None:
    settings = quick(site, {"retries": 1}, query="hypoinflation", fallback_query="nonsense")
    with pytest.raises(NetworkError, match="are expected"):
        run(settings, tmp_path)


def test_a_partial_listing_is_taken_when_it_is_allowed(site: Site, tmp_path: Path) -> None:
    settings = quick(site, {"retries": 1}, expected=len(site.items) + 5, allow_partial=True)
    assert ids(run(settings, tmp_path)) == wanted(site)


def test_an_image_that_changes_its_labels_is_an_error(site: Site, tmp_path: Path) -> None:
    honest = site.search

    def lying(query: dict) -> dict:
        envelope = json.loads(json.dumps(honest(query)))
        if query["m"] != ["1"]:
            changed = json.loads(json.dumps(site.items[0]))
            changed["MeSH"]["major"] = ["Cardiomegaly"]
            envelope["list"].append(changed)
        return envelope

    site.search = lying
    with pytest.raises(records.ConflictError, match="two different entries"):
        run(quick(site), tmp_path)


def _clamped(honest: object, most: int) -> object:
    def clamped(query: dict) -> dict:
        envelope = honest(query)
        return envelope | {"list": envelope["list"][:most]}

    return clamped
