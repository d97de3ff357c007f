"""The stand-in is what the recorded answers of the site say it is."""

import json
import re
import textwrap
from pathlib import Path

import requests

from tests.openi_site import items as site_items
from tests.openi_site.server import Site, serve


def test_the_recorded_answer_is_served_byte_for_byte(real: Path, real_items: list[dict]) -> None:
    recorded = (real / "api_example.json").read_text(encoding="utf-8")
    wanted = textwrap.dedent("  " + recorded[recorded.index('"response": ') + 12 : recorded.rindex("}")]).strip()
    with serve(Site(real_items, width=64)) as address:
        answer = requests.get(f"{address}/api/search", {"query": "", "coll": "cxr", "it": "xg", "m": 1, "n": 2})
    assert answer.text == wanted
    assert json.loads(wanted) == json.loads(recorded)["response"]


def test_positions_are_first_and_last_and_a_page_is_clamped(site: Site) -> None:
    def ask(**query: object) -> dict:
        return requests.get(f"{site.address}/api/search", query).json()

    assert [ask(m=3, n=5)[key] for key in ("min", "max", "count", "total")] == [3, 5, 3, len(site.items)]
    assert ask()["count"] == 10
    assert ask(m=len(site.items), n=len(site.items) + 9)["count"] == 1
    assert ask(m=len(site.items) + 1, n=len(site.items) + 9)["list"] == []
    assert ask(coll="pmc")["Query-Error"] == "Invalid request type."


def test_the_stand_in_shares_no_code_with_what_it_tests() -> None:
    folder = Path(site_items.__file__).parent
    for path in folder.glob("*.py"):
        assert not re.search(r"^\s*(from|import) stages", path.read_text(encoding="utf-8"), re.MULTILINE), path
