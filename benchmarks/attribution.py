"""What a map costs, in forward passes: `python -m benchmarks.attribution` prints one JSON object.

The model is VGG16 at 224 pixels, flatten, dense 2048 tanh, two logits; with ImageNet's weights where `data/weights` has
them, else random ones. Each repeat times a forward pass of the same batch and then the method, compiled and warm;
figures are medians over the repeats. DeepLIFT and Grad-CAM run as the stage runs them, shap's DeepExplainer and xplique
(where installed) on a plain Keras model of the same weights, behind the preprocessing. shap explains one logit, as we
do, and comes last: it rewrites TensorFlow's registry of gradients.
"""

import argparse
import importlib.util
import json
import os
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from stages.attribute.methods import METHODS
from stages.attribute.methods.base import Batch, Subject
from stages.common import files, paths
from stages.common.files import significant
from stages.models import runtime

if TYPE_CHECKING:
    import keras

    from stages.models.compose import Design, Parts

PIXELS, WIDTH, CLASSES = 224, 2048, ("normal", "abnormal")


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=8, help="images a batch of the methods that pass the whole model")
    parser.add_argument("--cached", type=int, default=32, help="images a batch of the methods on cached features")
    parser.add_argument("--repeats", type=int, default=5)
    print(json.dumps(measure(**vars(parser.parse_args())), indent=2))


def measure(images: int, cached: int, repeats: int) -> dict:
    """The figures: forward passes and milliseconds a map by method, completeness, and the agreement with shap."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    runtime.start()
    plain, weights = plain_model()
    design, parts = composed(plain)
    subject = Subject(SimpleNamespace(design=design, classes=list(CLASSES)), parts, training_images=tuple)
    batch, many = pictures(images), pictures(cached)
    forward = runtime.compiled(parts.whole)
    preprocessed, reference = preprocess(batch.images), preprocess(np.zeros_like(batch.images[:1]))

    def timed(run: Callable[[], object], size: int) -> dict:
        return cost(run, lambda: forward((batch if size == images else many).images), size, repeats)

    deeplift = {kind: method(subject, "deeplift", reference=kind) for kind in ("black", "blurred")}
    gradcam, kept = method(subject, "gradcam"), features(parts, many)
    result = {
        "weights": weights,
        "deeplift_shared_reference": timed(lambda: deeplift["black"](batch), images),
        "deeplift_blurred_reference": timed(lambda: deeplift["blurred"](batch), images),
        "gradcam_from_features": timed(lambda: gradcam(kept), cached),
    }
    if importlib.util.find_spec("xplique"):
        explain = xplique_gradcam(plain, cached)
        inputs = preprocess(many.images)
        result["xplique_gradcam"] = timed(lambda: explain(inputs, many.weights), cached)
    found = deeplift["black"](batch)
    result["deeplift_completeness_error"] = incompleteness(found.maps, found.delta)
    if importlib.util.find_spec("shap"):
        explain = shap_deep_explainer(plain, reference)
        result["shap_deep_explainer"] = timed(lambda: explain(preprocessed, ranked_outputs=1), images)
        theirs = explain(preprocessed[:2])[..., 1].sum(axis=-1)
        result["deeplift_difference_from_shap"] = difference(found.maps[:2], theirs)
    return result


def plain_model() -> tuple["keras.Model", str]:
    """The model on preprocessed images, and where the weights of its convolutions are from."""
    from tests.attribute.oracle_deepshap import vgg16

    model = vgg16(PIXELS, WIDTH)
    file = paths.WEIGHTS / "vgg16.h5"
    if not file.exists():
        return model, "random"
    arrays = files.read_arrays(file)
    for layer in model.layers:
        if f"{layer.name}/kernel" in arrays:
            layer.set_weights([arrays[f"{layer.name}/kernel"], arrays[f"{layer.name}/bias"]])
    return model, files.read_json(paths.WEIGHTS / "provenance.json")["origin"]


def composed(plain: "keras.Model") -> tuple["Design", "Parts"]:
    """The pipeline's model with the weights of the plain one; float32 at the cut, as there."""
    from stages.models.backbones.settings import Architecture
    from stages.models.compose import Design, compose

    design = Design(
        backbone=Architecture(name="vgg16"),
        cut="block5_pool",
        end="block5_pool",
        height=PIXELS,
        width=PIXELS,
        fit="stretch",
        dtype="float32",
        head="fc",
        head_settings={"width": WIDTH},
        head_seed=0,
        standardize=False,
        outputs=len(CLASSES),
    )
    parts = compose(design)
    source = [layer for layer in plain.layers if layer.weights]
    target = [layer for layer in parts.whole.layers if layer.weights and "dropout" not in layer.name]
    for ours, theirs in zip(target, source, strict=True):
        ours.set_weights(theirs.get_weights())
    return design, parts


