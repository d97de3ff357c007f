"""What draws the eye without being a finding: vessels seen end-on, nipples, devices, wires. Alike in both classes.

Nothing here may look at the label: its random streams and its settings are the same for normal and abnormal patients.
"""

import numpy as np

from stages.fetch.phantom.anatomy import LEFT, RIGHT, SIDES, Lungs
from stages.fetch.phantom.materials import LUNG, METAL, PLASTIC, SOFT
from stages.fetch.phantom.projection import ORIGIN_TO_DETECTOR, Camera, sigmoid

FRONT = 118.0
"""z of the skin and the gown at the front, mm."""
LETTERS = {
    "L": [((0, 0), (0, 1)), ((0, 1), (0.6, 1))],
    "R": [
        ((0, 0), (0, 1)),
        ((0, 0), (0.6, 0.1)),
        ((0.6, 0.1), (0.6, 0.4)),
        ((0.6, 0.4), (0, 0.5)),
        ((0.2, 0.5), (0.65, 1)),
    ],
}
"""Strokes of the side markers, in parts of their height."""
Curve = tuple[np.ndarray, float, float]
"""Control points (4, 3) in mm, cross-section in mm2, added attenuation per mm."""


def distractor_attenuation(
    camera: Camera,
    lungs: Lungs,
    patient_random: np.random.Generator,
    image_random: np.random.Generator,
) -> np.ndarray:
    """Added attenuation (size, size) of the patient's own distractors and of those of one image."""
    layer = np.zeros((camera.size, camera.size), dtype=np.float32)
    _add_end_on_vessels(layer, camera, lungs, patient_random)
    _add_nipples(layer, camera, lungs, patient_random)
    curves = [*_pacemaker(layer, camera, lungs, patient_random), *_central_line(lungs, patient_random)]
    curves += _leads(layer, camera, image_random)
    _add_buttons(layer, camera, image_random)
    return layer + _wires(camera, curves)


def side_marker(camera: Camera, random: np.random.Generator) -> np.ndarray:
    """The lead letter that tells the side, on the detector itself: L at the image's right, or R at its left."""
    letter = str(random.choice(["L", "R", ""], p=[0.6, 0.25, 0.15]))
    edge = camera.field / 2
    corner = np.array([random.uniform(22, 42), random.uniform(16, 70)])
    height = random.uniform(10, 16)
    tilt = random.normal(0, 0.12)
    if not letter:
        return np.zeros((camera.size, camera.size), dtype=np.float32)
    strokes = LETTERS[letter]
    side = LEFT if letter == "L" else RIGHT
    origin = np.array([side * (edge - corner[0]), -edge + corner[1]])
    detector = Camera(camera.size, camera.field)
    layer = np.zeros((camera.size, camera.size), dtype=np.float32)
    for first, last in strokes:
        line = np.linspace(first, last, 4 * max(8, round(height * camera.size / camera.field))) * height
        x, y = line[:, 0] - tilt * line[:, 1] + origin[0], line[:, 1] + tilt * line[:, 0] + origin[1]
        points = np.stack([x, y, np.full(len(line), ORIGIN_TO_DETECTOR)], axis=1)
        length = np.hypot(*(line[-1] - line[0])) / len(line)
        layer += detector.splat(points, np.full(len(line), 2.5 * length))
    return np.minimum(detector.blur(layer, 0.6) * 2.5, 3.0)


def _add_end_on_vessels(layer: np.ndarray, camera: Camera, lungs: Lungs, random: np.random.Generator) -> None:
    for _ in range(int(random.integers(2, 7))):
        place = lungs.position(int(random.choice(SIDES)), random.uniform(0.3, 0.85), random.uniform(-0.5, 0.4), 0.0)
        radius, length = random.uniform(1.3, 2.8), random.uniform(7, 13)
        _add_disc(layer, camera, place, radius, length * (SOFT - LUNG), edge=0.5)


def _add_nipples(layer: np.ndarray, camera: Camera, lungs: Lungs, random: np.random.Generator) -> None:
    anatomy = lungs.anatomy
    aside = random.normal(88, 8)
    height = random.normal(58 + 26 * anatomy.breast if anatomy.female else 42, 9)
    seen = random.random() < 0.45
    for side in SIDES:
        place = np.array([side * (aside + random.normal(0, 4)), height + random.normal(0, 5), FRONT])
        radius, thickness = random.uniform(3.5, 5.5), random.uniform(4, 8)
        if seen and random.random() < 0.85:
            # Skin around it is pressed flat, so air shows its lower outer edge sharply.
            _add_disc(layer, camera, place, radius, thickness * SOFT, edge=0.4)


