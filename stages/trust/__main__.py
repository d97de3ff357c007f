"""Stage `trust`: see the package's docstring."""

from collections.abc import Iterator

import pandas as pd

from stages.attribute import subjects
from stages.attribute.choose import choose
from stages.attribute.methods.base import Subject
from stages.common import console, files, params, paths, tables
from stages.common.folds import parts_of_fold
from stages.common.geometry import Placement, place
from stages.common.maps import MapFile, open_maps
from stages.models import runtime, trained
from stages.models.image import ImageSettings
from stages.trust import measure, summary

METRICS_FILE = paths.METRICS / "trust.json"
PLOTS = paths.PLOTS / "trust"


def main() -> str:
    """Measure the maps on a few images of the positive class."""
    p = params.load()
    maps = [open_maps(paths.MAPS / f"{name}.h5") for name in p.attribute.maps]
    split = tables.read(paths.SPLIT_TABLE, tables.SPLIT_COLUMNS)
    rows = _rows(split, maps, p)
    if rows.empty:
        reason = "`trust.max_images` is 0" if p.trust.max_images == 0 else "no image of the positive class has all maps"
        return _write(summary.nothing(reason))
    runtime.start()
    curves, sane = [], []
    for own, mine in _subjects(split, rows):
        images = measure.read_images(own, mine["path"])
        curves += measure.curves(own, images, list(mine["image_id"]), maps, p.trust)
        if few := p.trust.sanity_images - sum(each.images for each in sane):
            some, shown = mine.head(few), images[:few]
            inside = measure.looked_at(own, shown, _placements(some, own.model.design))
            names = list(some["image_id"])
            sane.append(measure.sanity(own, shown, names, inside, maps, p.attribute.maps, p.trust.seed))
    groups = dict(zip(rows["image_id"], rows["group_id"], strict=True))
    return _write(summary.summarize(curves, measure.joined(sane), groups, p.trust))


def _rows(split: pd.DataFrame, maps: list[MapFile], p: params.Params) -> pd.DataFrame:
    """Rows of split.csv, with the images' paths: a few images of the positive class of which there are all maps.

    Test images where there are any.
    """
    with_maps = set.intersection(*(set(each.image_ids) for each in maps))
    rows = split[split["image_id"].isin(with_maps) & (split["label"] == p.ingest.positive_class)]
    rows = rows[rows["split"] == "test"] if (rows["split"] == "test").any() else rows
    if rows.empty or p.trust.max_images == 0:
        return rows.head(0)
    rows = choose(rows, sorted(set(rows["split"])), None, p.trust.max_images)
    images = tables.read(paths.IMAGE_TABLE, tables.IMAGE_COLUMNS)[["image_id", "path", "height", "width"]]
    return rows.merge(images, on="image_id", validate="one_to_one")


def _placements(rows: pd.DataFrame, view: ImageSettings) -> list[Placement]:
    sizes = zip(rows["height"], rows["width"], strict=True)
    return [place(size, view.size, view.fit) for size in sizes]


def _subjects(split: pd.DataFrame, rows: pd.DataFrame) -> Iterator[tuple[Subject, pd.DataFrame]]:
    """Each model that held some of the images out, and their rows."""
    paths_of = tables.read(paths.IMAGE_TABLE, tables.IMAGE_COLUMNS).set_index("image_id")["path"]
    for fold, folder, mine in trained.of_rows(paths.MODEL, rows):
        yield subjects.subject(folder, paths_of[parts_of_fold(split, fold)["train"]["image_id"]]), rows.iloc[mine]


def _write(result: summary.Summary) -> str:
    with files.atomic_folder(PLOTS) as folder:
        result.curves.to_csv(folder / "faithfulness.csv", index=False, lineterminator="\n")
        result.sanity.to_csv(folder / "sanity.csv", index=False, lineterminator="\n")
    files.write_json(METRICS_FILE, result.metrics)
    return result.words


if __name__ == "__main__":
    console.run("trust", main)
