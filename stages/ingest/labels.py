"""From the source's labels to the classes."""

import difflib

import pandas as pd

from stages.common.errors import UserError
from stages.ingest.listing import Rejection
from stages.ingest.settings import Settings


def apply_classes(images: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, list[Rejection]]:
    """The images (LISTING_COLUMNS and `class`) whose label is or leads to a class, and those left out on purpose.

    Raises:
        UserError: a label is neither in ingest.classes nor in ingest.class_map.
    """
    leads_to = {name: name for name in settings.classes} | settings.class_map
    unknown = images.loc[~images["label"].isin(list(leads_to)), "label"]
    if len(unknown):
        raise UserError(_unknown(unknown.value_counts(sort=False), settings.classes))
    is_dropped = images["label"].map(lambda label: leads_to[label] is None).astype(bool)
    dropped = images[is_dropped]
    rejected = [
        Rejection(path, "excluded", f"ingest.class_map drops the label {label}")
        for path, label in zip(dropped["source_path"], dropped["label"], strict=True)
    ]
    kept = images[~is_dropped]
    return kept.assign(**{"class": kept["label"].map(leads_to)}), rejected


def refuse_empty_classes(images: pd.DataFrame, classes: list[str]) -> None:
    """Every class needs an image (a row of `images`, by its column label)."""
    count = images["label"].value_counts()
    empty = [name for name in classes if name not in count]
    if empty:
        found = ", ".join(f"{name} ({count[name]} images)" for name in classes if name in count) or "none"
        raise UserError(
            f"there is no image of class {', '.join(empty)}; found: {found}. Add images, or mend ingest.classes or "
            "ingest.class_map"
        )


def _unknown(count: pd.Series, classes: list[str]) -> str:
    labels = ", ".join(f"{name!r} ({n} images)" for name, n in sorted(count.items()))
    first = min(count.index)
    near = difflib.get_close_matches(first, classes, n=1)
    hint = f" (near: {near[0]!r})" if near else ""
    to = near[0] if near else classes[0]
    return (
        f"label(s) {labels} are not in ingest.classes ({', '.join(classes)}){hint}: name them there, or in "
        f"ingest.class_map, such as {{{first}: {to}}}, or {{{first}: null}} to leave these images out"
    )
