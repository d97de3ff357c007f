"""What is scored: images, models, classes, and the settings of the scoring."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.common import bootstrap
from stages.common.errors import UserError
from stages.common.folds import NO_FOLD, PARTS
from stages.evaluate.parts import Part, gather
from stages.evaluate.scored import Scored
from stages.evaluate.settings import Settings

Predictor = Callable[[np.ndarray], np.ndarray]  # rows of split.csv (m,) -> probabilities (m, k)


@dataclass(frozen=True)
class Predictions:
    """What one classifier says: for each fold (-1 without folds) a predictor, and how it was chosen where it was."""

    predictors: dict[int, Predictor]
    choices: dict[str, str]
    refitted: bool = False
    """Whether what predicts test images was fitted on validation images too."""


@dataclass(frozen=True)
class Study:
    """The images, the models, and how they are scored.

    split: split.csv, in its order; truth: (n,) places in `classes`; positive: the finding's place.
    """

    split: pd.DataFrame
    models: list[Part]
    truth: np.ndarray
    classes: list[str]
    positive: int
    settings: Settings

    @property
    def blocks(self) -> list[str]:
        """Those of train, validation and test that have images."""
        return [name for name in PARTS if any(name in part.scored for part in self.models)]

    @property
    def has_folds(self) -> bool:
        """Each image is scored by the model that held it out."""
        return self.models[0].fold != NO_FOLD

    @property
    def headline(self) -> str:
        """The block to quote.

        Raises:
            UserError: there are neither test nor validation images.
        """
        for name in ("test", "validation"):
            if name in self.blocks:
                return name
        raise UserError("split.csv has neither test nor validation images; check the section `split` of params.yaml")

    def probabilities(self, block: str, predictions: Predictions) -> np.ndarray:
        """The probabilities (m, k) of a block's images."""
        return gather(self.models, block, lambda part, rows: predictions.predictors[part.fold](rows))

    def scored(self, block: str, predictions: Predictions) -> Scored:
        """A block's images with their predictions."""
        rows = gather(self.models, block, lambda _, rows: rows)
        groups = self.split["group_id"].to_numpy(str)[rows]
        return Scored(
            truth=self.truth[rows],
            probabilities=self.probabilities(block, predictions),
            groups=groups,
            positive=self.positive,
            drawn=bootstrap.resample(groups, self.settings.replicates, self.settings.seed),
            bins=self.settings.bins,
        )

    def model_of_each(self, block: str) -> np.ndarray:
        """The name of the model that scored each of a block's images."""
        return gather(self.models, block, lambda part, rows: np.full(len(rows), part.name))
