"""Stage `attribute`: see the package's docstring."""

import argparse
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from stages.attribute import explain, map_file, subjects
from stages.attribute.choose import choose
from stages.attribute.methods import METHODS
from stages.attribute.methods.base import MapSettings
from stages.common import console, files, params, paths, tables
from stages.common.errors import UserError
from stages.common.folds import parts_of_fold
from stages.extract.features import decoded
from stages.models import runtime, trained
from stages.models.feature_file import FeatureFile


def main(name: str) -> str:
    settings = params.load()
    if name not in settings.attribute.maps:
        raise UserError(f"`attribute.maps` has no map {name!r}; it has: {', '.join(settings.attribute.maps)}")
    own = settings.attribute.maps[name]
    split = tables.read(paths.SPLIT_TABLE, tables.SPLIT_COLUMNS)
    images = tables.read(paths.IMAGE_TABLE, tables.IMAGE_COLUMNS).set_index("image_id")["path"]
    rows = choose(split, settings.attribute.splits, settings.attribute.images, settings.attribute.max_images)
    runtime.start()
    design = trained.load(next(iter(trained.folders(paths.MODEL).values()))).design
    with (
        FeatureFile(paths.FEATURES) as features,
        files.create_hdf5(paths.MAPS / f"{name}.h5", map_file.attributes(own)) as file,
    ):
        file.create_dataset("image_id", data=files.strings(rows["image_id"]))
        shape = (len(rows), *design.size)
        maps = file.create_dataset("maps", shape=shape, dtype="float32", chunks=(1, *shape[1:]))
        notes = [None] * len(rows)
        for fold, folder, mine in trained.of_rows(paths.MODEL, rows):
            training = images[parts_of_fold(split, fold)["train"]["image_id"]]
            explained = _explain(folder, own, rows.iloc[mine], images, features, training)
            for place, result in zip(mine, console.progress(explained, len(mine), f"attribute {name}"), strict=True):
                maps[place] = result.values
                notes[place] = result
        map_file.write_notes(file, notes)
    return explain.summary(notes)


def _explain(
    folder: Path,
    own: MapSettings,
    rows: pd.DataFrame,
    images: pd.Series,
    features: FeatureFile,
    training: Iterable[str],
) -> Iterator[explain.Explained]:
    """Explain images with the model in `folder`, one by one in the order of the rows."""
    subject = subjects.subject(folder, training)
    design = subject.model.design
    batch = design.batch_size
    numbers = features.rows(list(rows["image_id"]))
    logits = trained.two_logits(trained.logits(runtime.compiled(subject.parts.tail), features, numbers), subject.model)
    if METHODS[own.method].needs(own, design.backbone, design.cut, design.end) == "images":
        files_of_rows = [paths.IMAGES / images[image_id] for image_id in rows["image_id"]]
        chunks, kind = decoded(files_of_rows, design), "images"
    else:
        chunks, kind = features.chunks(numbers, batch), "features"
    yield from explain.explain(subject, own, chunks, kind, batch, logits, list(rows["label"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m stages.attribute", description="Make one map of each image.")
    parser.add_argument("name", help="a name in attribute.maps of params.yaml")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = _arguments()
    console.run(f"attribute-{arguments.name}", functools.partial(main, arguments.name))
