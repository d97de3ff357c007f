"""What a run has to show in the gallery."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from stages.common import evenly, paths
from stages.common.regions import read_mask
from stages.report import gallery, outlines
from stages.report.run import Map, Run

DETAIL = 400  # a simplified outline stays within this fraction of the image's longer side
CLASSIC_OPACITY = 0.6
RULE = (
    "Images are ranked by the SHA-256 of their id within each part, class and outcome; these then give one image each "
    "in turn until the limit is reached. So rare outcomes are shown whole, and nothing about a picture decides."
)


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
    """The images to show, at most `limit`, in the order of their ids (see RULE)."""
    candidates = _by_id(run.predictions[run.predictions["split"].isin(parts(run))])
    outcomes = {
        image_id: gallery.outcome(row["label"], row["predicted"], run.classes, run.positive)
        for image_id, row in candidates.items()
    }
    strata = {image_id: (row["split"], row["label"], outcomes[image_id]) for image_id, row in candidates.items()}
    shown = evenly.choose(strata, limit)
    images = _by_id(run.images[run.images["image_id"].isin(shown)])
    outlines_of = _outlines(run, images)
    heats = _heats(run, shown)
    return [
        gallery.Picture(
            image_id=image_id,
            file=run.root / paths.IMAGES / images[image_id]["path"],
            name=Path(images[image_id]["source_path"]).name or image_id,
            probabilities={name: float(candidates[image_id][f"p_{name}"]) for name in run.classes},
            predicted=candidates[image_id]["predicted"],
            label=candidates[image_id]["label"],
            outcome=outcomes[image_id],
            split=candidates[image_id]["split"],
            fold=int(candidates[image_id]["fold"]),
            group=images[image_id]["group_id"],
            note=images[image_id]["quality"],
            outlines=outlines_of.get(image_id, []),
            heats=heats[image_id],
        )
        for image_id in shown
    ]


def _by_id(table: pd.DataFrame) -> dict[str, dict]:
    """The rows of a table with unique image ids, as dictionaries: much faster to ask one by one."""
    return table.set_index("image_id").to_dict("index")


def _outlines(run: Run, images: dict[str, dict]) -> dict[str, list[tuple[str, str]]]:
    """Of each image with regions: finding and SVG path of each."""
    found: dict[str, list[tuple[str, str]]] = {}
    for region in run.regions[run.regions["image_id"].isin(images)].itertuples():
        size = (int(images[region.image_id]["height"]), int(images[region.image_id]["width"]))
        if region.kind == "mask":
            mask = read_mask(run.root / paths.MASKS / region.mask_path, size)
            path = outlines.outline(mask, max(size) / DETAIL)
        else:
            path = outlines.box_path(region.x, region.y, region.width, region.height)
        found.setdefault(region.image_id, []).append((region.finding, path))
    return found


def _heats(run: Run, shown: Sequence[str]) -> dict[str, dict[str, gallery.Heat]]:
    """Of each image, its maps by name."""
    scores = _scores(run, shown)
    found: dict[str, dict[str, gallery.Heat]] = {image_id: {} for image_id in shown}
    for each in run.maps:
        rows = each.overlays[each.overlays.index.isin(shown)]
        for row in rows.itertuples():
            low, high = (None if pd.isna(end) else float(end) for end in (row.low, row.high))
            file = each.folder / row.heat if row.heat else None
            its_scores = scores.get((row.Index, each.name), {})
            found[row.Index][each.name] = gallery.Heat(file, row.status, row.target, low, high, its_scores)
    return found


def _scores(run: Run, shown: Sequence[str]) -> dict[tuple[str, str], dict[str, float]]:
    """By image and map, how well the map points at all regions together, a metric each."""
    table = run.localization
    whole = table["finding"] == "" if "finding" in table.columns else pd.Series(True, index=table.index)
    rows = table[whole & table["image_id"].isin(shown) & table["value"].notna()]
    scores: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows.itertuples():
        scores.setdefault((row.image_id, row.map), {})[row.metric] = float(row.value)
    return scores


def _layer(each: Map) -> gallery.Layer:
    return gallery.Layer(
        name=each.name,
        about=each.file.description,
        unit=each.file.unit,
        policy=each.scale.get("policy", ""),
        colors=each.scale.get("colors", []),
        opacity=each.scale.get("opacity", CLASSIC_OPACITY),
    )
