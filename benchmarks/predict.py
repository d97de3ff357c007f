"""Images a second of prediction against those of extraction: `python -m benchmarks.predict` prints one JSON object.

Prediction is all that `stages.predict` does from files to the table: read, check, store, bring to the input grid,
backbone, cut, head, calibration, distance. Extraction is what the pipeline does with images that are checked and stored
already. Both run in turns in one process, on made-up grey PNGs of 1024 x 1024 and VGG16 with the head `fc` of 2048; the
headline is the median of the turns' ratios, and the same of processor time says what the machine would give if nobody
else used it. Start-up (reading and building the model, once a run) and what maps, pictures and the gallery cost beside
are told apart.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.clock import seconds
from benchmarks.extract import pictures
from stages.common import files, params
from stages.common.files import significant
from stages.extract import features
from stages.models import runtime, trained
from stages.models.compose import design_of
from stages.predict import inputs, run, scores, take
from stages.predict.bundle import open_bundle

PARAMS = Path(__file__).parents[1] / "recipes/openi.yaml"


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    runtime.start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = pictures(folder / "images", arguments.images)
        model_of(folder / "data")
        bundle = open_bundle(folder / "data")
        start = seconds(lambda: next(bundle.models()))
        _, _, parts = next(bundle.models())
        found, _ = inputs.find([folder / "images"])
        design = bundle.design
        turns = []
        for number in range(arguments.turns):
            (folder / f"work-{number}").mkdir()
            extraction = seconds(lambda: list(features.compute(lambda: parts.front, paths, design, design.dtype)))
            prediction = seconds(lambda work=folder / f"work-{number}": predict(bundle, found, parts, work))
            turns.append((extraction, prediction))
        whole = seconds(lambda: run.write([folder / "images"], folder / "data", None, ["gradcam"], folder / "out"))
    print(
        json.dumps(
            {
                "ratio": significant(statistics.median(old[0] / new[0] for old, new in turns), 3),
                "ratio_goal": 0.9,
                "ratios": [significant(old[0] / new[0], 3) for old, new in turns],
                "processor_ratio": significant(statistics.median(old[1] / new[1] for old, new in turns), 3),
                "images_per_second": significant(statistics.median(arguments.images / new[0] for _, new in turns), 3),
                "extraction_images_per_second": significant(
                    statistics.median(arguments.images / old[0] for old, _ in turns), 3
                ),
                "start_seconds": significant(start[0], 3),
                "with_maps_and_gallery_seconds": significant(whole[0], 3),
                "images": arguments.images,
            }
        )
    )


def predict(bundle: run.Bundle, found: list[inputs.Input], parts: object, work: Path) -> None:
    """From files to the table."""
    taken = take.take(found, bundle.design, parts, work)
    scores.table(scores.score(bundle, taken), taken, bundle)


def model_of(folder: Path) -> None:
    """A model as the pipeline leaves it, with random weights: the work is the same."""
    from stages.models import compose, front

    settings = params.load(PARAMS)
    design = design_of(settings)
    parts = compose.compose(design)
    arrays = {name: np.asarray(value) for name, value in front.named_weights(parts.front).items()}
    files.write_arrays(folder / f"weights/{design.backbone.name}.h5", arrays, {})
    files.write_json(folder / "weights/provenance.json", {"digest": "random"})
    own = {name: np.asarray(value) for name, value in front.named_weights(parts.tail).items()}
    about = {"features": {"weights_digest": "random"}}
    (folder / "model").mkdir()
    classes, positive = settings.ingest.classes, settings.ingest.positive_class
    trained.save(trained.Trained(design, classes, positive, settings.train.loss, about, own), folder / "model")
    channels = parts.front.output_shape[-1]
    entry = {
        "fitted_for": trained.identity(folder / "model"),
        "temperature": {"value": 1.5},
        "operating_threshold": {"value": 0.5},
        "features": {"mean": [0.0] * channels, "scale": [1.0] * channels, "distance": {"percentile_99": 2.0}},
    }
    described = {"classes": classes, "positive_class": positive, "models": {"model": entry}}
    files.write_json(folder / "calibration.json", described)


if __name__ == "__main__":
    main()
