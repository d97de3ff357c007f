"""Prediction from files to files: what the command and the notebook's function share."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path

import pandas as pd

from stages.attribute.methods.base import MapSettings
from stages.common import files, paths, tables
from stages.common.errors import UserError
from stages.ingest.listing import REASONS, Rejection
from stages.models import runtime, trained
from stages.predict import inputs, maps, scores
from stages.predict.bundle import Bundle, open_bundle
from stages.predict.take import Taken, take
from stages.render.settings import Settings as RenderSettings

GALLERY, PREDICTIONS, REJECTED, DESCRIPTION = "gallery", "predictions.csv", "rejected.csv", "prediction.json"
OUTPUTS = {PREDICTIONS, REJECTED, DESCRIPTION, GALLERY, paths.MAPS.name, paths.OVERLAYS.name}
COLUMNS = {"image_id": tables.TEXT, "source_path": tables.TEXT}
FEW = 5  # of a list of names in a message


@dataclass(frozen=True)
class Outcome:
    """What came of the files. `table` is predictions.csv, None where no file can be used; `maps`: settings and summary
    of each. `drawing`: how they are drawn."""

    taken: Taken
    rejected: list[Rejection]
    table: pd.DataFrame | None = None
    doubts: list[str] = field(default_factory=list)
    maps: dict[str, dict] = field(default_factory=dict)
    drawing: RenderSettings = field(default_factory=RenderSettings)

    def warnings(self) -> list[str]:
        """What a reader must know before the numbers, in sentences."""
        found = list(self.doubts)
        if self.table is not None and (far := list(self.table.loc[self.table["warning"] != "", "source_path"])):
            found.append(
                f"Far from the training images, so that their probabilities are not to be relied on: {len(far)} of "
                f"{len(self.table)} images ({_some(far)})."
            )
        if failed := self.failed():
            named = [f"{each.source_path}: {each.detail or REASONS[each.reason]}" for each in failed]
            found.append(f"Cannot be used: {len(failed)} of {self.tried()} files ({_some(named)}).")
        return found

    def useless(self) -> str:
        """Where no file can be used: that it is so."""
        return f"no file can be used, of {self.tried()}"

    def tried(self) -> int:
        """How many files were read as images."""
        return len(self.taken.inputs) + len(self.failed())

    def failed(self) -> list[Rejection]:
        """The files that should have been images."""
        return [each for each in self.rejected if each.reason != "other_file"]


def predict(
    named: Sequence[Path],
    model: Path,
    weights: Path | None,
    asked: Sequence[str] | Mapping[str, Mapping],
    folder: Path,
    work: Path,
) -> tuple[Outcome, Bundle]:
    """Predict images and make their maps, `folder/maps/<map>.h5`.

    Args:
        named: images and folders.
        model: see `bundle.open_bundle`.
        weights: see `bundle.open_bundle`.
        asked: see `maps.choose`.
        folder: for the maps.
        work: an empty folder for stored images and features.

    Raises:
        UserError: the model, the maps or what is named do not fit.
    """
    found, others = inputs.find(named)
    runtime.start()
    bundle = open_bundle(model, weights)
    (chosen, lacking), drawing = maps.choose(asked, bundle), maps.drawing(asked)
    left_out = [f"The map `{name}` is left out: it {reason}." for name, reason in lacking.items()]
    _, _, parts = next(bundle.models())
    taken = take(found, bundle.design, parts, work)
    rejected = sorted([*others, *taken.rejected], key=lambda each: each.source_path)
    if not taken.inputs:
        return Outcome(taken, rejected), bundle
    found_scores = scores.score(bundle, taken)
    table = scores.table(found_scores, taken, bundle)
    made = _maps(chosen, bundle, taken, found_scores, folder)
    return Outcome(taken, rejected, table, [*scores.doubts(bundle), *left_out], made, drawing), bundle


def write(
    named: Sequence[Path], model: Path, weights: Path | None, asked: Sequence[str] | Mapping[str, Mapping], out: Path
) -> Outcome:
    """Predict images and write everything that the package's docstring lists, or nothing.

    Raises:
        UserError: as `predict`; or `out` holds what predict did not write.
    """
    out = out.resolve()
    _refuse_to_overwrite(out, named)
    with files.atomic_folder(out) as folder:
        with work_folder(folder) as work:
            outcome, bundle = predict(named, model, weights, asked, folder, work)
            if outcome.table is not None:
                _write_results(folder, outcome, bundle)
        rejected = pd.DataFrame(map(astuple, outcome.rejected), columns=list(tables.REJECTED_COLUMNS))
        tables.write(folder / REJECTED, rejected, tables.REJECTED_COLUMNS)
        files.write_json(folder / DESCRIPTION, _description(bundle, outcome))
    return outcome


@contextmanager
def work_folder(beside: Path | None = None) -> Iterator[Path]:
    """A folder for what is needed only while at work; it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix=".work.", dir=beside) as name:
        yield Path(name)


def _maps(
    chosen: Mapping[str, MapSettings], bundle: Bundle, taken: Taken, found: scores.Scores, folder: Path
) -> dict[str, dict]:
    """Write the files of maps; gives settings and summary of each."""
    written = {}
    for name, settings in chosen.items():
        path = folder / paths.MAPS.name / f"{name}.h5"
        summary = maps.write(path, settings, bundle, taken, found.calibrated)
        written[name] = {"settings": settings.model_dump(), "summary": summary}
    return written


def _refuse_to_overwrite(out: Path, named: Sequence[Path]) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out} is a file; name a folder")
    others = sorted({path.name for path in out.iterdir()} - OUTPUTS) if out.exists() else []
    if others:
        raise UserError(f"--out {out} holds {others[0]}, which predict did not write; name a new folder")
    inside = [path for path in named if path.resolve().is_relative_to(out)]
    if inside and out.exists():
        raise UserError(f"{inside[0]} lies in --out, which is written anew; name another folder")


def _write_results(folder: Path, outcome: Outcome, bundle: Bundle) -> None:
    from stages.predict import pictures

    tables.write(folder / PREDICTIONS, outcome.table, COLUMNS)
    layers, heats = [], []
    for name in outcome.maps:
        where, file = folder / paths.OVERLAYS.name / name, folder / paths.MAPS.name / f"{name}.h5"
        layer, drawn = pictures.overlays(where, file, outcome.taken, outcome.table, bundle, outcome.drawing)
        layers.append(layer)
        heats.append(drawn)
    (folder / GALLERY).mkdir()
    pictures.gallery(
        folder / GALLERY, outcome.taken, outcome.table, layers, heats, bundle, _about(bundle) + outcome.warnings()
    )


def _about(bundle: Bundle) -> list[str]:
    means = "" if len(bundle.folders) == 1 else f" Numbers and maps are means over {len(bundle.folders)} models."
    return [f"For research, not for diagnosis.{means}"]


def _description(bundle: Bundle, outcome: Outcome) -> dict:
    """prediction.json."""
    return {
        "classes": bundle.classes,
        "positive_class": bundle.positive,
        "models": {
            name: {
                "provenance": files.read_json(folder / trained.DESCRIPTION)["provenance"],
                **{key: bundle.calibration[name][key] for key in ("temperature", "operating_threshold")},
            }
            for name, folder in bundle.folders.items()
        },
        "maps": outcome.maps,
        "images": len(outcome.taken.inputs),
        "rejected": len(outcome.rejected),
        "environment": runtime.describe(),
    }


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return "; ".join(names[:FEW]) + more
