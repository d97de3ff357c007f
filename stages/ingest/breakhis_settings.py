"""The keys of `ingest.breakhis` in params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from stages.common.schema import Section


class Settings(Section):
    """Which images of BreakHis are taken, and as what."""

    magnification: Literal[40, 100, 200, 400] | None = 200
    """Magnification of the images to take; null: all four."""

    fold: Annotated[int, Field(ge=1)] = 1
    """Which of the published folds prescribes the parts, where the tree or Folds.csv has several."""

    label: Literal["class", "subtype"] = "class"
    """class: benign or malignant; subtype: one of the eight, such as adenosis or ductal_carcinoma."""

    group: Literal["patient", "slide"] = "patient"
    """patient: slides whose numbers differ only in their letters, as 22549AB and 22549CD, belong together; slide: each
    is a patient of its own, as its authors count 82 and as the published folds are made."""
