"""lesionmap's maps against xplique's and shap's: `python -m benchmarks.oracles` prints one JSON object.

xplique runs in an environment of its own, which is made when it is not there (2 GB in the user's cache; `--python`
names another). Both explain the second logit of VGG16 with ImageNet's weights and a seeded head `fc` of 2048 tanh
units, on real images (LESIONMAP_REAL_DATA). xplique's copy is rebuilt from the same weights and is given preprocessed
images: a shift and a new order of the channels, which changes no gradient; black is a value for each channel. The
figures are of raw signed maps (n, 224, 224), neither scaled nor normalised: the smallest and the median correlation
over the images, and the largest difference as a share of a map's range. `as_it_comes` is the smallest correlation
without the matching below, which is what a reader of both would see. What is matched, as the definitions differ:

- integrated_gradients: the rule. Ours takes the midpoints of n steps, xplique the trapezoids between a number of
  points. The midpoints of n steps are twice the trapezoids of 2 n steps less those of n: two of its runs make ours.
  xplique's `reducer` is set from the mean of the channels to their sum, which is ours.
- gradcam, of the layers `block5_pool` (our default) and `block5_conv3` (xplique's): the ReLU and the way to the input
  grid. xplique rectifies the cells and resizes them bicubically, ours keeps the signed cells and is bilinear: compared
  are our cells, rectified and resized in its way. As it comes, it is the positive part of our map.
- guided_backprop: the `reducer`, as above.
- occlusion: xplique sums the falls of the windows over a pixel, ours takes their mean: ours times the number of
  windows. Window and step (56 and 28) fit the input exactly, as xplique leaves out a rim that its steps do not reach,
  and ours does not.
- deeplift and deepshap: shap's DeepExplainer on the plain network; black, and four of the images, as references. It
  comes last, as it rewrites TensorFlow's registry of gradients. Our deepshap is shap too, run in the stage's way, so
  that it is also compared with the mean of our own DeepLIFT over the references (`deepshap_from_deeplift`).
"""

import argparse
import json
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import networks, xplique_process
from benchmarks.networks import PIXELS, method
from benchmarks.xplique_environment import PINS, Xplique, python
from stages.attribute import references
from stages.attribute.methods import gradcam, occlusion
from stages.attribute.methods.base import Batch, Result, Subject
from stages.common.files import significant
from stages.models import runtime

if TYPE_CHECKING:
    import keras

    Explain = Callable[..., np.ndarray]  # xplique's, of a method and its settings -> (n, h, w)

GOAL = 0.999
WINDOW, STEP = 56, 28


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=16, help="of the methods that pass the model once or twice")
    parser.add_argument("--few", type=int, default=4, help="images of integrated gradients and occlusion")
    parser.add_argument("--shap", type=int, default=2, help="images of deeplift and deepshap")
    parser.add_argument("--steps", type=int, default=8, help="of integrated gradients")
    parser.add_argument("--python", type=Path, help="the interpreter of an environment with xplique")
    arguments = vars(parser.parse_args())
    interpreter = arguments.pop("python") or python()
    print(json.dumps(compare(interpreter, **arguments), indent=2))


def compare(interpreter: Path, images: int, few: int, shap: int, steps: int) -> dict:
    """How our maps agree with those of others, by method."""
    runtime.start()
    batch = networks.real_images(images)
    model = networks.subject("fc", training_images=batch.images)
    some, weights = _some(batch, few), networks.weights_of(model.parts)
    with tempfile.TemporaryDirectory() as folder, Xplique(interpreter, Path(folder)) as xplique:
        xplique.knows("fc", weights)
        logits = xplique.explain("fc", "logits", networks.preprocessed(batch.images), batch.weights).values
        found = {
            "integrated_gradients": of_integrated_gradients(model, some, _explain(xplique, some), steps),
            "gradcam": of_gradcam(model, batch, _explain(xplique, batch), "block5_pool"),
            "gradcam_conv3": of_gradcam(model, batch, _explain(xplique, batch), "block5_conv3"),
            "guided_backprop": of_guided_backprop(model, batch, _explain(xplique, batch)),
            "occlusion": of_occlusion(model, some, _explain(xplique, some)),
        }
    ours = runtime.compiled(model.parts.whole)(batch.images)
    plain = xplique_process.network("fc", PIXELS, weights)
    found |= of_shap(model, _some(batch, shap), plain)
    return {
        "goal": GOAL,
        "reached": all(each["correlation"] >= GOAL for each in found.values()),
        "methods": found,
        "largest_difference_of_logits": significant(np.abs(ours - logits).max(), 3),
        "xplique": PINS.read_text().splitlines()[0],
    }


def of_integrated_gradients(model: Subject, batch: Batch, explain: "Explain", steps: int) -> dict:
    """Midpoints against two runs of trapezoids."""
    ours = method(model, "integrated_gradients", steps=steps)(batch).maps
    run = partial(explain, "IntegratedGradients", batch_size=8, baseline_value=_black(), reducer="sum")
    coarse, fine = (run(steps=intervals + 1) for intervals in (steps, 2 * steps))
    return agreement(ours, 2 * fine - coarse, as_they_come=(ours, coarse))


