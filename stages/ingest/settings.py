"""The keys of `ingest` in params.yaml."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from stages.common.schema import Section
from stages.ingest.breakhis_settings import Settings as BreakHisSettings
from stages.ingest.openi_settings import Settings as OpenISettings

Name = Annotated[str, Field(min_length=1)]


class FolderSettings(Section):
    """How a folder of images says which of them belong together."""

    group_column: Name | None = None
    """Column of labels.csv that names the patient or slide; null: `patient_id` or `group_id` where there is one."""

    group_pattern: Name | None = None
    """Regular expression on the file name; its part named `group`, else its first, is the patient or slide."""

    @field_validator("group_pattern")
    @classmethod
    def _has_a_group(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        if groups == 0:
            raise ValueError("needs a group in parentheses, such as ^(seq[0-9]+)_")
        return pattern

    @model_validator(mode="after")
    def _one_source_of_groups(self) -> Self:
        if self.group_column is not None and self.group_pattern is not None:
            raise ValueError("set group_column or group_pattern, and the other to null")
        return self


class Settings(Section):
    """How the files of the source become labelled images."""

    layout: Literal["folder", "openi", "breakhis"] | None = None
    """How the files are laid out; null: as the source writes them."""

    classes: list[Name] = Field(default=["normal", "abnormal"], min_length=2)
    """The classes, in the order of every column and matrix."""

    positive_class: Name = "abnormal"
    """The class that is the finding."""

    class_map: dict[Name, Name | None] = Field(default={})
    """The source's labels that are named otherwise: each to a class, or to null to leave its images out."""

    min_size: Annotated[int, Field(ge=1)] = 32
    """An image with a side shorter than this many pixels is left out."""

    max_rejected: Annotated[float, Field(ge=0, le=1)] = 0.05
    """The largest fraction of faulty files; above it the stage fails. One file is always borne, unless this is 0;
    images dropped on purpose do not count."""

    dicom_salt: str = "lesionmap"
    """Text hashed with DICOM patient ids. Who knows it can test guesses of an id, so set one of your own to share."""

    folder: FolderSettings = FolderSettings()
    openi: OpenISettings = OpenISettings()
    breakhis: BreakHisSettings = BreakHisSettings()

    @model_validator(mode="after")
    def _classes_fit(self) -> Self:
        twice = sorted({name for name in self.classes if self.classes.count(name) > 1})
        if twice:
            raise ValueError(f"classes names {twice[0]!r} twice")
        unknown = sorted({name for name in self.class_map.values() if name is not None} - set(self.classes))
        if unknown:
            raise ValueError(
                f"class_map leads to {unknown[0]!r}, which is not among classes: {', '.join(self.classes)}"
            )
        return self
