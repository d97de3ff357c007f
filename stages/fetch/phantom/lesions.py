"""Nodules, masses and consolidations: tissue that takes the place of lung.

Sizes and words follow the Fleischner Society glossary (Hansell et al. 2008, doi:10.1148/radiol.2462070712): a nodule
is up to 30 mm, a mass is larger, a consolidation is an ill-defined homogeneous opacity that may hold air bronchograms.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from stages.fetch.phantom.anatomy import SIDES, Lungs
from stages.fetch.phantom.materials import LUNG, SOFT
from stages.fetch.phantom.projection import Camera, chord, sigmoid
from stages.fetch.phantom.thorax import air_thickness

NODULE, MASS, CONSOLIDATION = "nodule", "mass", "consolidation"
KINDS = (NODULE, MASS, CONSOLIDATION)
DIAMETERS = {NODULE: (12.0, 30.0), MASS: (30.0, 60.0), CONSOLIDATION: (50.0, 100.0)}
"""Shortest and longest diameter of a kind, mm."""
COUNTS = (0.5, 0.3, 0.2)
"""Chances of one, two and three lesions."""
VISIBLE = 0.05
"""A pixel belongs to the mask when the lesion adds this much attenuation there (3.3 mm of tissue instead of lung)."""
HIDDEN = 30.0
"""Less lung than this along the ray (mm) is a place where a lesion all but vanishes: drawn again, but only once."""


@dataclass(frozen=True)
class Lesion:
    """A lesion at a place of the lung that moves with the breath (see `Lungs.position`)."""

    kind: str
    side: int
    level: float
    across: float
    depth: float
    diameter: float
    """mm; the longest for a consolidation."""
    shape: int
    """Seed of the outline."""

    def centre(self, lungs: Lungs) -> np.ndarray:
        """The lesion's middle (3,) in mm."""
        return lungs.position(self.side, self.level, self.across, self.depth)


def draw_lesions(random: np.random.Generator, lungs: Lungs) -> list[Lesion]:
    """One to three lesions anywhere in the lungs, hard places (behind heart, ribs, at the roots) included."""
    open_view = Camera(size=128, field=400.0)
    lung, _ = air_thickness(open_view, lungs)
    return [_draw_lesion(random, lungs, open_view, lung) for _ in range(1 + random.choice(len(COUNTS), p=COUNTS))]


def lesion_attenuation(camera: Camera, lesions: list[Lesion], lungs: Lungs, lung: np.ndarray) -> np.ndarray:
    """Attenuation (size, size) that the lesions add where they take the place of `lung` (size, size), in mm."""
    thickness = np.zeros_like(lung)
    for lesion in lesions:
        centre = lesion.centre(lungs)
        window = camera.window(centre, 0.8 * lesion.diameter + 8)
        x, y = camera.plane(float(centre[2]), camera.size, window)
        if min(x.shape) > 1:
            shape = SHAPES[lesion.kind](np.random.default_rng(lesion.shape), x - centre[0], y - centre[1], lesion)
            thickness[window] = np.maximum(thickness[window], shape)
    return np.minimum(thickness, lung) * (SOFT - LUNG)


def lesion_mask(attenuation: np.ndarray) -> np.ndarray:
    """Where the lesions' own attenuation (size, size) can be seen at all: bool (size, size)."""
    return attenuation >= VISIBLE


