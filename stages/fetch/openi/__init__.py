"""The Open-i source: the Indiana University chest X-rays, complete or not at all."""

from pathlib import Path

from stages.fetch.openi.settings import Settings


def fetch(settings: Settings, inbox: Path, raw: Path) -> dict:
    """Make `raw` hold the collection; what is there and verified is used again, without any network.

    Args:
        settings: `source.openi`.
        inbox: the folder `source.path`, where tar files, saved pages and the projections table may lie.
        raw: the folder to fill: `images/`, `openi/` (tables, lock file) and `ATTRIBUTION.txt`.

    Returns:
        The metrics: counts of images, classes, views, exclusions, and of what was asked of the network.

    Raises:
        UserError: something at hand is missing or wrong.
        NetworkError: the site does not give all that it should; what it gave is kept for the next run.
    """
    from stages.fetch.openi import collect  # params.yaml's schema imports this package: keep that cheap

    return collect.fetch(settings, Path(inbox), Path(raw))
