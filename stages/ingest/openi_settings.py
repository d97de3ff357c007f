"""The keys of `ingest.openi` in params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from stages.common.schema import Section


class Settings(Section):
    """How the index terms of a report become the label of its images."""

    policy: Annotated[str, Field(pattern=r"^(exact|ancestor|finding:[^|]*[^|\s][^|]*)$")] = "exact"
    """exact: normal, or abnormal with at least one finding; ancestor: all that is not normal is abnormal, also what
    nobody indexed; finding:<term>: that finding and its kinds, such as finding:cardiomegaly, against normal."""

    views: Literal["all", "frontal", "lateral"] = "all"
    """The views to keep; all but `all` needs source.openi.projections."""
