"""Runs one model on changed images."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.attribute.changed import Forward
from stages.attribute.methods.base import Subject
from stages.evaluate.baselines import logistic
from stages.models import trained
from stages.shortcuts import pictures
from stages.shortcuts.chosen import Chosen
from stages.shortcuts.source import Source

INTACT, HIDDEN, ELSEWHERE, BORDER, PIXELS = "intact", "hidden", "elsewhere", "border", "border_pixels"


@dataclass(frozen=True)
class Changed:
    """The chosen images with something hidden. mean: the mean training image (h, w, 3)."""

    source: Source
    chosen: Chosen
    mean: np.ndarray

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of the pictures of each image, in their order."""
        return (INTACT, BORDER, HIDDEN, ELSEWHERE) if self.chosen.lender else (INTACT, BORDER)

    def pictures(self) -> Iterator[np.ndarray]:
        """All pictures (h, w, 3), float32, of the first image, then of the second and so on."""
        for image_id, image in self._images():
            for picture in self._changed(image_id, image):
                yield self.source.normalized(image_id, picture)

    def _changed(self, image_id: str, image: np.ndarray) -> Iterator[np.ndarray]:
        """The pictures of one image, of each of `kinds`."""
        hidden = self._hidden(image_id)
        yield image
        yield self._border(image_id, image, hidden)
        if self.chosen.lender:
            lent = self.source.covered(image_id, self.chosen.lender[image_id])
            elsewhere = lent & ~hidden if image_id in self.source.regions else lent
            yield pictures.filled(image, hidden, self._seen(image_id), self.mean)
            yield pictures.filled(image, elsewhere, self._seen(image_id), self.mean)

    def border_cells(self) -> np.ndarray:
        """The border of each image as numbers (n, f)."""
        share = self.source.settings.border
        found = ((each, self._border(each, image, self._hidden(each))) for each, image in self._images())
        return np.stack([pictures.border_cells(picture, self._seen(image_id), share) for image_id, picture in found])

    def _images(self) -> Iterator[tuple[str, np.ndarray]]:
        return self.source.decoded(list(self.chosen.rows["image_id"]))

    def _seen(self, image_id: str) -> np.ndarray:
        return self.source.placement(image_id).shown()

    def _border(self, image_id: str, image: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        seen = self._seen(image_id)
        kept = pictures.border(seen, self.source.settings.border) & ~hidden
        return pictures.alone(image, kept, seen, self.mean)

    def _hidden(self, image_id: str) -> np.ndarray:
        """The pixels (h, w) of an image's own regions, or of the lent ones; none where none can be lent."""
        if not self.chosen.lender:
            return np.zeros(self.source.view.size, bool)
        owner = image_id if image_id in self.source.regions else self.chosen.lender[image_id]
        return self.source.covered(image_id, owner)


def answers(
    own: Subject, source: Source, training: Chosen, choosing: Chosen | None, held_out: Mapping[str, Chosen]
) -> dict[str, pd.DataFrame]:
    """What a model says of its chosen test and validation images.

    Args:
        own: the model.
        source: of the pictures.
        training: images of the model's training part.
        choosing: of its validation part, by which the logistic regression's penalty is chosen.
        held_out: by part.

    Returns:
        By part, a row an image (`group_id`, `positive`), and the probability of the positive class on each kind of
        picture, and of the logistic regression, in columns of these names.
    """
    mean = source.mean(list(training.rows["image_id"]))
    parts = {name: Changed(source, each, mean) for name, each in {**held_out, "train": training}.items()}
    cells = {name: each.border_cells() for name, each in parts.items()}
    truth = {name: _truth(each.chosen.rows, own) for name, each in parts.items()}
    chooses = (cells["train"][:0], truth["train"][:0])
    if choosing is not None:
        chooses = Changed(source, choosing, mean).border_cells(), _truth(choosing.rows, own)
    predict, _ = logistic(cells["train"], truth["train"], *chooses, 2)
    return {
        name: pd.DataFrame(
            {
                "group_id": each.rows["group_id"].to_numpy(),
                "positive": truth[name] == 1,
                **_probabilities(own, parts[name]),
                PIXELS: predict(cells[name])[:, 1],
            }
        )
        for name, each in held_out.items()
    }


def _truth(rows: pd.DataFrame, own: Subject) -> np.ndarray:
    """1 for images of the positive class, else 0, (n,)."""
    return (rows["label"] == own.model.positive_class).to_numpy(int)


def _probabilities(own: Subject, changed: Changed) -> dict[str, np.ndarray]:
    """The probability of the positive class (n,) on each kind of picture."""
    found = trained.probabilities(Forward(own)(changed.pictures()), own.model)
    positive = found[:, own.model.classes.index(own.model.positive_class)]
    return dict(zip(changed.kinds, positive.reshape(-1, len(changed.kinds)).T, strict=True))
