"""One patient's build, one image's pose, and the shape of the lungs that follows from both."""

from dataclasses import dataclass

import numpy as np

from stages.fetch.phantom.projection import chord

LEFT, RIGHT = 1, -1
"""Sides are the patient's: left is +x, on the image's right."""
SIDES = (RIGHT, LEFT)


@dataclass(frozen=True)
class Anatomy:
    """A patient's build; lengths in mm, factors around 1."""

    female: bool
    fat: float
    """Thickness of the layer under the skin."""
    half_width: float
    """Of the chest's inside at its widest."""
    apex: float
    """y of the lungs' top."""
    dome: tuple[float, float]
    """y of the right and the left diaphragm's top at middle inspiration."""
    depth: float
    """Half the lungs' depth."""
    heart: float
    mediastinum: float
    aorta: float
    breast: float
    scoliosis: float
    """Sideways bow of the spine."""
    rib_drop: float
    bone: float
    """Mineral content."""
    vessel: float
    """Calibre of the lung vessels."""
    gas: float
    """Radius of the stomach's air bubble; 0 if there is none."""


@dataclass(frozen=True)
class Pose:
    """How the patient stood and breathed for one image."""

    yaw: float
    pitch: float
    roll: float
    shift: tuple[float, float]
    field: float
    inspiration: float
    """From -1 (shallow) to 1 (deep)."""
    scapula: float
    """How far the shoulder blades are turned out of the lungs, mm."""


def draw_anatomy(random: np.random.Generator) -> Anatomy:
    """A patient's build: adults of both sexes, slim to stout."""
    female = bool(random.random() < 0.5)
    right_dome = random.normal(84, 7)
    return Anatomy(
        female=female,
        fat=float(random.gamma(4.0, 5.0) + 4),
        half_width=float(np.clip(random.normal(128 if female else 138, 7), 112, 155)),
        apex=float(random.normal(-126, 6)),
        dome=(right_dome, right_dome + float(random.uniform(2, 18))),
        depth=float(np.clip(random.normal(88 if female else 96, 8), 70, 115)),
        heart=float(np.clip(random.normal(1.0, 0.08), 0.82, 1.22)),
        mediastinum=float(np.clip(random.normal(1.0, 0.12), 0.7, 1.35)),
        aorta=float(np.clip(random.normal(1.0, 0.16), 0.65, 1.45)),
        breast=float(random.uniform(0.55, 1.25)) if female else 0.0,
        scoliosis=float(random.normal(0, 4)),
        rib_drop=float(np.clip(random.normal(1.0, 0.12), 0.7, 1.3)),
        bone=float(np.clip(random.normal(1.0, 0.15), 0.6, 1.4)),
        vessel=float(np.clip(random.normal(1.0, 0.12), 0.75, 1.35)),
        gas=float(random.uniform(14, 32)) if random.random() < 0.6 else 0.0,
    )


def draw_pose(random: np.random.Generator) -> Pose:
    """A stance that a radiographer would accept."""
    return Pose(
        yaw=float(np.clip(random.normal(0, 0.035), -0.09, 0.09)),
        pitch=float(np.clip(random.normal(0, 0.05), -0.12, 0.12)),
        roll=float(np.clip(random.normal(0, 0.02), -0.06, 0.06)),
        shift=(float(random.normal(0, 7)), float(random.normal(-8, 8))),
        field=float(random.uniform(385, 430)),
        inspiration=float(np.clip(random.normal(0.1, 0.5), -1, 1)),
        scapula=float(random.uniform(0, 32)),
    )


@dataclass(frozen=True)
class Lungs:
    """The outline of both lungs: each level y has a width, a depth and a D-shaped section."""

    anatomy: Anatomy
    inspiration: float

    @property
    def base(self) -> float:
        """y of the lowest tip behind the diaphragm."""
        return max(self.anatomy.dome) + 52 + 8 * self.inspiration

    def dome(self, side: int) -> float:
        """y of the diaphragm's top."""
        return self.anatomy.dome[SIDES.index(side)] + 11 * self.inspiration

    def level(self, y: np.ndarray | float) -> np.ndarray:
        """0 at the apex, 1 at the base."""
        return np.clip((np.asarray(y) - self.anatomy.apex) / (self.base - self.anatomy.apex), 0, 1)

    def lateral(self, y: np.ndarray | float) -> np.ndarray:
        """Distance of the chest wall's inside from the midline, mm."""
        rise = chord((1 - self.level(y)) ** 2.7)
        return 46 + (self.anatomy.half_width * (1 + 0.015 * self.inspiration) - 46) * rise

    def medial(self, y: np.ndarray | float) -> np.ndarray:
        """Distance of the mediastinal side from the midline, mm."""
        return 46 - 34 * chord((1 - self.level(y)) ** 9)

    def half_depth(self, y: np.ndarray | float) -> np.ndarray:
        """Half the front-to-back length at the section's middle, mm; the base ends in a rounded edge."""
        level = self.level(y)
        rounded = chord(np.clip((level - 0.9) / 0.1, 0, 1) ** 2)
        return (18 + (self.anatomy.depth - 18) * chord((1 - level) ** 3.5)) * rounded

    def section(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Half the length of a ray through the lung on its side of the midline, as if nothing lay in it, mm."""
        lateral, medial = self.lateral(y), self.medial(y)
        across = (np.abs(x) - medial) / np.maximum(lateral - medial, 1e-3) * 2 - 1
        inward = np.minimum(np.abs(across), 1)
        shape = np.where(across < 0, chord(inward**6), chord(inward**2.8))
        within = (np.asarray(y) > self.anatomy.apex) & (np.abs(across) < 1)
        return np.where(within, self.half_depth(y) * shape, 0)

    def position(self, side: int, level: float, across: float, depth: float) -> np.ndarray:
        """The point (3,) in mm of a place that moves with the breath.

        `level` runs from 0 at the apex to 1 at the diaphragm's top, `across` from -1 (medial) to 1 (lateral), `depth`
        from -1 (back) to 1 (front).
        """
        y = self.anatomy.apex + level * (self.dome(side) - self.anatomy.apex)
        lateral, medial = float(self.lateral(y)), float(self.medial(y))
        x = side * (medial + (lateral - medial) * (across + 1) / 2)
        return np.array([x, y, depth * float(self.section(np.array(x), np.array(y)))])
