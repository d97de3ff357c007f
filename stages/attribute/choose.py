"""Which images are explained."""

import hashlib
from pathlib import Path

import pandas as pd

from stages.common.errors import UserError


def choose(split: pd.DataFrame, splits: list[str], listed: str | None, most: int | None) -> pd.DataFrame:
    """The rows of split.csv to be explained, sorted by image_id.

    With `most`, each (split, label) gives in turn its next image by the SHA-256 of the image_id: a rule that knows
    nothing of the images, is even over classes, and keeps its choice when images are added elsewhere.

    Raises:
        UserError: the list names an image that is not in the split, or nothing is left.
    """
    chosen = split[split["split"].isin(splits)]
    if listed is not None:
        chosen = chosen[chosen["image_id"].isin(_listed(Path(listed), set(split["image_id"])))]
    if chosen.empty:
        raise UserError(f"`attribute.splits` {splits} and `attribute.images` leave no image to explain; change them")
    if most is not None and len(chosen) > most:
        ranked = chosen.assign(digest=[hashlib.sha256(name.encode()).hexdigest() for name in chosen["image_id"]])
        ranked = ranked.sort_values("digest")
        ranked["turn"] = ranked.groupby(["split", "label"]).cumcount()
        chosen = ranked.sort_values(["turn", "digest"]).head(most)[split.columns]
    return chosen.sort_values("image_id")


def _listed(path: Path, known: set[str]) -> set[str]:
    try:
        names = {line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"`attribute.images`: cannot read {path} as a text in UTF-8 ({error})") from error
    unknown = sorted(names - known)
    if unknown:
        raise UserError(f"`attribute.images`: {path} names {unknown[0]!r}, which is no image_id of data/split.csv")
    return names
