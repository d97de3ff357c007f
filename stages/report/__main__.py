"""Stage `report`: see the package's docstring."""

from pathlib import Path

from stages.common import console, files, params, paths
from stages.report import gallery, headline, page, run


def main() -> str:
    settings = params.load()
    result = run.read(Path(), settings)
    size = gallery.Size(settings.report.image_side, settings.report.image_quality, settings.compute.workers)
    with files.atomic_folder(paths.REPORT) as folder:
        shown = page.write(folder, result, size, settings.report.max_images)
    numbers = [files.read_json(paths.METRICS / f"{name}.json") for name in ("evaluate", "localize")]
    files.write_json(paths.METRICS / "headline.json", headline.headline(*numbers))
    return f"{shown} of {len(result.predictions)} images in {paths.REPORT / 'index.html'}"


if __name__ == "__main__":
    console.run("report", main)
