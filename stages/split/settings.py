"""The keys of `split` in params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stages.common.schema import Section


class Settings(Section):
    """Which images are trained on, chosen on and scored. A group (patient, slide, report) always stays whole."""

    kind: Literal["grouped", "prescribed", "kfold", "leave_one_group_out", "image_level_leaky"] = "grouped"
    """grouped: by group, stratified by class; prescribed: as the source says; kfold and leave_one_group_out: every
    image is scored once, by the model that did not see its group; image_level_leaky tears groups apart, as older
    systems did: for comparison only."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Another seed gives another division."""

    validation: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Fraction of the images to choose on; with prescribed: of the training images, where the source has none."""

    test: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Fraction of the images to score once; 0 leaves no test part."""

    folds: Annotated[int, Field(ge=3)] = 5
    """Number of folds of kfold; each fold's model chooses on the next fold."""

    near_duplicates: Literal["error", "merge", "ignore"] = "error"
    """When the same image, or nearly the same, is on two sides: stop, put both groups on one side, or only list it."""

    near_duplicate_distance: Annotated[int, Field(ge=0, le=32)] = 10
    """Perceptual hashes that differ in at most this many of 64 bits are compared pixel by pixel."""

    @model_validator(mode="after")
    def _leaves_training(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together leave nothing to train on; lower one of them")
        return self
