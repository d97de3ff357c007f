"""Small things that tests are made of: pictures, parameters, models, feature files, processes."""

import copy
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from stages.common import files, params

PROJECT = Path(__file__).parents[1]
CLASSES = ["normal", "abnormal"]
SMALL = {  # a network with VGG16's layers, but few filters and pixels
    "image__height": 64,
    "image__width": 64,
    "backbone__widths": [4, 4, 8, 8, 8],
    "backbone__weights": "random",
    "head__fc__width": 16,
}


def picture(seed: int, size: tuple[int, int] = (48, 64), mode: str = "L") -> Image.Image:
    """A made-up picture of (height, width): noise with a bright spot, so that no two seeds look alike."""
    random = np.random.default_rng(seed)
    channels = (3,) if mode == "RGB" else ()
    pixels = random.integers(0, 120, (*size, *channels), dtype=np.uint8)
    y, x = (int(random.integers(0, length - 8)) for length in size)
    pixels[y : y + 8, x : x + 8] = 250
    return Image.fromarray(pixels)


def pictures(folder: Path, count: int, size: tuple[int, int] = (48, 64)) -> list[Path]:
    """PNG files in a folder, named by number."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03}.png" for number in range(count)]
    for number, path in enumerate(paths):
        picture(number, size).save(path)
    return paths


def changed(**values: object) -> dict:
    """The defaults of all parameters, with some keys set: `train__epochs=3` is `train.epochs`.

    Not those of params.yaml, which a user, and the project, may change.
    """
    whole = copy.deepcopy(params.Params().model_dump())
    for path, value in values.items():
        *parents, key = path.split("__")
        section = whole
        for parent in parents:
            section = section[parent]
        section[key] = value
    return whole


def write_params(path: Path, **values: object) -> Path:
    """A params file of the defaults, with some keys set."""
    files.write_json(path, changed(**values))  # JSON is YAML
    return path


def design(**values: object):
    """The design of a small model that the defaults with some keys set describe; see `changed`."""
    from stages.models.compose import design_of

    return design_of(params.parse(changed(**SMALL | values), "params.yaml"))


def randomize(model: object, seed: int = 0) -> None:
    """Give every weight of a model a value of its own, of a size at which signals neither die nor explode."""
    from stages.models import front

    for number, (name, variable) in enumerate(sorted(front.named_weights(model).items())):
        random = np.random.default_rng([seed, number])
        inputs = int(np.prod(variable.shape[:-1])) if len(variable.shape) > 1 else 0
        values = random.standard_normal(variable.shape) * (np.sqrt(2 / inputs) if inputs else 0.1)
        variable.assign(np.abs(values) + 0.5 if name.endswith(("deviation", "variance")) else values)


def trained_model(
    design: object,
    arrays: dict[str, np.ndarray],
    loss: str = "softmax",
    classes: list[str] = CLASSES,
    positive: str | None = None,
):
    """A model as `train` leaves it."""
    from stages.models.trained import Trained

    return Trained(design, classes, positive or classes[-1], loss, {"recipe": "test"}, arrays)


def feature_file(path: Path, features: np.ndarray, image_ids: list[str] | None = None) -> Path:
    """A features.h5 as stage extract writes it."""
    image_ids = image_ids or [f"{number:04}" for number in range(len(features))]
    with files.create_hdf5(path, {"cut": "block5_pool", "schema_version": 1}) as file:
        file.create_dataset("image_id", data=files.strings(image_ids))
        file.create_dataset("features", data=features, chunks=(1, *features.shape[1:]))
    return path


def environment(**variables: str) -> dict[str, str]:
    """The environment of a process that imports the project from any folder."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "TF_CPP_MIN_LOG_LEVEL": "3", **variables}


def python(
    *arguments: str, folder: Path, variables: Mapping[str, str] | None = None, timeout: float = 600
) -> subprocess.CompletedProcess:
    """Run Python with arguments in a folder; returns when it has ended."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(**(variables or {})),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
