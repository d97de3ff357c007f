"""Stage `check`: see the package's docstring."""

import shutil

from stages.common import console, files, params, paths


def main() -> str:
    settings = params.load()
    _remove_stale(set(settings.attribute.maps))
    files.write_text(paths.CHECKED, "params.yaml was checked\n")
    return f"params.yaml is fine (recipe {settings.recipe})"


def _remove_stale(maps: set[str]) -> None:
    """Remove maps and overlays whose name is no longer in `attribute.maps`, which would stand beside the others.

    dvc keeps what it cached of them. What a killed run left half-written goes too.
    """
    for path in paths.MAPS.glob(".*.part"):
        path.unlink()
    for path in paths.MAPS.glob("*.h5"):
        if path.stem not in maps:
            path.unlink()
    for folder in paths.OVERLAYS.glob("*/"):
        if folder.name not in maps:
            shutil.rmtree(folder)


if __name__ == "__main__":
    console.run("check", main)
