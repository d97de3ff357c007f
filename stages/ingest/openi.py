"""The layout of the Open-i source: labels from the reports' index terms, views from the table made by hand."""

import difflib
from pathlib import Path

import pandas as pd

from stages.common import files
from stages.common.errors import UserError
from stages.fetch.openi import terms, views
from stages.fetch.openi.records import Image
from stages.fetch.openi.store import Store
from stages.ingest.listing import LISTING_COLUMNS, Listing, Rejection
from stages.ingest.openi_settings import Settings

FINDING = "finding:"
TECHNICAL_QUALITY = "technical_quality"


def read(raw: Path, settings: Settings) -> Listing:
    """The images in `raw` with their labels; each image belongs to its report, which is one patient.

    Raises:
        UserError: `raw` was not filled by the Open-i source, views are asked for without their table, or no report
            has the finding.
    """
    store = Store(raw)
    found = store.read_manifest()
    if found is None:
        raise UserError(f"{raw} does not hold the Open-i collection; run `dvc repro fetch` with source.kind: openi")
    origin, images = found
    table = _views(store, settings)
    _check_finding(settings.policy, images)
    paths = {row["image_id"]: row["path"] for row in store.read_images()}
    missing = store.read_missing()
    rows, rejected = [], [Rejection(f"images/{name}", "missing", reason) for name, reason in sorted(missing.items())]
    here = [image for image in images if image.image_id in paths]
    for image, view in zip(here, views.of((image.image_id for image in here), table), strict=True):
        path = paths[image.image_id]
        label, reason, detail = decide(terms.split(image.majors), view, settings)
        if label is None:
            rejected.append(Rejection(path, reason, detail))
        else:
            rows.append(_row(path, label, image, view, origin["source"]["site"]))
    layout = f"Open-i, label policy {settings.policy}, views {_view_source(store)}"
    return Listing(pd.DataFrame(rows, columns=list(LISTING_COLUMNS)), layout, rejected, group_source="Open-i report")


def decide(majors: list[str], view: str, settings: Settings) -> tuple[str | None, str, str]:
    """The label of an image; or None, a reason of REASONS and a detail for a person.

    Args:
        majors: index terms of its report.
        view: frontal, lateral or unknown.
        settings: label policy and wanted views.
    """
    if settings.views not in ("all", view):
        return None, "view", view
    return label(majors, settings.policy)


def label(majors: list[str], policy: str) -> tuple[str | None, str, str]:
    """The label that a policy gives to a report's index terms; or None, a reason of REASONS and a detail.

    exact: `normal` when that is the only term; `abnormal` with at least one finding. What was not indexed, or only for
    its technical quality, has no label. ancestor: `normal` as well, and everything else is `abnormal`. finding:<term>:
    `normal` as well, and <term> (in lower case) for reports with that finding or one of its kinds.
    """
    kind = terms.kind(majors)
    if kind == "normal":
        return "normal", "", ""
    if policy == "ancestor":
        return "abnormal", "", ""
    if kind != "abnormal":
        return None, kind, terms.join(majors)
    if policy == "exact":
        return "abnormal", "", ""
    finding = finding_of(policy)
    if any(terms.names(major, finding) for major in majors):
        return finding, "", ""
    return None, "excluded", f"neither normal nor {finding}"


def finding_of(policy: str) -> str:
    """The term of a policy `finding:<term>`, as it is compared; it is also the label."""
    return terms.normalized(policy.removeprefix(FINDING))


def _row(path: str, label: str, image: Image, view: str, site: str) -> dict[str, str]:
    return {
        "source_path": path,
        "label": label,
        "group_id": image.report_id,
        "split": "",
        "view": view,
        "quality": TECHNICAL_QUALITY if terms.poor_quality(terms.split(image.majors)) else "",
        "source_url": f"{site}{image.image_path}",
        "license": image.license,
        "finding": "",
    }


def _views(store: Store, settings: Settings) -> dict[str, str]:
    if not store.projections.exists() and settings.views != "all":
        raise UserError(
            f"ingest.openi.views: {settings.views} needs the table of views; name it in source.openi.projections, "
            "or set ingest.openi.views to all"
        )
    return views.read(store.projections if store.projections.exists() else None)


def _view_source(store: Store) -> str:
    """Where the views come from, in words."""
    if not store.projections.exists():
        return "unknown"
    return f"from the projections table (sha256 {files.sha256(store.projections)[:12]})"


def _check_finding(policy: str, images: list[Image]) -> None:
    """Refuse a finding that no report has: it is a typo."""
    if not policy.startswith(FINDING):
        return
    finding = finding_of(policy)
    majors = {major for image in images for major in terms.split(image.majors)}
    if not any(terms.names(major, finding) for major in majors):
        known = sorted({terms.normalized(major.partition("/")[0]) for major in majors})
        near = ", ".join(difflib.get_close_matches(finding.partition("/")[0], known, n=3)) or ", ".join(known[:5])
        raise UserError(f"ingest.openi.policy: no report has the finding {finding!r}; there are: {near}")
