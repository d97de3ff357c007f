"""Which images a model trains on, is chosen on, and is tested on."""

import pandas as pd

NO_FOLD = -1
PARTS = ("train", "validation", "test")


def parts_of_fold(split: pd.DataFrame, fold: int) -> dict[str, pd.DataFrame]:
    """The rows of split.csv by part: train, validation and test.

    Without folds (`fold` -1) as the column `split` says. With K folds, fold k is the test part of model k, fold
    (k + 1) mod K its validation part, and all others its training part.
    """
    if fold == NO_FOLD:
        return {part: split[split["split"] == part] for part in PARTS}
    following = (fold + 1) % (split["fold"].max() + 1)
    held_out = split["fold"].isin([fold, following])
    return {
        "train": split[~held_out],
        "validation": split[split["fold"] == following],
        "test": split[split["fold"] == fold],
    }
