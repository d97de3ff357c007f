"""The soft parts: body, lungs, and what lies in and under them. All drawn on the coarse grid, in mm along the ray."""

import numpy as np

from stages.fetch.phantom.anatomy import LEFT, RIGHT, SIDES, Anatomy, Lungs
from stages.fetch.phantom.projection import Camera, chord, sigmoid

FAR = 1000.0
Solid = tuple[float | np.ndarray, np.ndarray]
"""A body crossed by each ray: z of its middle and half its length along the ray, mm."""


def body_thickness(camera: Camera, anatomy: Anatomy) -> np.ndarray:
    """Length of each ray inside the skin (coarse, coarse), as if there were no air, mm."""
    return _trunk(camera, anatomy) + _chest_wall(camera, anatomy)


def air_thickness(camera: Camera, lungs: Lungs) -> tuple[np.ndarray, np.ndarray]:
    """Length of each ray in lung, and in plain air (windpipe, main bronchi, stomach), (coarse, coarse), mm.

    What lies in a lung displaces it: each organ takes away the part of the lung's length that it covers, organs being
    taken as independent of each other along the ray.
    """
    x, y = camera.plane(0.0)
    heart_and_column = _hull([*_heart(camera, lungs), *_mediastinum(camera, lungs)])
    organs = [*_diaphragm(camera, lungs), heart_and_column, _descending_aorta(camera, lungs)]
    half = lungs.section(x, y).astype(np.float32)
    lung = 2 * half
    for depth, length in organs:
        overlap = np.minimum(half, depth + length) - np.maximum(-half, depth - length)
        lung *= 1 - np.clip(overlap / np.maximum(2 * half, 1e-3), 0, 1)
    return lung, _airways(camera, lungs) + _stomach(camera, lungs)


def hila_thickness(camera: Camera, lungs: Lungs) -> np.ndarray:
    """Tissue of the lung roots (coarse, coarse), mm: soft shadows beside the heart, the left a little higher."""
    calibre = lungs.anatomy.vessel
    right = _ellipsoid(camera, (-36, 2, 0), (13 * calibre, 24, 7), turn=-0.25)
    left = _ellipsoid(camera, (38, -8, 0), (12 * calibre, 20, 7), turn=0.3)
    return camera.blur(right[1] + left[1], 4.0)


def _trunk(camera: Camera, anatomy: Anatomy) -> np.ndarray:
    x, y = camera.plane(0.0)
    wall = 13 + anatomy.fat
    half_depth = anatomy.depth + 15 + 0.6 * anatomy.fat
    # The arms are held forward: above the armpits the outline widens into the shoulders.
    half_width = anatomy.half_width + wall + 75 * sigmoid(-(y + 62) / 13) + 0.1 * np.clip(y - 60, 0, None)
    section = chord((np.abs(x) / half_width) ** 4)
    shoulder = anatomy.apex - 24 + 0.36 * np.clip(np.abs(x) - 56, 0, None)
    below = np.clip((y - shoulder) / 80, 0, 1)
    trunk = 2 * half_depth * section * chord((1 - below) ** 2)
    neck_width = 50 + 0.4 * anatomy.fat + 26 * np.exp(np.clip((y - anatomy.apex + 22) / 13, -9, 1))
    neck = 116 * chord((x / neck_width) ** 2) * sigmoid((anatomy.apex + 25 - y) / 12)
    return np.cbrt(trunk**3 + neck**3).astype(np.float32)


def _chest_wall(camera: Camera, anatomy: Anatomy) -> np.ndarray:
    layers = np.zeros((camera.coarse, camera.coarse), dtype=np.float32)
    for side in SIDES:
        muscle = 8 if anatomy.female else 14
        layers += 2 * _ellipsoid(camera, (side * 88, -38, 95), (62, 48, muscle / 2), turn=side * 0.5)[1]
        layers += 2 * _ellipsoid(camera, (side * 150, -58, -40), (34, 90, 16), turn=side * 0.15)[1]
        if anatomy.female:
            size = anatomy.breast
            droop = 56 + 26 * size
            layers += 2 * _ellipsoid(camera, (side * 82, droop, 110), (62 * size, 54 * size, 20 * size))[1]
    return layers


def _diaphragm(camera: Camera, lungs: Lungs) -> list[Solid]:
    solids = []
    width, depth = lungs.anatomy.half_width, lungs.anatomy.depth
    for side in SIDES:
        x, y = camera.plane(0.0)
        across = (x - side * 0.5 * width) / (0.56 * width)
        height = np.clip((lungs.dome(side) + 70 - y) / 70, 0, None)
        solids.append((0.0, ((depth + 6) * chord(across**2 + height**2) ** 0.6).astype(np.float32)))
    return solids


