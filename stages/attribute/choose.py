"""Which images are explained."""

from collections.abc import Sequence

import pandas as pd

from stages.common import evenly
from stages.common.errors import UserError


def choose(split: pd.DataFrame, splits: list[str], listed: Sequence[str] | None, most: int | None) -> pd.DataFrame:
    """The rows of split.csv to be explained, sorted by image_id; with `most`, as many evenly over (split, label).

    Raises:
        UserError: the list names an image that is not in the split, or nothing is left.
    """
    chosen = split[split["split"].isin(splits)]
    if listed is not None:
        unknown = sorted(set(listed) - set(split["image_id"]))
        if unknown:
            raise UserError(f"`attribute.images` names {unknown[0]!r}, which is no image_id of data/split.csv")
        chosen = chosen[chosen["image_id"].isin(listed)]
    if chosen.empty:
        raise UserError(f"`attribute.splits` {splits} and `attribute.images` leave no image to explain; change them")
    if most is not None:
        strata = zip(chosen["split"], chosen["label"], strict=True)
        names = evenly.choose(dict(zip(chosen["image_id"], strata, strict=True)), most)
        chosen = chosen[chosen["image_id"].isin(names)]
    return chosen.sort_values("image_id")
