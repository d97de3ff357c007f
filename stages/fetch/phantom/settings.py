"""What a user chooses about the phantom."""

from pydantic import Field

from stages.common.schema import Section


class Settings(Section):
    """Synthetic chest radiographs with known lesions, made without any data."""

    patients: int = Field(default=360, ge=2, le=1_000_000)
    """Number of synthetic patients; each has one to three images. More patients leave the earlier ones as they were."""
    size: int = Field(default=512, ge=64, le=4096)
    """Height and width of an image in pixels."""
    seed: int = Field(default=0, ge=0)
    """Everything is drawn from this number."""
    abnormal_fraction: float = Field(default=0.5, ge=0, le=1)
    """Part of the patients who have one to three lesions."""
