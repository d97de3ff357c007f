"""Stage `weights`: see the package's docstring."""

from pathlib import Path

import numpy as np

from stages.common import console, files, params, paths
from stages.common.errors import UserError
from stages.models import runtime
from stages.models.backbones import BACKBONES
from stages.models.backbones.settings import Architecture, Settings

UNIT = ("/gamma", "/moving_variance")  # of batch normalisation


def main() -> str:
    settings = params.load().backbone
    runtime.start()
    arrays, origin, license_text = obtain(settings)
    provenance = {
        "backbone": settings.name,
        "weights": settings.weights,
        "origin": origin,
        "license": license_text,
        "digest": files.digest(arrays),
        "parameters": int(sum(array.size for array in arrays.values())),
    }
    from stages.weights.read import MARK

    with files.atomic_folder(paths.WEIGHTS) as folder:
        files.write_arrays(folder / f"{settings.name}.h5", arrays, {MARK: 1, "digest": provenance["digest"]})
        files.write_json(folder / "provenance.json", provenance)
    return f"{provenance['parameters']:,} parameters of {settings.name} from {origin}"


def obtain(settings: Settings) -> tuple[dict[str, np.ndarray], str, str]:
    """The weights that the settings ask for, where they came from, and their licence.

    Raises:
        UserError: a file does not fit, or is not the published weights where those are asked for.
        NetworkError: published weights could not be fetched.
    """
    from stages.weights import download, published, read

    if settings.weights == "random":
        return seeded(read.shapes(settings), settings.seed), f"random, seed {settings.seed}", ""
    if settings.weights == "file":
        path = Path(settings.weights_file)
        return read.read(path, settings), f"file {path.name}", "as the file's origin says"
    source = Architecture(name=BACKBONES[settings.name].PUBLISHED)
    if settings.weights_file is None:
        arrays, origin = download.download(source)
    else:
        path = Path(settings.weights_file)
        arrays, origin = read.read(path, source), f"file {path.name}"
    known = published.PUBLISHED[source.name]
    if known.digest is None:
        origin += ", not pinned"
    elif files.digest(arrays) != known.digest:
        raise UserError(
            f"the weights from {origin} are not the published ImageNet weights of {settings.name}; "
            "for weights of your own, set `backbone.weights: file`"
        )
    shapes = read.shapes(settings)
    if missing := {name: shape for name, shape in shapes.items() if name not in arrays}:
        arrays |= seeded(missing, settings.seed)
        origin += f"; {len(missing)} arrays that {source.name} lacks at random, seed {settings.seed}"
    return arrays, origin, known.license


def seeded(shapes: dict[str, tuple[int, ...]], seed: int) -> dict[str, np.ndarray]:
    """He-normal kernels (He et al. 2015, arXiv:1502.01852), each from its own seeded stream; no bias, unit scales."""
    arrays = {}
    for number, name in enumerate(sorted(shapes)):
        shape = shapes[name]
        if len(shape) > 1:
            deviation = np.sqrt(2.0 / np.prod(shape[:-1]))
            values = np.random.default_rng([seed, number]).standard_normal(shape) * deviation
        else:
            values = np.ones(shape) if name.endswith(UNIT) else np.zeros(shape)
        arrays[name] = values.astype(np.float32)
    return arrays


if __name__ == "__main__":
    console.run("weights", main)
