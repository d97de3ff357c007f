"""The images of each trained model: which it learned from, was chosen on and is scored on, as rows of split.csv."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.common.folds import NO_FOLD, parts_of_fold


@dataclass(frozen=True)
class Part:
    """One model (of a fold, or the only one) and its rows, each an array of positions in split.csv."""

    fold: int
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def name(self) -> str:
        """How calibration.json names the model."""
        return "model" if self.fold == NO_FOLD else f"fold-{self.fold}"

    @property
    def scored(self) -> dict[str, np.ndarray]:
        """The rows by the block of metrics/evaluate.json that they stand in; empty ones are left out.

        With folds every image is in the training part of most models, so there is no block of that name.
        """
        blocks = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: rows for name, rows in blocks.items() if len(rows) and (name != "train" or self.fold == NO_FOLD)}


def parts(split: pd.DataFrame) -> list[Part]:
    """The models of a split table, by fold."""
    split = split.reset_index(drop=True)
    return [
        Part(int(fold), **{name: rows.index.to_numpy() for name, rows in parts_of_fold(split, fold).items()})
        for fold in sorted(split["fold"].unique())
    ]


def gather(models: Sequence[Part], block: str, values: Callable[[Part, np.ndarray], np.ndarray]) -> np.ndarray:
    """`values(part, rows)` of every model's rows in a block, one after the other: the order of images in that block."""
    return np.concatenate([values(part, part.scored[block]) for part in models if block in part.scored])
