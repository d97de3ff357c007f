"""What training on a large features.h5 keeps in memory: `python -m benchmarks.train_memory` prints one JSON object.

A file of 100,000 made-up feature maps of 7x7x512 (float16, 5 GB) is read from disk, row by row in a seeded shuffle,
into the default head (flatten, dense 2048, two logits), which is standardised, trained for some steps, kept as a
checkpoint, validated and saved, as the stage does. Of the file only the rows that are asked for are written: the rest
is allocated, but takes no room on the disk. Memory is the process's largest resident set.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

from stages.common import files
from stages.common.files import significant
from stages.models import runtime, trained
from stages.models.feature_file import FeatureFile

SHAPE, CLASSES, LIMIT_GB = (7, 7, 512), ["normal", "abnormal"], 3.0


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=8, help="training steps of 64 images an epoch, of two epochs")
    parser.add_argument("--folder", default=None, help="where the file is made; null: the system's temporary folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        print(json.dumps(measure(Path(folder), arguments.images, arguments.steps)))


def measure(folder: Path, images: int, steps: int) -> dict[str, float]:
    """Largest resident memory in gigabytes (1e9 bytes), once TensorFlow is loaded and at the end; and the times."""
    from stages.models import compose
    from stages.models.backbones.settings import Architecture
    from stages.train import fit
    from stages.train.checkpoint import Checkpoint
    from stages.train.settings import Settings

    runtime.start()
    settings = Settings(epochs=2, patience=None)
    chosen = np.random.default_rng(0).permutation(images)[: steps * settings.batch_size + 64]
    path = _write(folder / "features.h5", images, chosen)
    before = _resident()
    design = compose.Design(
        backbone=Architecture(), cut="block5_pool", end="block5_pool", dtype="float16", head="fc", head_settings={},
        head_seed=0, standardize=True, outputs=2,
    )  # fmt: skip
    model = trained.Trained(design, CLASSES, CLASSES[1], "softmax", {}, {})
    labels = (np.arange(len(chosen)) % 2).astype(np.int32)
    checkpoint = Checkpoint(folder / "checkpoint.h5", lambda: "benchmark", seconds=0)
    began = time.perf_counter()
    with FeatureFile(path) as file:
        parts = [fit.Part(chosen[part], labels[part]) for part in (slice(64, None), slice(0, 64))]
        arrays, history = fit.fit(compose.compose(design), file, *parts, settings, model, checkpoint)
    seconds = time.perf_counter() - began
    (folder / "model").mkdir()
    trained.save(trained.Trained(design, CLASSES, CLASSES[1], "softmax", {}, arrays), folder / "model")
    peak = _resident()
    return {
        "images": images,
        "features_gb": significant(images * np.prod(SHAPE) * 2 / 1e9, 4),
        "file_gb": significant(path.stat().st_size / 1e9, 4),
        "steps": steps * len(history),
        "seconds": significant(seconds, 4),
        "checkpoint_gb": significant((folder / "checkpoint.h5").stat().st_size / 1e9, 4),
        "resident_before_gb": significant(before, 4),
        "resident_peak_gb": significant(peak, 4),
        "resident_limit_gb": LIMIT_GB,
        "within_limit": bool(peak < LIMIT_GB),
    }


def _write(path: Path, images: int, chosen: np.ndarray) -> Path:
    """A features.h5 of so many rows, with numbers in those chosen; the others hold what the system gives: zeros."""
    created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    created.set_chunk((1, *SHAPE))
    created.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    created.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    with h5py.File(path, "w") as file:
        file.create_dataset("image_id", data=files.strings(f"{number:06}" for number in range(images)))
        space = h5py.h5s.create_simple((images, *SHAPE))
        rows = h5py.Dataset(h5py.h5d.create(file.id, b"features", h5py.h5t.IEEE_F16LE, space, dcpl=created))
        for row in np.sort(chosen):
            rows[row] = np.random.default_rng(int(row)).random(SHAPE, np.float32)
    return path


def _resident() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
