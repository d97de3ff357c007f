from collections import Counter
from pathlib import Path

import pydantic
import pytest

from stages.common.errors import UserError
from stages.fetch.openi import terms, views
from stages.fetch.openi.records import Image, Report
from stages.fetch.openi.store import Store
from stages.ingest import openi
from stages.ingest.listing import LISTING_COLUMNS, REASONS
from stages.ingest.openi_settings import Settings
from tests.fetch.openi.conftest import read_real

QUALITY = "Technical Quality of Image Unsatisfactory "


@pytest.mark.parametrize(
    ("majors", "exact", "ancestor", "cardiomegaly"),
    [
        (["normal"], "normal", "normal", "normal"),
        (["Cardiomegaly/mild"], "abnormal", "abnormal", "cardiomegaly"),
        (["Opacity/lung/abnormal"], "abnormal", "abnormal", None),
        ([QUALITY, "Cardiomegaly"], "abnormal", "abnormal", "cardiomegaly"),
        ([QUALITY], None, "abnormal", None),
        (["No Indexing"], None, "abnormal", None),
        ([], None, "abnormal", None),
        (["normal", "Cardiomegaly"], "abnormal", "abnormal", "cardiomegaly"),
    ],
)
def test_the_policies(majors: list[str], exact: str, ancestor: str, cardiomegaly: str) -> None:
    assert openi.label(majors, "exact")[0] == exact
    assert openi.label(majors, "ancestor")[0] == ancestor
    assert openi.label(majors, "finding:Cardiomegaly")[0] == cardiomegaly


def test_every_refusal_has_a_reason_from_the_list() -> None:
    for majors in ([QUALITY], ["No Indexing"], [], ["Opacity"]):
        label, reason, _ = openi.label(majors, "finding:cardiomegaly")
        assert label is None
        assert reason in REASONS


@pytest.mark.parametrize("policy", ["", "Exact", "finding:", "finding: ", "finding:a|b", "all"])
def test_a_wrong_policy_is_refused(policy: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        Settings(policy=policy)


def test_the_counts_of_the_real_collection(real_data: Path) -> None:
    images = read_real(real_data / "openi" / "NLMCXR_reports.tgz").images
    table = views.read(real_data / "openi" / "indiana_projections.csv")
    shown = views.of((image.image_id for image in images), table)

    def count(policy: str, wanted: str = "all") -> Counter:
        settings = Settings(policy=policy, views=wanted)
        decided = (
            openi.decide(terms.split(image.majors), view, settings) for image, view in zip(images, shown, strict=True)
        )
        return Counter(label or reason for label, reason, _ in decided)

    assert count("exact") == {"normal": 2696, "abnormal": 4588, "unindexed": 172, "technical_quality": 14}
    assert count("ancestor") == {"normal": 2696, "abnormal": 4774}
    frontal = {"normal": 1387, "abnormal": 2333, "unindexed": 91, "technical_quality": 7, "view": 3652}
    assert count("exact", "frontal") == frontal
    finding = count("finding:cardiomegaly")
    assert finding["normal"] == 2696
    assert finding["cardiomegaly"] + finding["excluded"] == 4588


def test_the_listing_of_a_small_collection(tmp_path: Path) -> None:
    _fill(tmp_path, {"CXR1": "normal", "CXR2": f"{QUALITY.strip()}|Cardiomegaly", "CXR3": "No Indexing"})
    listing = openi.read(tmp_path, Settings())
    assert list(listing.images.columns) == list(LISTING_COLUMNS)
    rows = listing.images.set_index("source_path").to_dict("index")
    assert {path: row["label"] for path, row in rows.items()} == {
        "images/CXR1_IM-0001-1001.png": "normal",
        "images/CXR2_IM-0001-1001.png": "abnormal",
    }
    row = rows["images/CXR2_IM-0001-1001.png"]
    assert (row["group_id"], row["quality"], row["view"]) == ("CXR2", "technical_quality", "unknown")
    assert row["source_url"] == "https://openi.nlm.nih.gov/imgs/512/2/2/CXR2_IM-0001-1001.png"
    assert row["license"] == "license"
    rejected = {rejection.source_path: rejection.reason for rejection in listing.rejected}
    assert rejected == {"images/CXR3_IM-0001-1001.png": "unindexed", "images/CXR9_IM-0001-1001": "missing"}
    assert listing.group_source


def test_views_need_their_table(tmp_path: Path) -> None:
    _fill(tmp_path, {"CXR1": "normal", "CXR2": "Cardiomegaly"})
    with pytest.raises(UserError, match=r"source\.openi\.projections"):
        openi.read(tmp_path, Settings(views="frontal"))
    (tmp_path / "openi" / "projections.csv").write_text(
        "filename,projection\n1_IM-0001-1001.dcm.png,Frontal\n2_IM-0001-1001.dcm.png,Lateral\n"
    )
    listing = openi.read(tmp_path, Settings(views="frontal"))
    assert list(listing.images["view"]) == ["frontal"]
    assert ("images/CXR2_IM-0001-1001.png", "view") in {(r.source_path, r.reason) for r in listing.rejected}


def test_a_finding_that_nobody_has_is_a_typo(tmp_path: Path) -> None:
    _fill(tmp_path, {"CXR1": "normal", "CXR2": "Cardiomegaly/mild"})
    with pytest.raises(UserError, match=r"'cardiomegalie'; there are: cardiomegaly"):
        openi.read(tmp_path, Settings(policy="finding:cardiomegalie"))


def test_another_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not hold the Open-i collection"):
        openi.read(tmp_path, Settings())


def _fill(raw: Path, majors: dict[str, str]) -> None:
    """A small data/raw as the source writes it: an image a report, and one that is missing."""
    store = Store(raw)
    origin = {"source": {"site": "https://openi.nlm.nih.gov"}, "total": len(majors)}
    reports = [Report(name, text, "", "", "", "", "license") for name, text in majors.items()]
    images = []
    for name, text in {**majors, "CXR9": "normal"}.items():
        image_id = f"{name}_IM-0001-1001"
        path = f"/imgs/512/{name[3:]}/{name[3:]}/{image_id}.png"
        images.append(Image(image_id, name, "F1", "", text, path, "license"))
    store.write_manifest(images, reports, origin)
    empty = {"sha256": "", "bytes": 0, "width": 0, "height": 0, "duplicate_of": ""}
    rows = [{"image_id": image.image_id, "path": f"images/{image.image_id}.png", **empty} for image in images[:-1]]
    store.write_images(rows)
    store.write_missing({images[-1].image_id: "not_found"})
