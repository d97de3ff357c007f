"""What a run has to show in the gallery."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from stages.common import paths
from stages.common.regions import read_mask
from stages.report import choose, gallery, outlines
from stages.report.run import Map, Run

DETAIL = 400  # a simplified outline stays within this fraction of the image's longer side
CLASSIC_OPACITY = 0.6


def layers(run: Run) -> list[gallery.Layer]:
    """The maps on offer; the one that was chosen comes first."""
    chosen = (run.localize.get("chosen") or {}).get("map")
    return [_layer(each) for each in sorted(run.maps, key=lambda each: each.name != chosen)]


def parts(run: Run) -> list[str]:
    """The parts of the split that the gallery draws from: those with maps, and the one whose scores are quoted."""
    mapped = {image_id for each in run.maps for image_id in each.file.image_ids}
    predictions = run.predictions
    return sorted({run.headline, *predictions.loc[predictions["image_id"].isin(mapped), "split"]})


def pictures(run: Run, limit: int) -> list[gallery.Picture]:
    """The images to show, at most `limit`, in the order of their ids (see `choose.RULE`)."""
    predictions = run.predictions.set_index("image_id")
    outcomes = {
        row.Index: gallery.outcome(row.label, row.predicted, run.classes, run.positive)
        for row in predictions.itertuples()
    }
    candidates = predictions[predictions["split"].isin(parts(run))]
    strata = {row.Index: (row.split, row.label, outcomes[row.Index]) for row in candidates.itertuples()}
    shown = choose.choose(strata, limit)
    images = run.images.set_index("image_id").loc[shown]
    regions = dict(tuple(run.regions.groupby("image_id")))
    scores = _scores(run, shown)
    return [
        gallery.Picture(
            image_id=image_id,
            file=run.root / paths.IMAGES / images.at[image_id, "path"],
            name=Path(images.at[image_id, "source_path"]).name or image_id,
            probabilities={name: float(predictions.at[image_id, f"p_{name}"]) for name in run.classes},
            predicted=predictions.at[image_id, "predicted"],
            label=predictions.at[image_id, "label"],
            outcome=outcomes[image_id],
            split=predictions.at[image_id, "split"],
            fold=int(predictions.at[image_id, "fold"]),
            group=images.at[image_id, "group_id"],
            note=images.at[image_id, "quality"],
            outlines=_outlines(run.root, images.loc[image_id], regions.get(image_id)),
            heats={each.name: _heat(each, image_id, scores) for each in run.maps if image_id in each.overlays.index},
        )
        for image_id in shown
    ]


def _layer(each: Map) -> gallery.Layer:
    return gallery.Layer(
        name=each.name,
        about=each.file.description,
        unit=each.file.unit,
        policy=each.scale.get("policy", ""),
        colors=each.scale.get("colors", []),
        opacity=each.scale.get("opacity", CLASSIC_OPACITY),
    )


def _scores(run: Run, shown: Sequence[str]) -> dict[tuple[str, str], dict[str, float]]:
    """By image and map, how well the map points at all regions together, a metric each."""
    table = run.localization
    whole = table["finding"] == "" if "finding" in table.columns else pd.Series(True, index=table.index)
    rows = table[whole & table["image_id"].isin(shown) & table["value"].notna()]
    scores: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows.itertuples():
        scores.setdefault((row.image_id, row.map), {})[row.metric] = float(row.value)
    return scores


def _outlines(root: Path, image: pd.Series, regions: pd.DataFrame | None) -> list[tuple[str, str]]:
    if regions is None:
        return []
    size = (int(image["height"]), int(image["width"]))
    paths_of = []
    for region in regions.itertuples():
        if region.kind == "mask":
            path = outlines.outline(read_mask(root / paths.MASKS / region.mask_path, size), max(size) / DETAIL)
        else:
            path = outlines.box_path(region.x, region.y, region.width, region.height)
        paths_of.append((region.finding, path))
    return paths_of


def _heat(each: Map, image_id: str, scores: dict[tuple[str, str], dict[str, float]]) -> gallery.Heat:
    row = each.overlays.loc[image_id]
    low, high = (None if pd.isna(row[end]) else float(row[end]) for end in ("low", "high"))
    return gallery.Heat(
        file=each.folder / row["heat"] if row["heat"] else None,
        status=row["status"],
        target=row["target"],
        low=low,
        high=high,
        scores=scores.get((image_id, each.name), {}),
    )