def _heart(camera: Camera, lungs: Lungs) -> list[Solid]:
    size = lungs.anatomy.heart
    # A deep breath stretches the heart downwards and makes it slim.
    slim, drop = 1 - 0.05 * lungs.inspiration, 5 * lungs.inspiration + 0.35 * (lungs.dome(LEFT) - 94)
    ventricles = _ellipsoid(camera, (25, 58 + drop, 25), (70 * size * slim, 49 * size, 54), turn=0.62)
    atrium = _ellipsoid(camera, (-14, 54 + drop, 8), (31 * size * slim, 42 * size, 42))
    trunk = _ellipsoid(camera, (23, 2 + drop / 2, 18), (19 * size, 30, 30), turn=-0.35)
    return [ventricles, atrium, trunk]


def _mediastinum(camera: Camera, lungs: Lungs) -> list[Solid]:
    anatomy = lungs.anatomy
    x, y = camera.plane(0.0)
    right = 22 + 4 * np.sin((y + 20) / 38) + 9 * sigmoid((-92 - y) / 10) + 5 * sigmoid((y - 20) / 15)
    left = 21 - 6 * sigmoid((-70 - y) / 10) + 14 * sigmoid((-100 - y) / 9) + 5 * np.sin((y + 45) / 30)
    width = anatomy.mediastinum * np.where(x < 0, right, left)
    column = 46 * chord((x / width) ** 2.0) ** 0.8
    arch = 17 * anatomy.aorta
    knob = _ellipsoid(camera, (19 * anatomy.mediastinum, -44, -4), (arch, arch * 1.15, 34), turn=0.4)
    return [(0.0, column.astype(np.float32)), knob]


def _descending_aorta(camera: Camera, lungs: Lungs) -> Solid:
    anatomy = lungs.anatomy
    x, y = camera.plane(-52.0)
    course = anatomy.mediastinum * (24 - 14 * sigmoid((y - 60) / 30)) + _bow(anatomy, y)
    descending = 12 * anatomy.aorta * chord(((x - course) / (12 * anatomy.aorta)) ** 2) * (y > -48)
    return -52.0, descending.astype(np.float32)


def _airways(camera: Camera, lungs: Lungs) -> np.ndarray:
    x, y = camera.plane(-12.0)
    carina = -26.0
    radius = 8.2
    centre = -2 + 5 * sigmoid((-60 - y) / 15)
    trachea = 2 * radius * chord(((x - centre) / radius) ** 2) * sigmoid((carina + 3 - y) / 3)
    air = camera.blur(trachea, 0.8)
    for side, length, slope in ((RIGHT, 30, 1.2), (LEFT, 44, 0.8)):
        along = (side * (x + 2) + slope * (y - carina)) / np.hypot(1, slope)
        aside = (side * slope * (x + 2) - (y - carina)) / np.hypot(1, slope)
        ends = sigmoid((along - 2) / 3) * sigmoid((length - along) / 5)
        air += camera.blur(10.5 * chord((aside / 5.8) ** 2) * ends, 1.5)
    return (0.8 * air * lungs.anatomy.mediastinum**0.5).astype(np.float32)


def _stomach(camera: Camera, lungs: Lungs) -> np.ndarray:
    radius = lungs.anatomy.gas
    if not radius:
        return np.zeros((camera.coarse, camera.coarse), dtype=np.float32)
    centre = (62, lungs.dome(LEFT) + 10 + 0.75 * radius, 0)
    bubble = 2 * _ellipsoid(camera, centre, (1.35 * radius, 0.75 * radius, 0.9 * radius), turn=-0.2)[1]
    # Upright, the fluid stands level.
    y = camera.plane(0.0)[1]
    return bubble * sigmoid((centre[1] + 0.35 * radius - y) / 1.0).astype(np.float32)


def _ellipsoid(camera: Camera, centre: tuple, axes: tuple, turn: float = 0.0) -> Solid:
    """An ellipsoid of half-axes in mm, turned clockwise on the image by `turn` radians."""
    x, y = camera.plane(centre[2])
    x, y = x - centre[0], y - centre[1]
    cosine, sine = np.cos(turn), np.sin(turn)
    along, aside = cosine * x + sine * y, cosine * y - sine * x
    return centre[2], (axes[2] * chord((along / axes[0]) ** 2 + (aside / axes[1]) ** 2)).astype(np.float32)


def _hull(solids: list[Solid]) -> Solid:
    """Touching organs as one: from the backmost to the frontmost of those that a ray meets."""
    front = np.max([np.where(half > 0, depth + half, -FAR) for depth, half in solids], axis=0)
    back = np.min([np.where(half > 0, depth - half, FAR) for depth, half in solids], axis=0)
    met = front > back
    return np.where(met, front + back, 0) / 2, np.where(met, front - back, 0) / 2


def _bow(anatomy: Anatomy, y: np.ndarray) -> np.ndarray:
    """Sideways course of the spine, mm."""
    return anatomy.scoliosis * np.sin(np.asarray(y) / 75)
