"""What a map costs: `python -m benchmarks.attribution` prints one JSON object.

VGG16 at 224 pixels with ImageNet's weights and a seeded head, `fc` of 2048 or `score_map`, in batches of 32
(`--images`). Every figure is a ratio taken in one run: a repeat runs what is compared one after the other, compiled
and warm, and the median over the repeats is told, by the clock and of processor time. On a busy machine the second is
the better one.

- From kept features, Grad-CAM and CAM are compared with xplique's Grad-CAM of the same layer, from preprocessed images,
  in its own environment (see `benchmarks.oracles`; `--python` names one). `times` is how many times faster a map is.
- DeepLIFT, with a black reference, is compared with shap's DeepExplainer on a plain network of the same weights, which
  explains one logit, as we do. It comes last: it rewrites TensorFlow's registry of gradients.
- Occlusion is compared with bare forward passes of full batches: `share_of_forward_rate` is its rate of covered images
  and of images as a share of theirs. With window and step of 112 an image takes five.
- `forward_passes_a_map` are times as multiples of that of one forward pass.
"""

import argparse
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import networks, xplique_process
from benchmarks.networks import CUT, PIXELS, kept, method, preprocessed
from benchmarks.xplique_environment import Xplique, python
from stages.attribute.methods import occlusion
from stages.attribute.methods.base import Batch, Subject
from stages.common.files import significant
from stages.models import runtime

Seconds = tuple[float, float]  # by the clock, and of processor time
Work = Callable[[], Seconds]

GOALS = {"gradcam_fc": 30, "gradcam_score_map": 100, "cam_score_map": 100, "deeplift": 1.5, "occlusion": 0.9}
MANY = 10  # calls of a method that takes milliseconds, to measure it
WINDOW = 112


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=32, help="images a batch")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--python", type=Path, help="the interpreter of an environment with xplique")
    arguments = vars(parser.parse_args())
    interpreter = arguments.pop("python") or python()
    print(json.dumps(measure(interpreter, **arguments), indent=2))


def measure(interpreter: Path, images: int, repeats: int) -> dict:
    """The figures by method; each is also told on stderr as soon as it is there."""
    runtime.start()
    batch, found = pictures(images), {}
    with tempfile.TemporaryDirectory() as folder, Xplique(interpreter, Path(folder)) as xplique:
        for head, names in {"fc": ["gradcam"], "score_map": ["gradcam", "cam"]}.items():
            model = networks.subject(head)
            xplique.knows(head, networks.weights_of(model.parts))
            other = partial(_xplique, xplique, head, batch)
            for name in names:
                found[f"{name}_{head}"] = _told(name, of_features(model, name, batch, other, repeats))
    model = networks.subject("fc")
    found["occlusion"] = _told("occlusion", of_occlusion(model, batch, repeats))
    found["deeplift"] = _told("deeplift", of_deeplift(model, batch, repeats))
    return {"batch": images, "repeats": repeats, "goals": GOALS, "found": found}


def of_features(model: Subject, name: str, batch: Batch, other: Work, repeats: int) -> dict:
    """A method on kept features, against another on images."""
    explain, features = method(model, name), kept(model, batch)
    ours, theirs = compared(lambda: timed(lambda: explain(features), MANY), other, repeats=repeats)
    return {
        **ratios("times", theirs, ours),
        "milliseconds_a_map": milliseconds(ours, len(batch.images)),
        "xplique_milliseconds_a_map": milliseconds(theirs, len(batch.images)),
    }


def of_occlusion(model: Subject, batch: Batch, repeats: int) -> dict:
    """Occlusion, against as many forward passes."""
    explain, forward = method(model, "occlusion", window=WINDOW, step=WINDOW), runtime.compiled(model.parts.whole)
    windows = len(occlusion.windows_of((PIXELS, PIXELS), WINDOW, WINDOW))
    bare, whole = compared(
        lambda: timed(lambda: [forward(batch.images) for _ in range(1 + windows)]),
        lambda: timed(lambda: explain(batch)),
        repeats=repeats,
    )
    return {**ratios("share_of_forward_rate", bare, whole), "windows": windows}


def of_deeplift(model: Subject, batch: Batch, repeats: int) -> dict:
    """DeepLIFT, against shap's DeepExplainer and a forward pass."""
    import shap

    forward = runtime.compiled(model.parts.whole)
    black, blurred = (method(model, "deeplift", reference=kind) for kind in ("black", "blurred"))
    plain, inputs = xplique_process.network("fc", PIXELS, networks.weights_of(model.parts)), preprocessed(batch.images)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the versions of TensorFlow that shap was written for
        explainer = shap.DeepExplainer(plain, preprocessed(np.zeros_like(batch.images[:1])))
        bare, shared, own, theirs = compared(
            lambda: timed(lambda: forward(batch.images)),
            lambda: timed(lambda: black(batch)),
            lambda: timed(lambda: blurred(batch)),
            lambda: timed(lambda: explainer.shap_values(inputs, ranked_outputs=1, check_additivity=False)),
            repeats=repeats,
        )
    return {
        **ratios("times", theirs, shared),
        **ratios("forward_passes_a_map", shared, bare),
        **ratios("blurred_forward_passes_a_map", own, bare),
        **ratios("shap_forward_passes_a_map", theirs, bare),
        "milliseconds_a_map": milliseconds(shared, len(batch.images)),
        "shap_milliseconds_a_map": milliseconds(theirs, len(batch.images)),
    }


def pictures(count: int) -> Batch:
    """Random images with structure at several scales, and the second class as their target."""
    from scipy import ndimage

    random = np.random.default_rng(0)
    images = np.zeros((count, PIXELS, PIXELS, 3), np.float32)
    for scale in (1, 4, 16, 64):
        noise = random.normal(size=images.shape)
        images += scale * ndimage.gaussian_filter(noise, (0, scale, scale, 0))
    images = np.clip(128 + 64 * images / images.std(), 0, 255).round()
    return Batch(images.astype(np.float32), None, networks.targets(count))


def compared(*works: Work, repeats: int) -> list[list[Seconds]]:
    """What each takes, warm, in turns."""
    for work in works:
        work()
    turns = [[work() for work in works] for _ in range(repeats)]
    return [list(each) for each in zip(*turns, strict=True)]


def timed(work: Callable[[], object], times: int = 1) -> Seconds:
    """What one call takes, in the mean over several."""
    begun = time.perf_counter(), time.process_time()
    for _ in range(times):
        work()
    return (time.perf_counter() - begun[0]) / times, (time.process_time() - begun[1]) / times


def ratios(name: str, above: list[Seconds], below: list[Seconds]) -> dict:
    """The median over the turns of what is above by what is below: by the clock, and of processor time."""
    clock, processor = np.median(np.divide(above, below), axis=0)
    return {name: significant(clock, 3), f"{name}_of_processor": significant(processor, 3)}


def milliseconds(seconds: list[Seconds], images: int) -> float:
    """The median by the clock, an image."""
    return significant(1000 * median(clock for clock, _ in seconds) / images, 3)


def _xplique(xplique: Xplique, head: str, batch: Batch) -> Seconds:
    """Its Grad-CAM of the layer that ours explains."""
    settings = {"conv_layer": CUT, "batch_size": len(batch.images)}
    answer = xplique.explain(head, "GradCAM", preprocessed(batch.images), batch.weights, **settings)
    return answer.seconds, answer.processor_seconds


def _told(name: str, figures: dict) -> dict:
    print(name, json.dumps(figures), file=sys.stderr, flush=True)
    return figures


if __name__ == "__main__":
    main()
