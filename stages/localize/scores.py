"""Measure every map and baseline on every image, one image at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.common import console, geometry, pool
from stages.common.errors import UserError
from stages.common.maps import MapFile, measured_part
from stages.common.regions import region_mask
from stages.localize import baselines
from stages.localize.metrics import METRICS, Measured, empty, expected, measure

BLOCK = 16  # images that a process takes at a time; no more than one block is done sooner than processes start
UNIT_COLUMNS = ["image_id", "group_id", "split", "fold", "correct"]


@dataclass(frozen=True)
class Plan:
    """What is measured, and how.

    images: UNIT_COLUMNS, `width`, `height` and `row` (in the map files) of each measured image.
    regions: image_id -> its rows of regions.csv; for each measured image at least one.
    masks: the folder of the masks.
    priors: fold -> mean of the training regions, from `baselines.mean_regions`.
    several_findings: whether each finding is measured apart, too.
    tolerance, center_sigma: as in the settings.
    """

    images: pd.DataFrame
    regions: dict[str, pd.DataFrame]
    masks: Path
    maps: list[MapFile]
    priors: dict[int, np.ndarray]
    several_findings: bool
    fit: geometry.Fit
    tolerance: float
    center_sigma: float

    @property
    def names(self) -> list[str]:
        """Of the maps, then of the baselines."""
        return [file.name for file in self.maps] + baselines.names(self.priors)

    def blocks(self) -> list["Plan"]:
        """The same, in parts of BLOCK images."""
        parts = [self.images.iloc[start : start + BLOCK] for start in range(0, len(self.images), BLOCK)]
        return [replace(self, images=part, regions={i: self.regions[i] for i in part["image_id"]}) for part in parts]


@dataclass(frozen=True)
class Scores:
    """What was measured. A unit is an image (`finding` empty: all its regions) or one finding of an image.

    units: UNIT_COLUMNS and `finding`.
    names: of the maps, then of the baselines.
    values: (units, names, metrics), metrics in the order of METRICS; iou_validation is NaN until a threshold is chosen.
    overlaps: (units, names, LEVELS), the IoU at each threshold to choose from.
    status: (units, names), text.
    """

    units: pd.DataFrame
    names: list[str]
    values: np.ndarray
    overlaps: np.ndarray
    status: np.ndarray


class _Unit(NamedTuple):
    row: list
    measured: list[Measured]
    status: list[str]


def score(plan: Plan, workers: int) -> Scores:
    """Measure all maps, then the baselines; `workers` processes share the work and do not change the result."""
    units = list(console.progress(_units(plan, workers), len(plan.images), "measure maps"))
    units = [unit for of_image in units for unit in of_image]
    return Scores(
        units=pd.DataFrame([unit.row for unit in units], columns=[*UNIT_COLUMNS, "finding"]),
        names=plan.names,
        values=np.array([[[m.values.get(name, np.nan) for name in METRICS] for m in u.measured] for u in units]),
        overlaps=np.array([[m.overlaps for m in unit.measured] for unit in units]),
        status=np.array([unit.status for unit in units], dtype=object),
    )


def common_images(maps: list[MapFile]) -> list[str]:
    """The images of the map files.

    Raises:
        UserError: they are not the same in all files.
    """
    for file in maps[1:]:
        if file.image_ids != maps[0].image_ids:
            raise UserError(f"{maps[0].path} and {file.path} hold different images; run `dvc repro -f attribute`")
    return maps[0].image_ids if maps else []


def _units(plan: Plan, workers: int) -> Iterator[list[_Unit]]:
    """The units of each image."""
    if workers == 1 or len(plan.images) <= BLOCK:
        yield from _score_block(plan)
        return
    with pool.processes(workers) as processes:
        for block in processes.map(_score_block, plan.blocks()):
            yield from block


def _score_block(plan: Plan) -> list[list[_Unit]]:
    return [_score_image(image, plan) for image in plan.images.itertuples()]


def _score_image(image: tuple, plan: Plan) -> list[_Unit]:
    size = (image.height, image.width)
    radius = plan.tolerance * float(np.hypot(*size))
    marked = plan.regions[image.image_id]
    targets = {"": region_mask(marked, size, plan.masks)}
    findings = sorted(set(marked["finding"])) if plan.several_findings else []
    if len(findings) > 1:
        targets |= {f: region_mask(marked[marked["finding"] == f], size, plan.masks) for f in findings}
    measured: dict[str, list[Measured]] = {finding: [] for finding in targets}
    status = []
    for values, state in _candidates(image, size, plan):  # one at a time: a stored image may be large
        status.append(state)
        for finding, inside in targets.items():
            measured[finding].append(measure(values, inside, radius) if state == "ok" else empty())
    status.append("ok")
    for finding, inside in targets.items():
        measured[finding].append(expected(inside, radius))
    if len(findings) == 1:  # the only finding is all there is
        measured[findings[0]] = measured[""]
    row = [getattr(image, name) for name in UNIT_COLUMNS]
    return [_Unit([*row, finding], numbers, status) for finding, numbers in measured.items()]


def _candidates(image: tuple, size: geometry.Size, plan: Plan) -> Iterator[tuple[np.ndarray | None, str]]:
    """Each map and each baseline but `random` on the stored grid, with its status; no values where it is not ok."""
    for file in plan.maps:
        state = file.status[image.row]
        yield (_on_stored_grid(file, image.row, size, plan.fit) if state == "ok" else None), state
    yield baselines.center(size, plan.center_sigma), "ok"
    if plan.priors:
        grid = plan.priors.get(image.fold)
        yield (None, "no_regions") if grid is None else (baselines.prior(grid, size), "ok")


def _on_stored_grid(file: MapFile, row: int, size: geometry.Size, fit: geometry.Fit) -> np.ndarray:
    """The measured part of a map, taken where the map was made, on the stored grid; 0 where the network saw nothing."""
    values = measured_part(file.read(row), file.part)
    return geometry.place(size, values.shape, fit).to_stored(values, fill=0.0)
