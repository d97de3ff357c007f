"""The keys of `extract` in params.yaml."""

from typing import Literal

from stages.common.schema import Section


class Settings(Section):
    """How the features at the cut are kept."""

    dtype: Literal["float16", "float32"] = "float16"
    """Number type of the kept features. The whole model rounds to it at the cut too, so both give the same numbers."""
