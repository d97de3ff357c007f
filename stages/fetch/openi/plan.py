"""What a fetch would ask for, how often and for how long; nothing is asked."""

import math
from dataclasses import dataclass

from stages.fetch.openi import archive, search
from stages.fetch.openi.collect import Work
from stages.fetch.openi.settings import Settings

WHOLE = 7470  # images in the collection
PICTURE_BYTES = 180_000  # on the average
ARCHIVE_BYTES = {archive.REPORTS: 1_112_632, "NLMCXR_png.tgz": 1_360_000_000, "NLMCXR_dcm.tgz": 80_694_582_486}


@dataclass(frozen=True)
class Plan:
    """What is still to do."""

    searches: int
    images: int
    archives: list[str]  # tar files to download
    bytes: int
    minutes: float  # at the rates of the settings, when the site never throttles
    complete: bool  # nothing to do

    def __str__(self) -> str:
        """One paragraph for a person."""
        if self.complete:
            return "everything is there and verified; nothing will be asked of the network"
        parts = [f"{self.searches} searches"] if self.searches else []
        parts += [f"{self.images} image downloads"] if self.images else []
        parts += [f"the tar file {name}" for name in self.archives]
        if not parts:
            return "nothing will be asked of the network; files at hand will be read"
        time = f", at least {self.minutes:.0f} minutes at the rates that are set" if self.minutes >= 0.5 else ""
        return f"{' and '.join(parts)}: about {self.bytes / 1e6:,.0f} MB{time}"


def make(work: Work) -> Plan:
    """The plan for one data/raw. Before the listing is known, the numbers are the expected ones."""
    settings = work.settings
    if work.satisfied():
        return Plan(0, 0, [], 0, 0.0, True)
    manifest = work.manifest()
    wanted = len(work.chosen(manifest)) if manifest is not None else _expected(settings)
    absent = max(0, wanted - len(work.present()))
    if settings.via == "archive":
        names = [archive.REPORTS] if manifest is None else []
        names += [archive.IMAGES[settings.archive.images]] if absent else []
        names = [name for name in names if not work.at_hand(name)]
        return Plan(0, 0, names, sum(ARCHIVE_BYTES[name] for name in names), 0.0, False)
    searches = 0
    if manifest is None and settings.via == "api":
        searches = max(0, math.ceil((settings.expected or WHOLE) / settings.page_size) - search.kept(work.searches))
    network = settings.network
    minutes = searches / network.searches_per_minute + absent / network.images_per_minute
    return Plan(searches, absent, [], absent * PICTURE_BYTES, minutes, False)


def _expected(settings: Settings) -> int:
    expected = settings.expected or WHOLE
    return min(expected, settings.limit or expected)
