"""Stage render: `python -m stages.render NAME` draws one map on its images -> data/overlays/NAME/."""

import argparse
import functools
from collections.abc import Iterator

import pandas as pd

from stages.common import console, files, params, paths, pool, tables
from stages.common.errors import UserError
from stages.common.maps import MapFile, open_maps
from stages.render import colors
from stages.render.draw import HEAT, Drawing, Task, draw, prepare

COLUMNS = {
    "image_id": tables.TEXT,
    "file": tables.TEXT,
    "base": tables.TEXT,
    "heat": tables.TEXT,
    "status": tables.TEXT,
    "low": tables.REAL,
    "high": tables.REAL,
    "target": tables.TEXT,
}
FEW = 32  # images that are drawn sooner than other processes start


def main(name: str) -> str:
    """Draw every image of the file of maps."""
    p = params.load()
    if name not in p.attribute.maps:
        raise UserError(f"`attribute.maps` has no map {name!r}; it has: {', '.join(p.attribute.maps)}")
    file = open_maps(paths.MAPS / f"{name}.h5")
    tasks = _tasks(file)
    with files.atomic_folder(paths.OVERLAYS / name) as folder:
        (folder / HEAT).mkdir()
        drawing = prepare(file, p.image.fit, p.render, folder)
        rows = list(console.progress(_drawn(drawing, tasks, p.compute.workers), len(tasks), f"render {name}"))
        tables.write(folder / "overlays.csv", _rounded(pd.DataFrame(rows, columns=list(COLUMNS))), COLUMNS)
        files.write_json(folder / "scale.json", _scale(drawing))
    empty = sum(row["heat"] == "" for row in rows)
    return f"{name}: {len(rows)} images drawn, {empty} with an empty map"


def _tasks(file: MapFile) -> list[Task]:
    images = tables.read(paths.IMAGE_TABLE, tables.IMAGE_COLUMNS).set_index("image_id")["path"]
    predictions = tables.read(paths.PREDICTIONS, tables.PREDICTION_COLUMNS).set_index("image_id")
    regions = dict(iter(tables.read(paths.REGION_TABLE, tables.REGION_COLUMNS).groupby("image_id")))
    if unknown := sorted(set(file.image_ids) - set(images.index) | set(file.image_ids) - set(predictions.index)):
        raise UserError(f"{file.path} holds {unknown[0]!r}, which other tables lack; run `dvc repro`")
    classes = [name.removeprefix("p_") for name in predictions.columns if name.startswith("p_")]
    return [
        Task(
            image_id=image_id,
            image=paths.IMAGES / images[image_id],
            row=row,
            status=file.status[row],
            target=file.target[row],
            predicted=predictions.at[image_id, "predicted"],
            label=predictions.at[image_id, "label"],
            probabilities={name: float(predictions.at[image_id, f"p_{name}"]) for name in classes},
            regions=regions.get(image_id),
            masks=paths.MASKS,
        )
        for row, image_id in enumerate(file.image_ids)
    ]


def _drawn(drawing: Drawing, tasks: list[Task], workers: int) -> Iterator[dict]:
    """Rows of overlays.csv in the order of the tasks; PNG encoding holds the interpreter, hence processes."""
    one = functools.partial(draw, drawing)
    if workers == 1 or len(tasks) <= FEW:
        yield from map(one, tasks)
        return
    with pool.processes(workers) as processes:
        yield from processes.map(one, tasks, chunksize=8)


def _scale(drawing: Drawing) -> dict:
    """scale.json."""
    low, high = (None, None) if drawing.shared is None else map(files.significant, drawing.shared)
    return {
        "map": drawing.name,
        "method": drawing.method,
        "unit": drawing.unit,
        "part": "signed" if drawing.settings.signed else drawing.part,
        "policy": drawing.policy,
        "opacity": drawing.opacity,
        "low": low,
        "high": high,
        "colors": colors.hexadecimal(drawing.bar, 32),
    }


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{name: table[name].map(files.significant) for name in ("low", "high")})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m stages.render", description="Draw one map on its images.")
    parser.add_argument("name", help="a name in attribute.maps of params.yaml")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = _arguments()
    console.run(f"render-{arguments.name}", functools.partial(main, arguments.name))
