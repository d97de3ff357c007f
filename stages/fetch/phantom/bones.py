"""Ribs, collar bones, shoulder blades and spine: added attenuation of bone over soft tissue.

A tubular bone is sampled over the surface of its cortex in three dimensions and its small volumes are shared among
pixels; so its edges, and the turns where a rib runs along the ray, come out brighter by themselves.
"""

import functools
from dataclasses import dataclass

import numpy as np

from stages.fetch.phantom.anatomy import SIDES, Anatomy, Lungs, Pose
from stages.fetch.phantom.materials import CORTICAL, SOFT, TRABECULAR
from stages.fetch.phantom.projection import Camera, chord, sigmoid

RIBS = 11
AROUND = 17
"""Samples around a tubular bone; an odd number, so that those at its front fall between those at its back."""


@dataclass(frozen=True)
class Tube:
    """A bent tube of elliptic section; lengths in mm."""

    course: np.ndarray
    """Centre line (k, 3)."""
    flat: np.ndarray
    """Unit direction (k, 3) of the short half-axis."""
    half_axes: tuple[float, float]
    """Short and long half-axis of the section."""
    cortex: float
    """Thickness of the compact shell."""
    strength: np.ndarray
    """Mineral content (k,) along the course, about 1."""


def bone_attenuation(camera: Camera, lungs: Lungs, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Added attenuation of sharp bone edges (size, size) and of the smooth rest (coarse, coarse)."""
    step = 1.25 * camera.field / camera.size
    tubes = [*_ribs(lungs, step), *_clavicles(lungs.anatomy, pose, step), *_shoulder_blades(lungs.anatomy, pose, step)]
    mineral = lungs.anatomy.bone
    cortex = [_shell(tube) for tube in tubes]
    marrow = [_core(tube) for tube in tubes]
    sharp = camera.blur(camera.splat(*_joined(cortex)), 0.4) * ((CORTICAL - SOFT) * mineral)
    smooth = camera.splat(*_joined(marrow), camera.coarse) * ((TRABECULAR - SOFT) * mineral)
    return sharp, camera.blur(smooth, 1.5) + _plates(camera, pose, mineral) + _spine(camera, lungs.anatomy)


def _ribs(lungs: Lungs, step: float) -> list[Tube]:
    anatomy = lungs.anatomy
    tubes = []
    for number in range(RIBS):
        height = (number + 0.3) / RIBS
        start = anatomy.apex + 2 + 205 * height + 30 * height**2 - 6 * lungs.inspiration * height
        drop = anatomy.rib_drop * (42 + 78 * np.sqrt(height)) * (1 - 0.07 * lungs.inspiration)
        width = float(lungs.lateral(start + 0.35 * drop)) + 3
        depth = float(lungs.half_depth(min(start + 0.35 * drop, lungs.base - 40))) + 4
        # The lowest ribs float: they end at the flank.
        end = np.pi * (0.86 - 0.5 * max(0, height - 0.8) - 0.12 * (1 - height) ** 4)
        angle = np.linspace(np.arcsin(min(19 / width, 0.9)), end, max(16, int(np.hypot(width, depth) * 2.4 / step)))
        # Behind, ribs run nearly level; in front they fall steeply towards the breastbone.
        fall = (angle / np.pi) ** 1.6
        strength = sigmoid((end - angle) / 0.05) * (1 - 0.2 * angle / np.pi)
        sine, cosine = np.sin(angle), np.cos(angle)
        bow = anatomy.scoliosis * np.sin(start / 75) * np.cos(angle / 2) ** 2
        for side in SIDES:
            course = np.stack([side * width * sine + bow, start + drop * fall, -depth * cosine - 2], axis=1)
            flat = np.stack([side * sine / width, np.zeros_like(angle), -cosine / depth], axis=1)
            flat /= np.sqrt((flat**2).sum(axis=1, keepdims=True))
            tubes.append(Tube(course, flat, (3.2, 6.4 - 0.8 * (number < 2)), 0.95, strength))
    return tubes


def _clavicles(anatomy: Anatomy, pose: Pose, step: float) -> list[Tube]:
    part = np.linspace(0, 1, max(16, int(150 / step)))
    tubes = []
    for side in SIDES:
        x = 19 + (0.98 * anatomy.half_width) * part
        y = anatomy.apex + 36 - 40 * part - 4 * np.sin(2 * np.pi * part) - 0.25 * pose.scapula * part
        z = 82 - 55 * part**1.5
        course = np.stack([side * x, y, z], axis=1)
        flat = np.tile([0.0, 0.35, 0.937], (part.size, 1))
        tubes.append(Tube(course, flat, (5.0, 6.6), 2.3, 0.9 + 0.1 * np.cos(6 * part)))
    return tubes


def _blade_corners(pose: Pose) -> np.ndarray:
    """Upper, lower and shoulder corner (3, 2) of a shoulder blade: distance from the midline, and y, in mm."""
    out = pose.scapula
    return np.array([[88 + 0.9 * out, -104], [112 + 1.5 * out, 22 - 0.4 * out], [162 + 0.4 * out, -84]])


def _shoulder_blades(anatomy: Anatomy, pose: Pose, step: float) -> list[Tube]:
    upper, lower, shoulder = _blade_corners(pose)
    tubes = []
    for side in SIDES:
        for first, last, radius, bend in (
            (upper, lower, 2.0, 5),
            (lower, shoulder, 3.4, -7),
            (upper, shoulder, 3.0, 4),
        ):
            part = np.linspace(0, 1, max(16, int(130 / step)))
            line = first + (last - first) * part[:, None]
            line[:, 0] += bend * np.sin(np.pi * part)
            course = np.stack([side * line[:, 0], line[:, 1], np.full(part.size, -anatomy.depth - 8)], axis=1)
            flat = np.tile([0.0, 0.0, 1.0], (part.size, 1))
            tubes.append(Tube(course, flat, (radius, radius), 1.0, np.full(part.size, 0.9)))
    return tubes


def _plates(camera: Camera, pose: Pose, mineral: float) -> np.ndarray:
    """The thin plates of the shoulder blades and the heads of the upper arms."""
    x, y = camera.plane(-95.0)
    corners = _blade_corners(pose)
    total = np.zeros_like(x)
    for side in SIDES:
        inside = np.full_like(x, np.inf)
        for first, last in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            along = last - first
            across = (along[0] * (y - first[1]) - along[1] * (side * x - first[0])) / np.hypot(*along)
            inside = np.minimum(inside, -across)
        total += 3.0 * sigmoid(inside / 1.5)
        head = ((side * x - 190 - 0.3 * pose.scapula) / 25) ** 2 + ((y + 84) / 25) ** 2
        shaft = ((side * x - 202 - 0.3 * pose.scapula - 0.1 * y) / 12) ** 2
        total += 40 * chord(head) + 18 * chord(shaft) * sigmoid((y + 80) / 6)
    return (total * (TRABECULAR - SOFT) * 1.3 * mineral).astype(np.float32)


def _spine(camera: Camera, anatomy: Anatomy) -> np.ndarray:
    """Vertebral bodies with their end plates, pedicles and spinous processes."""
    depth = -58.0
    x, y = camera.plane(depth)
    aside = x - anatomy.scoliosis * np.sin(y / 75)
    # Vertebrae grow downwards: equal steps of the logarithm.
    growth = np.clip(1 + (y + 130) / 900, 0.7, 1.6)
    level = np.log(growth) * 900 / 21
    place = level - np.floor(level)
    half_width = 15.5 * growth + 2.2 * np.cos(2 * np.pi * place)
    within = sigmoid((half_width - np.abs(aside)) / 0.8)
    disc = sigmoid((np.abs(place - 0.5) - 0.40) / 0.03)
    plate = np.exp(-(((np.abs(place - 0.5) - 0.38) / 0.045) ** 2))
    rim = np.exp(-(((np.abs(aside) - half_width + 1.5) / 1.3) ** 2)) * (1 - disc)
    trabecular = within * 20 * growth * (1 - 0.85 * disc)
    cortical = within * 2.6 * plate + 2.6 * rim
    for side in SIDES:
        cortical += 3.2 * sigmoid((1 - ((aside - side * 9.5 * growth) / 4) ** 2 - ((place - 0.36) / 0.2) ** 2) * 4)
        process = ((side * aside - half_width - 4) / 9) ** 2 + ((place - 0.3) / 0.16) ** 2
        trabecular += 9 * sigmoid((1 - process) * 4)
    cortical += 3.5 * sigmoid((1 - (aside / 3) ** 2 - ((place - 0.78) / 0.26) ** 2) * 4)
    added = trabecular * (TRABECULAR - SOFT) + cortical * (CORTICAL - SOFT)
    return (added * anatomy.bone).astype(np.float32)


def _shell(tube: Tube) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) over the compact shell and the bone volume (n,) at each, mm3."""
    return _surface(tube, 1.0, tube.cortex, AROUND)


def _core(tube: Tube) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) inside the shell and the marrow's volume (n,) at each, mm3."""
    coarser = Tube(tube.course[::2], tube.flat[::2], tube.half_axes, tube.cortex, tube.strength[::2])
    return _surface(coarser, 0.5, float(np.mean(tube.half_axes)), AROUND // 2)


def _surface(tube: Tube, part: float, thickness: float, around: int) -> tuple[np.ndarray, np.ndarray]:
    tangent = _gradient(tube.course)
    length = np.sqrt((tangent**2).sum(axis=1))
    tall = _cross(tangent / length[:, None], tube.flat)
    cosine, sine, arc = (values[: len(length)] for values in _rings(tube.half_axes, part, around, _room(len(length))))
    points = tube.course[:, None, :] + tube.flat[:, None, :] * cosine[..., None] + tall[:, None, :] * sine[..., None]
    volumes = (length * tube.strength)[:, None] * arc * thickness
    return points.reshape(-1, 3), volumes.reshape(-1)


@functools.lru_cache(maxsize=64)
def _rings(half_axes: tuple[float, float], part: float, around: int, count: int) -> tuple[np.ndarray, ...]:
    """Of `count` rings of samples, each (count, around): how far along both axes, and the length of arc, mm."""
    short_axis, long_axis = (part * half for half in half_axes)
    # Each ring of samples is turned against the one before by the golden ratio of a step, or they would line up.
    turns = np.arange(around)[None, :] + (np.arange(count) * 0.618034 % 1)[:, None]
    angle = turns * (2 * np.pi / around)
    cosine, sine = short_axis * np.cos(angle), long_axis * np.sin(angle)
    slope = np.hypot(cosine * (long_axis / short_axis), sine * (short_axis / long_axis))
    return cosine, sine, slope * (2 * np.pi / around)


def _room(count: int) -> int:
    """A power of two that is at least `count`: tubes of most lengths share their rings."""
    return 1 << (count - 1).bit_length()


def _gradient(course: np.ndarray) -> np.ndarray:
    """np.gradient along the first axis, without its overhead on the many short courses."""
    slope = np.empty_like(course)
    slope[1:-1] = (course[2:] - course[:-2]) / 2
    slope[0], slope[-1] = course[1] - course[0], course[-1] - course[-2]
    return slope


def _cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """np.cross of vectors (n, 3), without its overhead."""
    (a, b, c), (u, v, w) = one.T, other.T
    return np.stack([b * w - c * v, c * u - a * w, a * v - b * u], axis=1)


def _joined(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([points for points, _ in parts]), np.concatenate([volumes for _, volumes in parts])
