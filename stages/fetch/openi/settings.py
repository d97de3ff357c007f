"""The keys of `source.openi` in params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from stages.common.schema import Section


class ArchiveSettings(Section):
    """The collection as tar files, used with `via: archive`.

    `NLMCXR_reports.tgz` and `NLMCXR_png.tgz` or `NLMCXR_dcm.tgz` are taken from the folder `source.path`; what is not
    there is downloaded.
    """

    images: Literal["png", "dicom"] = "png"
    """png: 7,470 pictures, 1.4 GB; dicom: the same at full resolution and depth, 80.7 GB."""

    url: Annotated[str, Field(pattern=r"^https?://[^/]+(/.*)?$")] = "https://openi.nlm.nih.gov/imgs/collections"
    """Folder that the tar files are downloaded from."""


class NetworkSettings(Section):
    """How the site is asked. Nothing here changes what comes out, so no stage depends on it."""

    searches_per_minute: Annotated[float, Field(gt=0, le=6000)] = 10.0
    """Most searches begun in a minute. The National Library of Medicine's norms elsewhere are 10 to 85 requests."""

    images_per_minute: Annotated[float, Field(gt=0, le=60000)] = 60.0
    """Most image downloads begun in a minute."""

    connections: Annotated[int, Field(ge=1, le=4)] = 2
    """Images downloaded at the same time."""

    connect_timeout: Annotated[float, Field(gt=0)] = 10.0
    """Seconds to wait for a connection."""

    read_timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds to wait for the next bytes; a search of 100 images takes up to 30."""

    answer_timeout: Annotated[float, Field(gt=0)] = 180.0
    """Seconds until an answer must have come whole (not for tar files)."""

    retries: Annotated[int, Field(ge=0, le=50)] = 6
    """How often one address is asked again after a bad answer."""

    backoff: Annotated[float, Field(gt=0)] = 2.0
    """Seconds before the first retry; doubled each time up to two minutes, with as much random jitter."""

    pause: Annotated[float, Field(gt=0)] = 60.0
    """Seconds without any request when the site throttles; doubled each time up to half an hour."""

    patience: Annotated[int, Field(ge=1)] = 12
    """Pauses in a row, without one good answer between them, after which to give up until the next run."""

    contact: Annotated[str, Field(pattern=r"^[ -~]*$")] = ""
    """An e-mail or web address for the User-Agent, so that the site's keepers can reach you."""

    ca_bundle: str | None = None
    """File with the certificate authorities to trust, behind a company proxy; null: the usual ones."""


class Settings(Section):
    """The Indiana University chest X-rays of Open-i (https://openi.nlm.nih.gov)."""

    via: Literal["api", "archive", "pages"] = "api"
    """api: search and download one by one; archive: tar files; pages: a folder of saved pages of the old site."""

    base_url: Annotated[str, Field(pattern=r"^https?://[^/?#]+$")] = "https://openi.nlm.nih.gov"
    """Scheme and host of the site."""

    collection: Literal["cxr", "iu"] = "cxr"
    """Name of the collection in a search; `iu` is the old name of the same one."""

    query: str = ""
    """Words to search for; empty finds the whole collection."""

    fallback_query: str = "Indiana University"
    """Asked when the site does not answer `query` with the whole collection: words that stand in every report."""

    page_size: Annotated[int, Field(ge=1, le=100)] = 100
    """Images asked for in one search."""

    image_size: Literal[512, 150, 100] = 512
    """Width of the pictures in pixels, as the site offers them."""

    expected: Annotated[int, Field(ge=1)] | None = 7470
    """Images in the collection: fewer is an error. null: as many as the source itself says."""

    limit: Annotated[int, Field(ge=2)] | None = None
    """Take only this many images, half normal and half abnormal, always the same ones: for trying out."""

    allow_partial: bool = False
    """Accept that images are missing; the metrics then say so."""

    projections: str | None = None
    """CSV in `source.path` with the hand-made views (`filename,projection`); null: all views are unknown."""

    pages_folder: str = "pages"
    """Folder in `source.path` with the saved pages and, where there are any, images; used with `via: pages`."""

    archive: ArchiveSettings = ArchiveSettings()
    network: NetworkSettings = NetworkSettings()