def of_gradcam(model: Subject, batch: Batch, explain: "Explain", layer: str) -> dict:
    """Our cells rectified and resized bicubically, against xplique's maps."""
    import tensorflow as tf

    theirs = explain("GradCAM", conv_layer=layer, batch_size=32)
    cells = gradcam.compiled(model.parts.whole, layer, None, gradcam.mean_gradient)(batch.images, batch.weights)
    ours = tf.image.resize(np.maximum(cells, 0)[..., None], (PIXELS, PIXELS), method="bicubic")[..., 0].numpy()
    given = networks.kept(model, batch) if layer == networks.CUT else batch
    drawn = np.maximum(method(model, "gradcam", layer=layer)(given).maps, 0)
    return agreement(ours, theirs, as_they_come=(drawn, theirs))


def of_guided_backprop(model: Subject, batch: Batch, explain: "Explain") -> dict:
    """Both summed over the channels."""
    ours = method(model, "guided_backprop")(batch).maps
    return agreement(ours, explain("GuidedBackprop", batch_size=8, reducer="sum"))


def of_occlusion(model: Subject, batch: Batch, explain: "Explain") -> dict:
    """Both summed over the windows."""
    ours = method(model, "occlusion", window=WINDOW, step=STEP)(batch).maps
    theirs = explain("Occlusion", patch_size=WINDOW, patch_stride=STEP, occlusion_value=_black(), batch_size=32)
    counts = np.zeros((PIXELS, PIXELS), np.float32)
    for window in occlusion.windows_of((PIXELS, PIXELS), WINDOW, STEP):
        counts[window] += 1
    return agreement(ours * counts, theirs, as_they_come=(ours, theirs))


def of_shap(model: Subject, batch: Batch, plain: "keras.Model") -> dict[str, dict]:
    """DeepLIFT with a black reference and DeepSHAP with some images as references, against DeepExplainer."""
    import shap

    starts = references.some(model, 4)
    own = [method(_with(model, start), "deeplift", reference="mean")(batch).maps for start in starts]
    black = method(model, "deeplift", reference="black")(batch)
    several = method(model, "deepshap", references=len(starts))(batch)

    def theirs(references: np.ndarray) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the versions of TensorFlow that shap was written for
            explainer = shap.DeepExplainer(plain, networks.preprocessed(references))
            values = explainer.shap_values(networks.preprocessed(batch.images), check_additivity=False)
        return values[..., 1].sum(axis=-1)

    return {
        "deeplift": agreement(black.maps, theirs(np.zeros_like(batch.images[:1]))) | incompleteness(black),
        "deepshap": agreement(several.maps, theirs(starts)) | incompleteness(several),
        "deepshap_from_deeplift": agreement(several.maps, np.mean(own, axis=0)),
    }


def agreement(ours: np.ndarray, theirs: np.ndarray, as_they_come: tuple[np.ndarray, np.ndarray] | None = None) -> dict:
    """Correlations and differences of maps (n, h, w) of the same images, also without matched definitions."""
    found = _correlations(ours, theirs)
    apart = [np.abs(a - b).max() / np.ptp(b) for a, b in zip(ours, theirs, strict=True)]
    return {
        "correlation": significant(found.min(), 8),
        "median_correlation": significant(np.median(found), 8),
        "largest_difference": significant(max(apart), 3),
        "as_it_comes": significant(_correlations(*(as_they_come or (ours, theirs))).min(), 4),
        "images": len(ours),
    }


def incompleteness(result: Result) -> dict:
    """The largest distance of a map's sum from the difference of the logits, as a share of it."""
    return {"completeness_error": significant(np.abs(result.error / result.delta).max(), 3)}


def _correlations(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Pearson's, of each image's maps."""
    return np.array([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(ours, theirs, strict=True)])


def _explain(xplique: Xplique, batch: Batch) -> "Explain":
    """xplique's maps of a batch, by method and settings."""
    images = networks.preprocessed(batch.images)
    return lambda name, **settings: xplique.explain("fc", name, images, batch.weights, **settings).values


def _black() -> list[float]:
    """Black, preprocessed: a value for each channel."""
    return networks.preprocessed(np.zeros((1, 1, 1, 3), np.float32)).ravel().tolist()


def _some(batch: Batch, count: int) -> Batch:
    """Some images of a batch, evenly over it."""
    rows = np.linspace(0, len(batch.images) - 1, min(count, len(batch.images))).astype(int)
    return Batch(batch.images[rows], None, batch.weights[rows])


def _with(model: Subject, reference: np.ndarray) -> Subject:
    """The model, whose mean training image is `reference` (h, w, 3)."""
    return replace(model, training_images=lambda: [reference[None]])


if __name__ == "__main__":
    main()