def _draw_lesion(random: np.random.Generator, lungs: Lungs, view: Camera, lung: np.ndarray) -> Lesion:
    kind = KINDS[random.integers(len(KINDS))]
    low, high = DIAMETERS[kind]
    for _ in range(2):
        diameter = float(random.uniform(low, high))
        # The larger it is, the less its middle can come near the lung's border.
        margin = 0.3 * diameter
        lesion = Lesion(
            kind=kind,
            side=SIDES[random.integers(2)],
            level=float(random.uniform(0.06 + margin / 250, 1.0 - margin / 250)),
            across=float(random.uniform(margin / 55 - 0.95, 0.9 - margin / 55)),
            depth=float(random.uniform(-0.7, 0.7)),
            diameter=diameter,
            shape=int(random.integers(2**31)),
        )
        column, row = (int(value) * view.coarse // view.size for value in view.project(lesion.centre(lungs)))
        if lung[row, column] >= HIDDEN:
            break
    return lesion


def _nodule(random: np.random.Generator, x: np.ndarray, y: np.ndarray, lesion: Lesion) -> np.ndarray:
    """A ball with a slightly uneven edge; some are spiculated."""
    distance, angle = np.hypot(x, y), np.arctan2(y, x)
    radius = lesion.diameter / 2 * _uneven(random, angle, 0.10)
    ball = 2 * radius * chord((distance / radius) ** 2)
    if random.random() < 0.4:
        ball = np.maximum(ball, _spicules(random, distance, angle, radius))
    return ndimage.gaussian_filter(ball.astype(np.float32), 0.6 / _pixel(x))


def _mass(random: np.random.Generator, x: np.ndarray, y: np.ndarray, lesion: Lesion) -> np.ndarray:
    """Lobes that have grown together, of solid tissue, with an edge between smooth and spiculated."""
    total = np.zeros((y.shape[0], x.shape[1]), dtype=np.float32)
    for lobe in range(int(random.integers(3, 6))):
        away = 0.0 if lobe == 0 else random.uniform(0.12, 0.28) * lesion.diameter
        direction = random.uniform(0, 2 * np.pi)
        size = lesion.diameter * (0.39 if lobe == 0 else random.uniform(0.2, 0.3))
        aside, below = x - away * np.cos(direction), y - away * np.sin(direction)
        radius = size * _uneven(random, np.arctan2(below, aside), 0.07)
        total = np.maximum(total, 2 * radius * chord((aside**2 + below**2) / radius**2))
    if random.random() < 0.4:
        angle = np.arctan2(y, x)
        total = np.maximum(total, _spicules(random, np.hypot(x, y), angle, np.full_like(total, 0.42 * lesion.diameter)))
    return ndimage.gaussian_filter(total.astype(np.float32), 1.0 / _pixel(x))


def _consolidation(random: np.random.Generator, x: np.ndarray, y: np.ndarray, lesion: Lesion) -> np.ndarray:
    """A patch of filled air spaces: fuzzy, sometimes cut off by a fissure, with bronchi that stay open."""
    half = lesion.diameter / 2
    turn, flat = random.uniform(0, np.pi), random.uniform(0.6, 0.95)
    along, aside = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    radius = np.sqrt((along / half) ** 2 + (aside / (half * flat)) ** 2)
    edge = 1 - radius + 0.22 * _cloud(random, x / half, y / half, 7) + 0.10 * _cloud(random, x / half, y / half, 18)
    filled = sigmoid((edge - 0.22) / 0.075)
    if random.random() < 0.4:
        fissure = random.choice([-1, 1]) * (y + 0.25 * random.uniform(-1, 1) * x) + 0.5 * half
        filled = filled * sigmoid(fissure / 0.8)
    patchy = np.clip(0.82 + 0.16 * _cloud(random, x / half, y / half, 14), 0.3, 1)
    bent = [axis + 3.0 * _cloud(random, x / half, y / half, 6) for axis in (x, y)]
    open_part = 0.75 * _bronchi(random, *bent, lesion)
    return (random.uniform(0.6, 1.0) * half * filled * patchy * (1 - open_part)).astype(np.float32)


SHAPES = {NODULE: _nodule, MASS: _mass, CONSOLIDATION: _consolidation}
"""Thickness in mm over the grid of offsets x (1, w), y (h, 1) or (h, w) in mm from the lesion's middle."""


def _uneven(random: np.random.Generator, angle: np.ndarray, amount: float) -> np.ndarray:
    """A radius around 1 that varies with the direction."""
    orders = np.arange(2, 8)
    sizes, phases = random.normal(0, amount, orders.size) / np.sqrt(orders), random.uniform(0, 2 * np.pi, orders.size)
    radius = np.ones_like(angle)
    for order, size, phase in zip(orders, sizes, phases, strict=True):
        radius += size * np.cos(order * angle + phase)
    return np.clip(radius, 0.7, 1.3)


def _spicules(random: np.random.Generator, distance: np.ndarray, angle: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Strands that radiate from the edge and fade, mm."""
    strands = np.zeros_like(distance)
    for direction in random.uniform(0, 2 * np.pi, int(random.integers(9, 18))):
        away = np.abs(np.angle(np.exp(1j * (angle - direction)))) * distance
        fade = np.exp(-np.clip(distance - radius, 0, None) / random.uniform(2.5, 6.0))
        strands = np.maximum(strands, 4.5 * np.exp(-((away / 1.1) ** 2)) * fade)
    return strands


def _bronchi(random: np.random.Generator, x: np.ndarray, y: np.ndarray, lesion: Lesion) -> np.ndarray:
    """Open part, from 0 to 1, of the branching bronchi that run outwards through a consolidation."""
    reach = 0.42 * lesion.diameter
    start = np.array([-lesion.side * 0.9 * reach, random.uniform(-0.4, 0.4) * reach])
    opened = np.zeros((y.shape[0], x.shape[1]))
    for _ in range(int(random.integers(2, 4))):
        end = np.array([lesion.side * random.uniform(0.2, 0.8), random.uniform(-0.9, 0.9)]) * reach
        run = end - start
        part = np.clip(((x - start[0]) * run[0] + (y - start[1]) * run[1]) / (run**2).sum(), 0, 1)
        away = np.hypot(x - start[0] - part * run[0], y - start[1] - part * run[1])
        opened = np.maximum(opened, np.exp(-((away / (1.9 - 0.9 * part)) ** 2)) * (1 - 0.6 * part))
    return opened


def _cloud(random: np.random.Generator, x: np.ndarray, y: np.ndarray, cells: int) -> np.ndarray:
    """Smooth noise of unit size over -1.8 to 1.8 with so many cells across."""
    values = random.standard_normal((cells, cells))
    where = [np.clip((axis + 1.8) / 3.6, 0, 1) * (cells - 1) for axis in np.broadcast_arrays(y, x)]
    return ndimage.map_coordinates(values, where, order=3, mode="nearest")


def _pixel(x: np.ndarray) -> float:
    """Width of a pixel of the grid in mm."""
    return float(abs(x[0, 1] - x[0, 0]))
