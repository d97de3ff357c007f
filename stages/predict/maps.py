"""Maps of new images: which ones, by settings that fit the model, and their files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from stages.attribute import explain, map_file
from stages.attribute.methods import METHODS
from stages.attribute.methods.base import MapSettings, Subject
from stages.common import console, files, params
from stages.common.errors import UserError
from stages.extract.features import decoded
from stages.models.feature_file import FeatureFile
from stages.predict.bundle import Bundle
from stages.predict.take import Taken
from stages.render.settings import Settings as RenderSettings

NONE = "none"
YAML_SUFFIXES = (".yaml", ".yml")


class TrainingImagesError(UserError):
    """A map needs the training images, which no model carries."""


def choose(
    asked: Sequence[str] | Mapping[str, Mapping], bundle: Bundle
) -> tuple[dict[str, MapSettings], dict[str, str]]:
    """The maps that are asked for, by name, checked against the model; and why others of a file are left out.

    A params.yaml names the maps of a training, some of which need what new images lack: these are left out, and the
    others made. What is asked for by name or in a mapping is refused instead.

    Args:
        asked: names of methods, with their default settings; YAML files with maps as under `attribute.maps` (a whole
            params.yaml gives its own); or such a mapping itself. Nothing, or `none` alone, gives no maps.
        bundle: the model.

    Returns:
        Settings by name; of each map of a file that is left out, the reason.

    Raises:
        UserError: there is no such method, it does not fit the model, or it needs what a new image lacks.
    """
    by_name, of_files = (dict(asked), {}) if isinstance(asked, Mapping) else _named(asked)
    wanted = of_files | by_name
    if not wanted:
        return {}, {}
    like_params = {**_like_params(bundle, wanted), "render": _render(asked)}
    chosen = params.parse(like_params, "--maps").attribute.maps
    _, model, parts = next(bundle.models())
    subject = Subject(model, parts, _no_training_images)
    lacking = {name: lacks for name, settings in chosen.items() if (lacks := _lacks(settings, subject))}
    for name, reason in lacking.items():
        if name in by_name:
            raise UserError(f"--maps: `{name}` {reason}")
    return {name: settings for name, settings in chosen.items() if name not in lacking}, lacking


def drawing(asked: Sequence[str] | Mapping[str, Mapping]) -> RenderSettings:
    """How the maps that `choose` found to fit are drawn: as the last YAML file with a section `render` says."""
    return RenderSettings.model_validate(_render(asked))


def write(path: Path, settings: MapSettings, bundle: Bundle, taken: Taken, probabilities: np.ndarray) -> str:
    """Write one map of every image as stage attribute does, and say what became of them.

    The mean over the models is written: where a method promises that a map sums to a difference of logits, the mean
    map sums to the mean difference.

    Args:
        path: of the file, named by the map.
        settings: of the map.
        bundle: the model.
        taken: the images.
        probabilities: (n, k), for `target: predicted`.
    """
    count, models = len(taken.inputs), len(bundle.folders)
    notes: list[explain.Explained] = []
    with files.create_hdf5(path, map_file.attributes(settings)) as file:
        file.create_dataset("image_id", data=files.strings(taken.image_ids))
        size = bundle.design.size
        maps = file.create_dataset("maps", (count, *size), "float32", chunks=(1, *size))
        sums = np.zeros((2, count))
        explained = _explained(settings, bundle, taken, probabilities)
        for number, one in enumerate(console.progress(explained, count * models, f"predict, {path.stem}")):
            model, row = divmod(number, count)
            maps[row] = one.values if model == 0 else maps[row] + one.values
            promised = one.delta is not None
            sums[:, row] += (one.delta, one.error) if promised else 0
            if model == models - 1:
                notes.append(_mean(maps[row], sums[:, row] if promised else None, models, one.target, settings))
                maps[row] = notes[-1].values
        map_file.write_notes(file, notes)
    return explain.summary(notes)


def _lacks(settings: MapSettings, subject: Subject) -> str:
    """What a map needs that new images lack, and what to do; empty where it needs nothing."""
    if settings.target == "true":
        return "explains the true class, which new images lack; use `target: predicted`"
    try:
        METHODS[settings.method].explainer(subject, settings)
    except TrainingImagesError:
        return "needs the training images, which no model carries; use `reference: black` or blurred"
    return ""


def _named(asked: Sequence[str]) -> tuple[dict[str, Mapping], dict[str, Mapping]]:
    """The maps of methods by name, and those of files."""
    by_name = {name: {"method": name} for name in asked if name != NONE and not _is_file(name)}
    of_files = {}
    for name in filter(_is_file, asked):
        of_files |= _from_file(Path(name))
    return by_name, of_files


def _render(asked: Sequence[str] | Mapping[str, Mapping]) -> dict:
    named = [] if isinstance(asked, Mapping) else [Path(name) for name in asked if _is_file(name)]
    return next((section for path in reversed(named) if (section := params.read_yaml(path).get("render"))), {})


def _is_file(name: str) -> bool:
    return name.lower().endswith(YAML_SUFFIXES)


def _from_file(path: Path) -> dict[str, Mapping]:
    """The maps of a YAML file."""
    found = params.read_yaml(path)
    found = found.get("attribute", found)
    found = found.get("maps", found) if isinstance(found, Mapping) else found
    if not isinstance(found, Mapping) or not all(isinstance(one, Mapping) for one in found.values()):
        raise UserError(f"{path}: must hold maps as under `attribute.maps`, such as `deeplift: {{method: deeplift}}`")
    return dict(found)


def _like_params(bundle: Bundle, maps: Mapping[str, Mapping]) -> dict:
    """What params.yaml says of this model, so that the maps are checked by the same rules."""
    design = bundle.design.model_dump()
    return {
        "ingest": {"classes": bundle.classes, "positive_class": bundle.positive},
        "image": {name: design[name] for name in ("height", "width", "fit", "normalize", "tiles")},
        "backbone": {
            **design["backbone"],
            **{name: design[name] for name in ("cut", "end")},
            **{"weights": "file", "weights_file": str(bundle.weights)},
        },
        "head": {"kind": design["head"], design["head"]: design["head_settings"]},
        "train": {"loss": bundle.loss, "drop_block": design["drop_block"]},
        "attribute": {"maps": {name: dict(settings) for name, settings in maps.items()}},
    }


def _no_training_images() -> Iterator[np.ndarray]:
    raise TrainingImagesError


def _explained(
    settings: MapSettings, bundle: Bundle, taken: Taken, probabilities: np.ndarray
) -> Iterator[explain.Explained]:
    """The maps of all images by the first model, then by the second and so on."""
    design = bundle.design
    batch = design.batch_size
    needed = METHODS[settings.method].needs(settings, design.backbone, design.cut, design.end)
    with FeatureFile(taken.features) as file:
        rows = file.rows(taken.image_ids)
        for _, model, parts in bundle.models():
            of_images = needed == "images"
            chunks = decoded(taken.stored, design) if of_images else file.chunks(rows, batch)
            subject = Subject(model, parts, _no_training_images)
            labels = [""] * len(rows)
            yield from explain.explain(subject, settings, chunks, needed, batch, probabilities, labels)


def _mean(
    total: np.ndarray, sums: np.ndarray | None, models: int, target: str, settings: MapSettings
) -> explain.Explained:
    values = total / np.float32(models)
    delta, error = (None, None) if sums is None else sums / models
    return explain.Explained(values, target, explain.status(values, settings.part), delta, error)
