"""Small data sets with a known truth."""

import numpy as np
import pandas as pd

from stages.common import tables
from stages.evaluate.parts import parts
from stages.evaluate.settings import Settings
from stages.evaluate.study import Predictions, Study

CLASSES = ["normal", "abnormal"]


def predictions(n: int, k: int, seed: int = 0, levels: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """truth (n,) and probabilities (n, k) that know something of it; `levels` rounds them, so that there are ties."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, k, n)
    logits = random.normal(size=(n, k)) + 1.5 * np.eye(k)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    if levels:
        probabilities = np.floor(probabilities * levels) / levels
        probabilities[:, 0] = 1 - probabilities[:, 1:].sum(axis=1)
    return truth, probabilities


def split_table(n: int, kind: str = "grouped", k: int = 2, images_a_group: int = 2, seed: int = 0) -> pd.DataFrame:
    """A split.csv: half of the groups in training, a quarter each to choose and to test on; or five folds."""
    random = np.random.default_rng(seed)
    group = np.arange(n) // images_a_group
    groups = int(group[-1]) + 1
    side = np.resize(["train", "validation", "train", "test"], groups)[group]
    folds = kind == "kfold"
    table = pd.DataFrame(
        {
            "image_id": [f"image{number:05d}" for number in range(n)],
            "group_id": [f"patient{number:05d}" for number in group],
            "label": np.array(CLASSES if k == 2 else [f"class{place}" for place in range(k)])[random.integers(0, k, n)],
            "split": "test" if folds else side,
            "fold": group % 5 if folds else -1,
        }
    )
    return table.astype(tables.SPLIT_COLUMNS)


def study(split: pd.DataFrame, **settings: object) -> Study:
    """A study of the table; the last class is the positive one."""
    classes = CLASSES if set(split["label"]) <= set(CLASSES) else sorted(set(split["label"]))
    truth = split["label"].map({name: place for place, name in enumerate(classes)}).to_numpy(int)
    chosen = Settings(**{"replicates": 200, **settings})
    return Study(split, parts(split), truth, classes, len(classes) - 1, chosen)


def trained_models(of: Study, strength: float = 1.5, seed: int = 1) -> Predictions:
    """The same informed predictions from the model of each fold."""
    random = np.random.default_rng(seed)
    k = len(of.classes)
    logits = random.normal(size=(len(of.truth), k)) + strength * np.eye(k)[of.truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Predictions({part.fold: probabilities.__getitem__ for part in of.models}, {})
