"""Stage localize: maps, regions, split -> data/localization.csv, metrics/localize.json, plots/localize/."""

import pandas as pd

from stages.common import console, files, params, paths, tables
from stages.common.maps import MapFile, open_maps
from stages.localize import summary
from stages.localize.baselines import mean_regions
from stages.localize.choose import choose_map, fit_thresholds
from stages.localize.scores import Plan, Scores, common_images, score

COLUMNS = {**tables.LOCALIZATION_COLUMNS, "finding": tables.TEXT}
METRICS_FILE = paths.METRICS / "localize.json"
PLOTS = paths.PLOTS / "localize"


def main() -> str:
    """Measure the maps, or say why there is nothing to measure."""
    p = params.load()
    names = list(p.attribute.maps)
    maps = [open_maps(paths.MAPS / f"{name}.h5") for name in names]
    plan, notes = _plan(p, maps)
    if not len(plan.images):
        reason = notes[0]
        _write(pd.DataFrame(columns=list(COLUMNS)), summary.nothing_measured(reason, p.localize, names), None, p)
        return reason
    scores = fit_thresholds(score(plan, p.compute.workers))
    choice = choose_map(scores, p.localize.choose_by)
    result = summary.summarize(scores, {file.name: file.part for file in maps}, choice, p.localize, notes)
    _write(summary.image_rows(scores), result, scores, p)
    return _headline(result)


def _plan(p: params.Params, maps: list[MapFile]) -> tuple[Plan, list[str]]:
    """What to measure; where that is nothing, the one note says why."""
    images = tables.read(paths.IMAGE_TABLE, tables.IMAGE_COLUMNS)[["image_id", "width", "height"]]
    split = tables.read(paths.SPLIT_TABLE, tables.SPLIT_COLUMNS)
    regions = tables.read(paths.REGION_TABLE, tables.REGION_COLUMNS)
    predictions = tables.read(paths.PREDICTIONS, tables.PREDICTION_COLUMNS)
    images = images.merge(split, on="image_id", validate="one_to_one")
    rows = {image_id: row for row, image_id in enumerate(common_images(maps))}
    marked = images["image_id"].isin(regions["image_id"])
    mapped = images["image_id"].isin(rows)
    right = predictions.loc[predictions["label"] == predictions["predicted"], "image_id"]
    measured = images[marked & mapped]
    measured = measured.assign(row=measured["image_id"].map(rows), correct=measured["image_id"].isin(right))
    plan = Plan(
        images=measured.sort_values("image_id"),
        regions=dict(iter(regions[regions["image_id"].isin(measured["image_id"])].groupby("image_id"))),
        masks=paths.MASKS,
        maps=maps,
        priors=mean_regions(images, regions, paths.MASKS),
        several_findings=regions["finding"].nunique() > 1,
        fit=p.image.fit,
        tolerance=p.localize.tolerance,
        center_sigma=p.localize.center_sigma,
    )
    return plan, _notes(images, marked, mapped, p.attribute.splits)


def _notes(images: pd.DataFrame, marked: pd.Series, mapped: pd.Series, splits: list[str]) -> list[str]:
    if not marked.any():
        return ["no image has a region, so the maps were not measured"]
    if not mapped.any():
        return ["no image has a map, so nothing was measured"]
    if not (marked & mapped).any():
        return [f"none of the {int(marked.sum())} images with regions has a map, so the maps were not measured"]
    possible = marked & images["split"].isin(splits)
    left = int((possible & ~mapped).sum())
    return [f"{left} of {int(possible.sum())} images with regions have no map and were not measured."] if left else []


def _write(rows: pd.DataFrame, result: dict, scores: Scores | None, p: params.Params) -> None:
    tables.write(paths.LOCALIZATION, rows, COLUMNS)
    with files.atomic_folder(PLOTS) as folder:
        summary.comparison_rows(result).to_csv(folder / "comparison.csv", index=False, lineterminator="\n")
        pairs = summary.difference_rows(scores, p.localize)
        pairs.to_csv(folder / "differences.csv", index=False, lineterminator="\n")
    files.write_json(METRICS_FILE, result)


def _headline(result: dict) -> str:
    chosen = result["chosen"]
    by = chosen["by"] or "pointing"
    score = chosen["scores"][by]
    spread = "" if score["low"] is None else f" ({score['low']:.3g} to {score['high']:.3g})"
    return f"{chosen['map']}: {by} {score['mean']:.3g}{spread} on {chosen['n']} {chosen['split']} images with regions"


if __name__ == "__main__":
    console.run("localize", main)
