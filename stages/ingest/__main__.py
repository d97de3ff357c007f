"""Stage ingest: checked images, their labels, groups and regions, from what stage fetch brought."""

from dataclasses import astuple

import pandas as pd

from stages.common import console, files, params, paths, tables
from stages.ingest import LAYOUTS
from stages.ingest.summary import summary
from stages.ingest.take import take


def main() -> str:
    """Read data/raw in its layout, check and store every image, write the tables, and say what was found."""
    p = params.load()
    listing = LAYOUTS[p.layout](paths.RAW, p.ingest)
    with files.atomic_folder(paths.IMAGES) as images, files.atomic_folder(paths.MASKS) as masks:
        taken = take(listing, paths.RAW, images, masks, p.ingest, p.compute.workers)
    files.write_text(paths.IMAGE_DIGESTS, files.list_digests(paths.IMAGES))
    files.write_text(paths.MASK_DIGESTS, files.list_digests(paths.MASKS))
    rejected = pd.DataFrame(map(astuple, taken.rejected), columns=list(tables.REJECTED_COLUMNS))
    tables.write(paths.IMAGE_TABLE, taken.images, tables.IMAGE_COLUMNS)
    tables.write(paths.REGION_TABLE, taken.regions, tables.REGION_COLUMNS)
    tables.write(paths.REJECTED_TABLE, rejected, tables.REJECTED_COLUMNS)
    files.write_json(paths.INGEST_SUMMARY, summary(taken, listing.layout, p.ingest.classes))
    return (
        f"{listing.layout}: {len(taken.images)} images in {taken.images['group_id'].nunique()} groups, "
        f"{len(taken.regions)} regions, {len(rejected)} files left out ({paths.REJECTED_TABLE})"
    )


if __name__ == "__main__":
    console.run("ingest", main)
