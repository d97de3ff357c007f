"""What the index terms of a report ("majors") say: normal, finding, technical quality or nothing.

Terms are compared whole, stripped and in lower case: "Opacity/lung/.../abnormal" contains the word normal.
"""

from collections.abc import Iterable
from typing import Literal

Kind = Literal["normal", "abnormal", "technical_quality", "unindexed", "unlabelled"]

NORMAL = "normal"
UNINDEXED = "no indexing"
TECHNICAL_QUALITY = "technical quality of image unsatisfactory"
SEPARATOR = "|"  # between the terms of one report in a table; no term holds it


def kind(majors: Iterable[str]) -> Kind:
    """What a report is, by its index terms.

    `normal`: that term alone. `abnormal`: at least one finding. `technical_quality`: nothing but a remark on the image.
    `unindexed`: marked as not indexed. `unlabelled`: no term at all.
    """
    terms = {normalized(major) for major in majors}
    if terms == {NORMAL}:
        return "normal"
    if terms - {NORMAL, UNINDEXED, TECHNICAL_QUALITY}:
        return "abnormal"
    if TECHNICAL_QUALITY in terms:
        return "technical_quality"
    return "unindexed" if UNINDEXED in terms else "unlabelled"


def poor_quality(majors: Iterable[str]) -> bool:
    """Whether the report calls the technical quality of its images unsatisfactory."""
    return TECHNICAL_QUALITY in {normalized(major) for major in majors}


def names(major: str, finding: str) -> bool:
    """Whether an index term is a finding or one of its kinds: `Cardiomegaly/mild` is `cardiomegaly`."""
    parts, wanted = _parts(major), _parts(finding)
    return parts[: len(wanted)] == wanted


def normalized(term: str) -> str:
    """A term as it is compared."""
    return "/".join(_parts(term))


def join(majors: Iterable[str]) -> str:
    """Terms as one cell of a table, in their order."""
    return SEPARATOR.join(major.strip() for major in majors)


def split(cell: str) -> list[str]:
    """The terms of a table's cell."""
    return cell.split(SEPARATOR) if cell else []


def _parts(term: str) -> list[str]:
    return [part.strip().lower() for part in term.split("/")]
