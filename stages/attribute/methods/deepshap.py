"""DeepSHAP (Lundberg and Lee 2017, arXiv:1705.07874): DeepLIFT's contributions in the mean over several references.

It is shap's DeepExplainer, in a process of its own. With one reference it is what `deeplift` gives, more slowly.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from stages.attribute import references
from stages.attribute.gradients import values
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject, of_images
from stages.attribute.methods.base import needs_images as needs  # noqa: F401 -- the methods' interface
from stages.common import files
from stages.common.errors import UserError

if TYPE_CHECKING:
    from stages.common.params import Params

DESCRIPTION = "shap's DeepExplainer with several training images as references, summed over the colour channels"
EXPLAINS = (
    "vgg16, vgg19, patch_cnn and small_cnn without `backbone.output_stride` and tiles, with "
    "`head.kind: fc`, score_map with `pooling: mean`, or gem with `p: 1`"
)
UNIT = "logit"
PROCESS = "stages.attribute.deepshap_process"
BACKBONES = ("patch_cnn", "small_cnn", "vgg16", "vgg19")
LAST_LINES = 300  # characters of a failed process's last words


class Settings(MapSettings):
    """The keys of a map with `method: deepshap`."""

    method: Literal["deepshap"]
    references: Annotated[int, Field(ge=1)] = 4
    """Training images that the image is compared with, evenly spaced in the order of their image_ids."""


def problems(settings: Settings, params: "Params") -> list[str]:  # noqa: ARG001 -- the methods' interface
    """What does not fit, in words."""
    head, found = params.head, []
    if params.backbone.name not in BACKBONES or params.backbone.output_stride is not None:
        found.append(f"deepshap explains {', '.join(BACKBONES)} without `backbone.output_stride`; take deeplift")
    pooled = {"score_map": head.score_map.pooling != "mean", "gem": head.gem.p != 1}
    if head.kind == "attention" or pooled.get(head.kind, False):
        found.append(
            "deepshap explains `head.kind: fc`, score_map with `pooling: mean`, and gem with `p: 1`; take gradcam"
        )
    if params.image.tiles.size is not None:
        found.append("deepshap does not explain `image.tiles`; take gradcam")
    return found


def explainer(subject: Subject, settings: Settings) -> Callable[[Batch], Result]:
    """A function from a batch of images to maps, their deltas and their errors of completeness."""
    value = values(partial(subject.parts.whole, training=False))
    starts = references.some(subject, settings.references)

    def explain(images: np.ndarray, weights: np.ndarray) -> Result:
        maps = _in_own_process(subject, images, starts, weights).sum(axis=-1, dtype=np.float64)
        at_starts = [value(starts, np.tile(weight, (len(starts), 1))).mean() for weight in weights]
        delta = value(images, weights) - np.array(at_starts)
        return Result(maps.astype(np.float32), delta, maps.sum(axis=(1, 2)) - delta)

    return of_images(explain)


def _in_own_process(subject: Subject, images: np.ndarray, starts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    from stages.models import front

    arrays = {name: np.array(value) for name, value in front.named_weights(subject.parts.whole).items()}
    with tempfile.TemporaryDirectory(prefix="lesionmap-") as name:
        folder = Path(name)
        files.write_json(folder / "design.json", subject.model.design.model_dump())
        files.write_arrays(folder / "weights.h5", arrays, {})
        files.write_arrays(folder / "given.h5", {"images": images, "references": starts, "weights": weights}, {})
        command = [sys.executable, "-m", PROCESS, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(
                f"deepshap: shap's DeepExplainer failed: {done.stderr.strip()[-LAST_LINES:]}; take deeplift"
            )
        return files.read_arrays(folder / "answer.h5")["contributions"]
