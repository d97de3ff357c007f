"""The page as a whole."""

import json
import re
from functools import reduce
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from stages.report import gallery, page, run
from stages.report.numbers import MINUS, NONE
from tests.report import factory


def build(root: Path, recipe: factory.Recipe, limit: int = 500) -> Path:
    """A run and its report; gives the report's folder."""
    settings = factory.workspace(root, recipe)
    folder = root / "report"
    folder.mkdir()
    page.write(folder, run.read(root, settings), gallery.Size(), limit)
    return folder


@pytest.fixture(scope="module", params=[factory.Recipe(), factory.THREE], ids=["two", "three"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of a run with a report."""
    root = tmp_path_factory.mktemp("run")
    build(root, request.param)
    return root


def soup(folder: Path) -> BeautifulSoup:
    return BeautifulSoup((folder / "index.html").read_text(encoding="utf-8"), "html.parser")


def at(pointer: str, root: Path) -> object:
    """What stands at `file#/json/pointer`."""
    file, _, path = pointer.partition("#/")
    keys = [key.replace("~1", "/").replace("~0", "~") for key in path.split("/")]
    return reduce(lambda value, key: value[key], keys, json.loads((root / file).read_text()))


def test_every_number_equals_the_metrics_file(made):
    shown = soup(made / "report").find_all("data")
    assert len(shown) > 60
    for element in shown:
        value = at(element["data-metric"], made)
        assert float(element["value"]) == value
        text = element.get_text().replace(MINUS, "-").replace(",", "").lstrip("+")
        decimals = len(text.partition(".")[2])
        assert float(text) == pytest.approx(value, abs=0.5001 * 10.0**-decimals)


def test_the_headline_scores_are_all_there(made):
    places = {element["data-metric"] for element in soup(made / "report").find_all("data")}
    for name in factory.SCORES:
        assert f"metrics/evaluate.json#/test/{name}/mean" in places
    for wanted in ("n", "groups", "operating_point/sensitivity/low", "baselines/features/roc_auc/high"):
        assert f"metrics/evaluate.json#/test/{wanted}" in places


def test_scores_by_group_stand_in_the_headline_section(made):
    head = soup(made / "report").select_one("#result")
    places = {element["data-metric"] for element in head.find_all("data")}
    for name in ("roc_auc", "average_precision", "accuracy", "balanced_accuracy"):
        assert f"metrics/evaluate.json#/test/{name}/low" in places
        assert f"metrics/evaluate.json#/test/by_group/{name}/low" in places
    assert "metrics/evaluate.json#/test/by_group/n" in places
    assert "the mean over a group's images" in head.get_text()


def test_groups_of_one_image_are_not_scored_twice(tmp_path):
    folder = build(tmp_path, factory.Recipe(group_size=1))
    assert "By image and by group" not in soup(folder).get_text()


def test_every_number_of_trust_is_in_a_table(made):
    """Insertion and deletion beside random order under both covers, and every step of the sanity check."""
    trust = json.loads((made / "metrics/trust.json").read_text())
    places = {element["data-metric"] for element in soup(made / "report").select("#maps table data")}
    for name, covers in trust["faithfulness"]["maps"].items():
        for cover, curves in covers.items():
            for curve in curves:
                place = f"metrics/trust.json#/faithfulness/maps/{name}/{cover}/{curve}"
                assert {f"{place}/area/low", f"{place}/random/mean", f"{place}/better/high"} <= places
    for name, found in trust["sanity"]["maps"].items():
        for level in found["correlation"]:
            assert f"metrics/trust.json#/sanity/maps/{name}/correlation/{level}" in places
    not_asked = set(trust["faithfulness"]["maps"]) - set(trust["sanity"]["maps"])
    assert ("not asked" in soup(made / "report").select_one("#maps").get_text()) == bool(not_asked)


def test_trust_that_was_not_measured_says_why(tmp_path):
    settings = factory.workspace(tmp_path, factory.Recipe())
    (tmp_path / "metrics/trust.json").write_text(
        '{"reason": "`trust.max_images` is 0", "faithfulness": {}, "sanity": {}}'
    )
    folder = tmp_path / "report"
    folder.mkdir()
    page.write(folder, run.read(tmp_path, settings), gallery.Size(), 500)
    assert "was not measured: `trust.max_images` is 0" in soup(folder).select_one("#maps").get_text()


def test_every_number_of_shortcuts_is_in_a_table(made):
    shortcuts = json.loads((made / "metrics/shortcuts.json").read_text())["test"]
    content = soup(made / "report").select_one("#trust")
    places = {element["data-metric"] for element in content.select("table data")}
    for name, score in shortcuts["roc_auc"].items():
        for key in score:
            assert f"metrics/shortcuts.json#/test/roc_auc/{name}/{key}" in places
    for name in shortcuts["difference"]:
        assert f"metrics/shortcuts.json#/test/difference/{name}/mean" in places
    hidden = "hidden" in shortcuts["roc_auc"]
    assert ("every region painted over" in content.get_text()) == hidden
    assert ("no image has a region" in content.get_text()) != hidden


def test_shortcuts_that_were_not_measured_say_why(tmp_path):
    settings = factory.workspace(tmp_path, factory.Recipe())
    (tmp_path / "metrics/shortcuts.json").write_text('{"reason": "`shortcuts.max_images` is 0"}')
    folder = tmp_path / "report"
    folder.mkdir()
    page.write(folder, run.read(tmp_path, settings), gallery.Size(), 500)
    assert "was not measured: `shortcuts.max_images` is 0" in soup(folder).select_one("#trust").get_text()


def test_numbers_outside_data_elements_are_no_scores(made):
    """A score that is typed rather than carried would show as a bare 0.xx."""
    content = soup(made / "report")
    for element in content.find_all(["data", "svg", "pre", "script"]):
        element.decompose()
    for element in content.select(".pairs, .pairs-alike, .definitions, #gallery, #help"):
        element.decompose()
    assert not re.findall(r"\b0\.\d\d+\b", content.get_text())


def test_the_page_is_whole_and_asks_for_nothing_elsewhere(made):
    folder = made / "report"
    content = soup(folder)
    linked = [element.get("src") or element.get("href") for element in content.find_all(["script", "link", "img", "a"])]
    for address in linked:
        assert not re.match(r"(\w+:)?//", address)
        if not address.startswith(("#", "data:")):
            assert (folder / address).is_file()
    for anchor in content.select("nav a"):
        assert content.find(id=anchor["href"][1:])
    for row in gallery_rows(folder):
        assert (folder / "images" / f"{row['id']}.webp").is_file()
        assert (folder / "thumbnails" / f"{row['id']}.webp").is_file()
    assert (folder / "model_card.md").is_file()


def gallery_rows(folder: Path) -> list[dict]:
    text = (folder / "data.js").read_text().removeprefix("window.LESIONMAP = ").removesuffix(";\n")
    return json.loads(text)["images"]


def test_images_that_are_alike_are_shown(made):
    shown = [image["src"] for image in soup(made / "report").select(".pairs-alike img")]
    assert shown == ["thumbnails/i00001.webp", "thumbnails/i00012.webp"]
    assert all((made / "report" / name).is_file() for name in shown)


def test_sections_come_in_the_sceptics_order(made):
    found = [section["id"] for section in soup(made / "report").find_all("section")]
    assert found == ["result", "trust", "scores", "data", "maps", "provenance", "gallery"]


def test_neither_secrets_nor_where_it_was_computed_are_shown(made):
    for path in (made / "report").rglob("*"):
        if path.suffix in (".html", ".js", ".md"):
            text = path.read_text(encoding="utf-8")
            assert "do not tell" not in text
            assert "/somewhere/private" not in text
            assert str(made) not in text


def test_the_same_inputs_give_the_same_bytes(tmp_path):
    folders = [build(tmp_path / name, factory.Recipe()) for name in ("first", "second")]
    names = [sorted(path.relative_to(folder) for path in folder.rglob("*.*")) for folder in folders]
    assert names[0] == names[1]
    for name in names[0]:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name


def test_hostile_text_stays_text(tmp_path):
    folder = build(tmp_path, factory.HOSTILE)
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert "<img src=x" not in text and "<script>alert" not in text
    assert len(soup(folder).find_all("script")) == 3
    assert factory.HOSTILE.finding in soup(folder).get_text()
    card = (folder / "model_card.md").read_text(encoding="utf-8")
    assert not re.search(r"(?<!\\)<(img|script)", card)


def test_a_limit_holds_and_its_rule_is_told(tmp_path):
    folder = build(tmp_path, factory.Recipe(n=60), limit=12)
    rows = gallery_rows(folder)
    assert len(rows) == 12 == len(list((folder / "images").iterdir()))
    assert {row["outcome"] for row in rows} >= {"true positive", "true negative"}
    assert "SHA-256" in soup(folder).select_one("#gallery").get_text()


def test_training_images_without_maps_are_not_in_the_gallery(tmp_path):
    assert {row["split"] for row in gallery_rows(build(tmp_path, factory.Recipe()))} == {"validation", "test"}


def test_a_run_without_maps_regions_or_extras_still_has_a_report(tmp_path):
    settings = factory.workspace(tmp_path, factory.Recipe(maps=(), regions=False))
    for name in (
        "leaks.csv",
        "ingest.json",
        "rejected.csv",
        "calibration.json",
        "regions.csv",
        "weights/provenance.json",
    ):
        (tmp_path / "data" / name).unlink()
    for path in (tmp_path / "plots").rglob("*.csv"):
        path.unlink()
    folder = tmp_path / "report"
    folder.mkdir()
    assert page.write(folder, run.read(tmp_path, settings), gallery.Size(), 500) == 14
    assert "No map was measured" in soup(folder).get_text()


def test_null_scores_are_a_dash(tmp_path):
    settings = factory.workspace(tmp_path, factory.Recipe())
    path = tmp_path / "metrics/evaluate.json"
    metrics = json.loads(path.read_text())
    metrics["test"]["roc_auc"] = {"mean": None, "low": None, "high": None}
    metrics["test"]["notes"]["roc_auc"] = "one class only"
    metrics["test"]["operating_point"] = {"note": "no threshold"}
    path.write_text(json.dumps(metrics))
    folder = tmp_path / "report"
    folder.mkdir()
    page.write(folder, run.read(tmp_path, settings), gallery.Size(), 500)
    content = soup(folder)
    assert NONE in content.select_one(".lede").get_text()
    assert "no threshold" in content.select_one("#trust").get_text()
    assert "ROC AUC" not in [tile.get_text() for tile in content.select(".tile h3")]
    assert "one class only" in content.get_text()


def test_the_gallery_alone_for_prediction(tmp_path):
    factory.workspace(tmp_path, factory.Recipe(n=4, maps=()))
    image = tmp_path / "data/images/i00000.png"
    shown = [gallery.Picture("new", image, "<b>.png", {"normal": 0.4, "abnormal": 0.6}, "abnormal")]
    page.write_gallery(tmp_path, "Predictions", shown, [], "abnormal", notes=["far from <training>"])
    content = soup(tmp_path)
    assert content.select_one("#grid") and not content.select_one("#scores")
    assert "far from <training>" in content.get_text()
    (row,) = gallery_rows(tmp_path)
    assert (row["label"], row["outcome"], row["p"]) == ("", "", [0.4, 0.6])


def test_maps_chosen_fold_by_fold_have_a_row_of_their_own(tmp_path):
    settings = factory.workspace(tmp_path, factory.Recipe())
    result = run.read(tmp_path, settings)
    result.localize["chosen"]["title"] = "cam or gradcam (chosen fold by fold)"
    (folder := tmp_path / "report").mkdir()
    page.write(folder, result, gallery.Size(), 10)
    table = soup(folder).find(id="maps").find("table")
    rows = {row.th.get_text(" ", strip=True): row for row in table.tbody.find_all("tr")}
    (marked,) = [name for name in rows if "chosen" in name.split()]
    assert marked == "cam or gradcam (chosen fold by fold) chosen"
    places = [element["data-metric"] for element in rows[marked].find_all("data")]
    assert all(place.startswith("metrics/localize.json#/chosen/scores/") for place in places)
    assert "The peak of the map cam or gradcam (chosen fold by fold) lies in" in soup(folder).get_text(" ", strip=True)
