"""Stage `check`: see the package's docstring."""

import os
import shutil
from pathlib import Path

from stages.common import console, files, params, paths
from stages.common.errors import UserError

BUILT = console.LOCKS / "built"  # what describes the network that was built last
PIPELINE = "DVC_STAGE"  # dvc sets it for the commands of stages


def main() -> str:
    settings = params.load()
    _refuse_missing_source(Path(settings.source.path))
    if _sizes_may_clash(settings):
        _build(settings)
    if PIPELINE in os.environ:
        _remove_stale(set(settings.attribute.maps))
    files.write_text(paths.CHECKED, "params.yaml was checked\n")
    return f"params.yaml is fine (recipe {settings.recipe})"


def _refuse_missing_source(path: Path) -> None:
    """A missing dependency of `fetch` ends dvc with the system's words, unless the stage is frozen.

    Raises:
        UserError: the folder is not there.
    """
    if path.exists() or _is_frozen("fetch"):
        return
    home = " (~ is not the home folder here)" if path.parts[0].startswith("~") else ""
    raise UserError(
        f"`source.path`: there is no {path}{home}; name a folder that exists, or an empty one where data/raw already "
        "holds the images, or set `frozen: true` under `fetch:` in dvc.yaml"
    )


def _is_frozen(stage: str) -> bool:
    pipeline = Path("dvc.yaml")
    return pipeline.exists() and bool(params.read_yaml(pipeline)["stages"][stage].get("frozen"))


def _sizes_may_clash(settings: params.Params) -> bool:
    """Whether layers ask for a feature map of some size, which only the built network tells."""
    gem = settings.head.gem if settings.head.kind == "gem" else None
    parts = 1 if gem is None else gem.rows * gem.columns
    return bool(settings.head.border or settings.backbone.hypercolumn or parts > 1)


def _build(settings: params.Params) -> None:
    """Build the network, rather than find after hours of extraction that it cannot be; once, while it is the same."""
    described = settings.model_dump_json(include={"image", "backbone", "head"})
    if BUILT.exists() and BUILT.read_text(encoding="utf-8") == described:
        return
    from stages.models import runtime

    runtime.start()
    from stages.models import compose

    compose.compose(compose.design_of(settings))
    files.write_text(BUILT, described)


def _remove_stale(maps: set[str]) -> None:
    """Remove maps and overlays whose name is no longer in `attribute.maps`, which would stand beside the others.

    dvc keeps what it cached of them. What a killed run left half-written goes too. By hand, `python -m stages.check` is
    a question, and removes nothing.
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
