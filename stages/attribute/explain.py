"""Runs a method over images: targets, padded batches, and what became of each map."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from stages.attribute.methods import METHODS
from stages.attribute.methods.base import Batch, MapSettings, Result, Subject
from stages.models import runtime
from stages.models.trained import Trained

COMPLETE = (1e-3, 1e-5)  # a map is complete within this share of |delta|, or this share of the sum of |map|


@dataclass(frozen=True)
class Explained:
    """One image's map (h, w), float32, raw; the class explained; ok, or why the map is empty."""

    values: np.ndarray
    target: str
    status: str
    delta: float | None
    error: float | None

    @property
    def complete(self) -> bool:
        """Whether the map's sum meets delta, within the tolerance that the method promises."""
        share_of_delta, share_of_map = COMPLETE
        return abs(self.error) <= max(share_of_delta * abs(self.delta), share_of_map * float(np.abs(self.values).sum()))


def explain(
    subject: Subject,
    settings: MapSettings,
    chunks: Iterable[np.ndarray],
    kind: str,
    size: int,
    logits: np.ndarray,
    labels: list[str],
) -> Iterator[Explained]:
    """Explain images one by one.

    Args:
        chunks: images or features, as `kind` says, in batches of at most `size`.
        logits: (n, classes), for the predicted class.
        labels: the true classes, for `target: true`.
    """
    classes = target_classes(settings.target, subject.model, logits, labels)
    weights = logit_weights(classes, settings.contrast, subject.model)
    function = explainer(subject, settings)
    done = 0
    for chunk in chunks:
        padded = runtime.pad(chunk, size).astype(np.float32)
        padded_weights = runtime.pad(weights[done : done + len(chunk)], size)
        images, features = (padded, None) if kind == "images" else (None, padded)
        result = function(Batch(images, features, padded_weights))
        for row in range(len(chunk)):
            yield Explained(
                values=result.maps[row],
                target=classes[done + row],
                status=status(result.maps[row], settings.part),
                delta=None if result.delta is None else float(result.delta[row]),
                error=None if result.error is None else float(result.error[row]),
            )
        done += len(chunk)


def explainer(subject: Subject, settings: MapSettings) -> Callable[[Batch], Result]:
    """The method's function from a batch to maps, which are smoothed as the settings say.

    The Gaussian is mirrored at the rim of the map and keeps its sum.
    """
    explained = METHODS[settings.method].explainer(subject, settings)
    if not settings.smooth:
        return explained

    def smoothed(batch: Batch) -> Result:
        result = explained(batch)
        sigma = settings.smooth * min(result.maps.shape[1:])
        maps = ndimage.gaussian_filter(result.maps, sigma, mode="reflect", axes=(1, 2))
        return replace(result, maps=maps)

    return smoothed


def target_classes(target: str, model: Trained, logits: np.ndarray, labels: list[str]) -> list[str]:
    """The class that is explained on each image."""
    if target == "predicted":
        return [model.classes[number] for number in logits.argmax(axis=1)]
    if target == "true":
        return labels
    return [model.positive_class if target == "positive" else target.removeprefix("class:")] * len(labels)


def logit_weights(classes: list[str], contrast: str | None, model: Trained) -> np.ndarray:
    """How much of each logit is explained: (n, outputs), float32; 1 for the target, -1 for the contrast.

    With a single logit (sigmoid) the positive class is its value, and the other class its negative.
    """
    weights = np.zeros((len(classes), len(model.classes)), np.float32)
    weights[np.arange(len(classes)), [model.classes.index(name) for name in classes]] = 1
    if contrast is not None:
        weights[:, model.classes.index(contrast.removeprefix("class:"))] -= 1
    if model.design.outputs == len(model.classes):
        return weights
    positive = model.classes.index(model.positive_class)
    single = weights[:, [positive]] - weights[:, [1 - positive]]
    return np.sign(single)


def status(values: np.ndarray, part: str) -> str:
    """ok, or why nothing can be measured on the map."""
    if not np.isfinite(values).all():
        return "not_finite"
    if values.min() == values.max():
        return "constant"
    return "all_negative" if part == "positive" and values.max() <= 0 else "ok"


def summary(notes: list[Explained]) -> str:
    """What became of the maps, in one line."""
    counts = Counter(note.status for note in notes)
    text = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    if notes and notes[0].error is not None:
        complete = sum(note.complete for note in notes)
        text += f"; the sum meets the logit's difference in {complete} of {len(notes)}"
    return text
