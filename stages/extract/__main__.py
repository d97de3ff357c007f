"""Stage `extract`: see the package's docstring."""

import argparse
import concurrent.futures
import functools
import json
from pathlib import Path

import h5py
import platformdirs

from stages.common import console, files, params, paths, tables
from stages.common.params import Params
from stages.extract import features
from stages.extract.store import Store, prune
from stages.models import runtime
from stages.models.backbones import BACKBONES, INPUT
from stages.models.backbones.settings import Settings as BackboneSettings
from stages.models.image import ImageSettings

FEATURE_VERSION = 1  # raise when the same inputs give other features: it discards what the store holds
SCHEMA_VERSION = 1  # of features.h5
PRUNE_DAYS, MOST_DAYS = 90, 100_000


def main() -> str:
    days = _arguments().prune
    settings = params.load()
    store_folder = _store_folder(settings.compute.cache_dir)
    if days is not None:
        removed, freed = prune(store_folder, days)
        return f"removed {removed} features unused for {days} days, {freed / 1e6:.0f} MB, from {store_folder}"
    images = tables.read(paths.IMAGE_TABLE, tables.IMAGE_COLUMNS)
    sources = [paths.IMAGES / path for path in images["path"]]
    attributes = describe(settings)
    if settings.backbone.cut == INPUT:
        _write_pixels(list(images["image_id"]), sources, settings, attributes)
        return f"{len(images)} images decoded"
    keys = _digests(sources, settings.compute.workers)
    namespace = {name: value for name, value in attributes.items() if name != "weights_origin"}
    with Store(store_folder, {**namespace, **_environment(settings)}, settings.extract.dtype) as store:
        computed = _fill(store, dict(zip(keys, sources, strict=True)), settings)
        _write_features(list(images["image_id"]), keys, store, attributes)
        store.touch(keys)
    return f"{len(images)} images: {computed} computed, {len(set(keys)) - computed} from the store"


def describe(settings: Params) -> dict[str, str | int]:
    """What features depend on besides the image and the machine: the attributes of features.h5."""
    weights = files.read_json(paths.WEIGHTS / "provenance.json")
    return {
        "backbone": settings.backbone.name,
        "cut": settings.backbone.cut,
        "preprocessing": BACKBONES[settings.backbone.name].PREPROCESSING,
        "weights_digest": weights["digest"],
        "weights_origin": weights["origin"],
        "widths": _text(settings.backbone.widths),
        "output_stride": _text(settings.backbone.output_stride),
        "hypercolumn": _text(settings.backbone.hypercolumn),
        "views": settings.backbone.views,
        "height": settings.image.height,
        "width": settings.image.width,
        "fit": settings.image.fit,
        "normalize": settings.image.normalize,
        "tiles": "null" if settings.image.tiling is None else settings.image.tiles.model_dump_json(),
        "schema_version": SCHEMA_VERSION,
    }


def _text(value: object) -> str:
    return json.dumps(value)


def _environment(settings: Params) -> dict[str, str | int]:
    return {**runtime.describe(), "batch": settings.image.batch_size, "feature_version": FEATURE_VERSION}


def _fill(store: Store, sources: dict[str, Path], settings: Params) -> int:
    """Compute what the store lacks; every batch is kept as soon as it is there. Returns how many."""
    missing = store.missing(sources)
    if not missing:
        return 0
    runtime.start()
    view = settings.image
    front = functools.partial(_front, settings.backbone, view)
    files_ = [sources[key] for key in missing]
    chunks = features.compute(front, files_, view, settings.extract.dtype)
    total = -(-len(missing) // view.batch_size)
    for place, chunk in console.progress(chunks, total, "extract, batches"):
        store.put(dict(zip(missing[place], chunk, strict=True)))
    return len(missing)


def _front(backbone: BackboneSettings, view: ImageSettings):
    from stages.models import front

    model = front.build(backbone, backbone.cut, view)
    front.assign(model, files.read_arrays(paths.WEIGHTS / f"{backbone.name}.h5"))
    return model


def _write_features(image_ids: list[str], keys: list[str], store: Store, attributes: dict) -> None:
    with files.create_hdf5(paths.FEATURES, attributes) as file:
        file.create_dataset("image_id", data=files.strings(image_ids))
        dataset = _dataset(file, len(keys), store.shape, store.dtype)
        for row, key in enumerate(keys):
            dataset[row] = store.get(key)


def _write_pixels(image_ids: list[str], sources: list[Path], settings: Params, attributes: dict) -> None:
    size = settings.image.size
    chunks = features.decoded(sources, settings.image)
    places = list(runtime.batches(len(sources), settings.image.batch_size))
    with files.create_hdf5(paths.FEATURES, attributes) as file:
        file.create_dataset("image_id", data=files.strings(image_ids))
        dataset = _dataset(file, len(sources), (*size, 3), "uint8")
        for place, chunk in zip(places, console.progress(chunks, len(places), "extract, batches"), strict=True):
            dataset[place] = chunk


def _dataset(file: h5py.File, count: int, shape: tuple[int, ...], dtype: str) -> h5py.Dataset:
    return file.create_dataset("features", shape=(count, *shape), dtype=dtype, chunks=(1, *shape))


def _digests(sources: list[Path], workers: int) -> list[str]:
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return list(pool.map(files.sha256, sources))


def _store_folder(cache_dir: str | None) -> Path:
    return Path(cache_dir or platformdirs.user_cache_dir("lesionmap")).expanduser() / "features"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m stages.extract", description="Extract features at the cut.")
    parser.add_argument(
        "--prune", nargs="?", type=_days, const=PRUNE_DAYS, metavar="DAYS",
        help=f"only remove from the store what was not used for DAYS days ({PRUNE_DAYS})",
    )  # fmt: skip
    return parser.parse_args()


def _days(text: str) -> int:
    """A number of days; fewer than none would remove what was used today."""
    if not (text.isdecimal() and int(text) <= MOST_DAYS):
        raise argparse.ArgumentTypeError(f"DAYS must be a whole number from 0 to {MOST_DAYS} (given: {text})")
    return int(text)


if __name__ == "__main__":
    console.run("extract", main)
