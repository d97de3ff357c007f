"""Images a second of extraction against the bare forward pass: `python -m benchmarks.extract` prints one JSON object.

Extraction is all that the stage does with an image that its store lacks: read and decode a made-up grey PNG of
1024 x 1024, prefetch, forward pass, narrow, keep. Bare is the same network on as many batches of that shape in memory.
Both run in turns in one process; the headline is the median of the turns' ratios. The same ratio of processor time
says what the machine would give if nobody else used it.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.clock import seconds
from stages.common.files import significant
from stages.extract import features
from stages.extract.decode import decode
from stages.extract.store import Store
from stages.models import runtime
from stages.models.backbones.settings import Architecture
from stages.models.image import ImageSettings

CUT = "block5_pool"
SIDE = 1024  # of the made-up images


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=3, help="of each turn; several, as the first waits for decoding")
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    runtime.start()
    from stages.models import front

    view = ImageSettings()
    model = front.build(Architecture(), CUT, view)
    count = arguments.batches * view.batch_size
    with tempfile.TemporaryDirectory() as folder:
        paths = pictures(Path(folder) / "images", count)
        batch = np.stack([decode(path, view) for path in paths[: view.batch_size]])
        function = runtime.compiled(model)
        warm = batch.astype(np.float32)
        function(warm)
        turns = []
        for number in range(arguments.turns):
            bare = seconds(lambda: [function(warm) for _ in range(arguments.batches)])
            whole = seconds(lambda name=str(number): extract(model, paths, view, Path(folder) / name))
            turns.append((bare, whole))
    print(
        json.dumps(
            {
                "ratio": significant(statistics.median(bare[0] / whole[0] for bare, whole in turns), 3),
                "ratio_goal": 0.85,
                "ratios": [significant(bare[0] / whole[0], 3) for bare, whole in turns],
                "processor_ratio": significant(statistics.median(bare[1] / whole[1] for bare, whole in turns), 3),
                "images_per_second": significant(statistics.median(count / whole[0] for _, whole in turns), 3),
                "forward_images_per_second": significant(statistics.median(count / bare[0] for bare, _ in turns), 3),
                "images": count,
                "batch": view.batch_size,
            }
        )
    )


def pictures(folder: Path, count: int) -> list[Path]:
    """Grey PNG files with the grain of a radiograph, which sets what decoding costs."""
    folder.mkdir()
    paths = []
    for number in range(count):
        random = np.random.default_rng(number)
        coarse = Image.fromarray(random.integers(40, 215, (32, 32), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(8)))
        grain = random.normal(0, 4, (SIDE, SIDE))
        paths.append(folder / f"{number:05}.png")
        Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8)).save(paths[-1], compress_level=6)
    return paths


def extract(model: object, paths: list[Path], view: ImageSettings, folder: Path) -> None:
    """Compute and keep the features of image files, as the stage does."""
    with Store(folder, {"benchmark": "extract"}, "float16") as store:
        chunks = features.compute(lambda: model, paths, view, "float16")
        for place, chunk in chunks:
            store.put({path.name: values for path, values in zip(paths[place], chunk, strict=True)})


if __name__ == "__main__":
    main()
