"""Section `evaluate` of params.yaml."""

from typing import Literal

from pydantic import Field

from stages.common.schema import Section

Baseline = Literal["majority", "features", "image_statistics"]


class Settings(Section):
    """How the classifier is scored."""

    replicates: int = Field(default=2000, ge=200)
    """Bootstrap replicates over whole groups behind every interval."""

    seed: int = Field(default=0, ge=0)
    """Seed of the bootstrap."""

    bins: int = Field(default=10, ge=2, le=100)
    """Equally wide bins of probability in the reliability curve and the expected calibration error (ECE)."""

    operating_point: Literal["youden", "sensitivity"] = "youden"
    """How the threshold on the positive class's probability is chosen on validation images: `youden` takes the
    greatest sensitivity + specificity, `sensitivity` the highest threshold that reaches `evaluate.sensitivity`."""

    sensitivity: float = Field(default=0.9, gt=0, le=1)
    """The sensitivity wanted on validation images; used with `operating_point: sensitivity` alone."""

    temperature_minimum: int = Field(default=50, ge=1)
    """With fewer validation images than this no temperature is fitted (it stays 1)."""

    baselines: list[Baseline] = Field(default=["majority", "features", "image_statistics"])
    """Simple competitors fitted on the images that the model is fitted on: `majority` class; logistic regression on
    average-pooled `features`; logistic regression on `image_statistics` (grey levels and size; decodes every image
    once)."""
