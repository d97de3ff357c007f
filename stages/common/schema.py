"""The base of every section of params.yaml."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of params.yaml: unknown keys refused, values fixed once read.

    A section lives beside the code that it configures; `stages.common.params` joins them into the whole schema.
    The docstring under a field is the field's documentation.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, strict=True, allow_inf_nan=False
    )