def _pacemaker(layer: np.ndarray, camera: Camera, lungs: Lungs, random: np.random.Generator) -> list[Curve]:
    present = random.random() < 0.06
    place = np.array([random.normal(92, 8), random.normal(-68, 8), 108.0])
    width, height = random.uniform(21, 26), random.uniform(19, 24)
    atrial = random.random() < 0.5
    if not present:
        return []
    window = camera.window(place, 30)
    x, y = camera.plane(place[2], camera.size, window)
    x, y = x - place[0], y - place[1]
    case = (np.abs(x) / width) ** 3 + (np.abs(y + 0.15 * x) / height) ** 3
    inner = sigmoid((1 - (x / width / 0.62) ** 2 - ((y - 4) / height / 0.5) ** 2) * 8)
    layer[window] += (
        1.3 * sigmoid((1 - case) * 12) + 0.8 * inner + 0.6 * sigmoid((1 - case) * 12) * (y < -0.55 * height)
    )
    vein, apex = np.array([30.0, -85.0, 40.0]), np.array([62.0, 78.0 + 6 * lungs.inspiration, 45.0])
    ends = [apex] + ([np.array([-20.0, 40.0, 40.0])] if atrial else [])
    start = place + [-0.6 * width, -0.8 * height, -4]
    return [(np.stack([start, vein + [10, -20, 0], [-48, -20, 20], end]), 1.3, 0.35) for end in ends]


def _central_line(lungs: Lungs, random: np.random.Generator) -> list[Curve]:
    present = random.random() < 0.12
    from_neck = random.random() < 0.6
    tip = np.array([random.normal(-19, 3), random.normal(8, 10), 25.0])
    apex = lungs.anatomy.apex
    start = np.array([-38.0, apex - 40, 30.0]) if from_neck else np.array([-120.0, apex + 30, 70.0])
    middle = np.array([-34.0, apex + 10, 40.0]) if from_neck else np.array([-50.0, apex - 6, 60.0])
    return [(np.stack([start, middle, [-26.0, -60.0, 30.0], tip]), 3.6, PLASTIC)] if present else []


def _leads(layer: np.ndarray, camera: Camera, random: np.random.Generator) -> list[Curve]:
    """Electrodes on the skin, each with a wire that leaves the image downwards."""
    count = int(random.choice([0, 2, 3, 4], p=[0.66, 0.08, 0.18, 0.08]))
    strength = random.uniform(0.3, 1.0) * METAL
    exit_point = np.array([random.uniform(-150, 150), 260.0, FRONT + 15])
    curves = []
    for index in range(count):
        side = SIDES[index % 2]
        low = index >= 2
        place = np.array([side * random.normal(92, 16), random.normal(72 if low else -72, 14), FRONT])
        _add_disc(layer, camera, place, random.uniform(11, 17), 0.025, edge=0.4)
        _add_disc(layer, camera, place, random.uniform(3.6, 5.0), 0.7, edge=0.3)
        swing = random.normal(0, 35, (2, 3)) * [1, 1, 0]
        inner = [place + (exit_point - place) * part + swing[row] for row, part in enumerate((0.3, 0.7))]
        curves.append((np.stack([place, *inner, exit_point]), 0.35, strength))
    return curves


def _add_buttons(layer: np.ndarray, camera: Camera, random: np.random.Generator) -> None:
    present = random.random() < 0.06
    top, pitch, aside = random.uniform(-110, -60), random.uniform(42, 60), random.normal(0, 12)
    radius, density = random.uniform(5, 7), random.uniform(0.05, 0.3)
    for number in range(4 if present else 0):
        place = np.array([aside + 2 * number, top + pitch * number, FRONT + 5])
        _add_disc(layer, camera, place, radius, density, edge=0.3)
        for hole in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
            _add_disc(layer, camera, place + [1.7 * hole[0], 1.7 * hole[1], 0], 0.9, -density, edge=0.3)


def _wires(camera: Camera, curves: list[Curve]) -> np.ndarray:
    layer = np.zeros((camera.size, camera.size), dtype=np.float32)
    if curves:
        courses = [(*_bezier(course, camera), area * attenuation) for course, area, attenuation in curves]
        points = np.concatenate([points for points, _, _ in courses])
        layer += camera.splat(points, np.concatenate([lengths * strength for _, lengths, strength in courses]))
    return layer


def _add_disc(
    layer: np.ndarray, camera: Camera, place: np.ndarray, radius: float, attenuation: float, edge: float
) -> None:
    """Add a round plate with an edge of so many mm."""
    window = camera.window(place, radius + 4 * edge)
    x, y = camera.plane(float(place[2]), camera.size, window)
    layer[window] += attenuation * sigmoid((radius - np.hypot(x - place[0], y - place[1])) / (0.5 * edge))


def _bezier(control: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) along a cubic curve, closer than a pixel, and the length of each, mm."""
    reach = np.sqrt((np.diff(control, axis=0) ** 2).sum(axis=1)).sum()
    count = max(16, int(1.6 * reach * camera.size / camera.field))
    part = ((np.arange(count) + 0.5) / count)[:, None]
    weights = ((1 - part) ** 3, 3 * part * (1 - part) ** 2, 3 * part**2 * (1 - part), part**3)
    points = sum(weight * point for weight, point in zip(weights, control, strict=True))
    return points, np.sqrt((np.gradient(points, axis=0) ** 2).sum(axis=1))
