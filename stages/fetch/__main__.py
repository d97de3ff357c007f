"""Stage fetch: the images of the source, complete and verified, in data/raw."""

from stages.common import console, files, params, paths
from stages.fetch import SOURCES


def main() -> str:
    """Fetch, write metrics/fetch.json, and say what there is."""
    p = params.load()
    found = SOURCES[p.source.kind](p.source, paths.RAW, p.compute.workers)
    files.write_json(paths.METRICS / "fetch.json", {"source": p.source.kind, **found})
    count = f"{found['images']} images" if "images" in found else f"{found['files']} files"
    return f"{count} from {p.source.kind} in {paths.RAW}"


if __name__ == "__main__":
    console.run("fetch", main)
