"""The vessels of the lungs: trees that leave the roots, branch and taper (Murray's law, about 0.8 a generation)."""

import functools
from dataclasses import dataclass

import numpy as np

from stages.fetch.phantom.anatomy import SIDES, Lungs
from stages.fetch.phantom.projection import Camera

GENERATIONS = 8
SPREADS = (0.45, 0.95, 1.9, 2.9)
"""Blurs in mm with which thin to thick vessels are drawn; a cylinder of radius r projects with a spread of r / 2."""
SAMPLES = 12


@dataclass(frozen=True)
class Vessels:
    """Short pieces of vessel at middle inspiration: where (n, 3), radius (n,) and length (n,), all in mm."""

    points: np.ndarray
    radii: np.ndarray
    lengths: np.ndarray

    @functools.cached_property
    def by_spread(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Points (m, 3) and volumes (m,), mm3, to be drawn with each of `SPREADS`: a piece is shared by its two
        nearest."""
        volumes = np.pi * self.radii**2 * self.lengths
        spread = self.radii / 2
        drawn = []
        for index in range(len(SPREADS)):
            share = np.interp(spread, SPREADS, np.eye(len(SPREADS))[index])
            used = share > 0
            drawn.append((self.points[used], (share * volumes)[used]))
        return drawn


def grow(random: np.random.Generator, calibre: float) -> Vessels:
    """The trees of both lungs: arteries that fan out from the roots, and veins that run flatter and lower."""
    pieces = []
    for side in SIDES:
        root_y = 0.0 if side < 0 else -8.0
        for trunks, low, high, offset in ((7, -1.35, 1.45, 0.0), (5, -1.1, 1.0, 16.0)):
            angle = np.linspace(low, high, trunks) + random.normal(0, 0.1, trunks)
            heading = np.stack([side * np.cos(angle), np.sin(angle), random.normal(0, 0.45, trunks)], axis=1)
            start = np.tile([side * 30.0, root_y + offset, -4.0], (trunks, 1)) + random.normal(0, 4, (trunks, 3))
            # Upright, blood goes to the bases.
            radius = calibre * (4.6 + 0.9 * np.sin(angle)) * random.uniform(0.8, 1.15, trunks)
            pieces += _tree(random, start, _unit(heading), radius)
    points, radii, lengths = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return Vessels(points, radii, lengths)


def vessel_thickness(camera: Camera, vessels: Vessels, lungs: Lungs) -> np.ndarray:
    """Blood along each ray (size, size), mm, wherever there is lung or not."""
    fine = np.zeros((camera.size, camera.size), dtype=np.float32)
    coarse = np.zeros((camera.coarse, camera.coarse), dtype=np.float32)
    for index, (level, (points, volumes)) in enumerate(zip(SPREADS, vessels.by_spread, strict=True)):
        moved = points * [1, 1 + 0.05 * lungs.inspiration, 1]
        grid = camera.size if index < 1 else camera.coarse
        layer = camera.blur(camera.splat(moved, volumes, grid), level)
        if grid == camera.size:
            fine += layer
        else:
            coarse += layer
    return fine + camera.resample(coarse)


def _tree(random: np.random.Generator, start: np.ndarray, heading: np.ndarray, radius: np.ndarray) -> list[tuple]:
    pieces = []
    length = 29.0
    for _ in range(GENERATIONS):
        reach = length * random.uniform(0.65, 1.3, len(start))
        bend = random.normal(0, 0.16, start.shape)
        part = (np.arange(SAMPLES) + 0.5) / SAMPLES
        along = part[None, :, None] * reach[:, None, None]
        points = start[:, None, :] + heading[:, None, :] * along + bend[:, None, :] * along * part[None, :, None]
        taper = radius[:, None] * (1 - 0.18 * part[None, :])
        piece = np.repeat(reach / SAMPLES, SAMPLES)
        pieces.append((points.reshape(-1, 3), taper.reshape(-1), piece))
        start = start + (heading + bend) * reach[:, None]
        heading = _unit(heading + 1.3 * bend)
        start = np.concatenate([start, start])
        side_branch = _unit(heading + random.normal(0, 0.62, heading.shape) * [1, 1, 0.8])
        main = _unit(heading + random.normal(0, 0.22, heading.shape))
        heading = np.concatenate([main, side_branch])
        radius = np.concatenate(
            [radius * random.uniform(0.76, 0.88, len(radius)), radius * random.uniform(0.54, 0.78, len(radius))]
        )
        length *= 0.83
    return pieces


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.sqrt((vectors**2).sum(axis=1, keepdims=True))