def pictures(count: int) -> Batch:
    """Random images with structure at several scales, and the second class as their target."""
    random = np.random.default_rng(0)
    images = np.zeros((count, PIXELS, PIXELS, 3), np.float32)
    for scale in (1, 4, 16, 64):
        noise = random.normal(size=images.shape)
        images += scale * ndimage.gaussian_filter(noise, (0, scale, scale, 0))
    images = np.clip(128 + 64 * images / images.std(), 0, 255).round()
    return Batch(images.astype(np.float32), None, np.tile(np.float32([0, 1]), (count, 1)))


def preprocess(images: np.ndarray) -> np.ndarray:
    """What the composed model does to its images, for the plain one."""
    from stages.models.layers import CaffePreprocessing

    return CaffePreprocessing()(images).numpy()


def features(parts: "Parts", batch: Batch) -> Batch:
    """The batch as `extract` would have kept it."""
    return Batch(None, runtime.compiled(parts.front)(batch.images), batch.weights)


def method(subject: Subject, name: str, **settings: object) -> Callable[[Batch], object]:
    """A method of the stage `attribute`, ready to run."""
    module = METHODS[name]
    return module.explainer(subject, module.Settings(method=name, **settings))


def xplique_gradcam(model: "keras.Model", size: int) -> Callable:
    """xplique's Grad-CAM of the last convolution."""
    from xplique.attributions import GradCAM

    return GradCAM(model, batch_size=size, conv_layer="block5_conv3")


def shap_deep_explainer(model: "keras.Model", reference: np.ndarray) -> Callable:
    """shap's DeepExplainer with one reference (1, h, w, 3), without the check that takes another forward pass."""
    import shap

    return partial(shap.DeepExplainer(model, reference).shap_values, check_additivity=False)


def cost(run: Callable[[], object], forward: Callable[[], object], size: int, repeats: int) -> dict:
    """Forward passes and milliseconds a map of a method that explains `size` images at once."""
    run()
    forward()
    pairs = [(seconds(forward), seconds(run)) for _ in range(repeats)]
    return {
        "batch": size,
        "forward_passes_a_map": significant(median(method / forward for forward, method in pairs), 4),
        "milliseconds_a_map": significant(1000 * median(method for _, method in pairs) / size, 4),
        "forward_milliseconds_an_image": significant(1000 * median(forward for forward, _ in pairs) / size, 4),
    }


def seconds(run: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def incompleteness(maps: np.ndarray, delta: np.ndarray) -> dict:
    """The largest error of a map's sum, as a fraction of |delta| and of the sum of |map|."""
    maps = maps.astype(np.float64)
    error = np.abs(maps.sum(axis=(1, 2)) - delta)
    return {
        "of_delta": significant((error / np.abs(delta)).max(), 3),
        "of_map": significant((error / np.abs(maps).sum(axis=(1, 2))).max(), 3),
    }


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference of two sets of maps (n, h, w), as a fraction of each map's range."""
    return significant(max(np.abs(a - b).max() / np.ptp(b) for a, b in zip(ours, theirs, strict=True)), 3)


if __name__ == "__main__":
    main()
