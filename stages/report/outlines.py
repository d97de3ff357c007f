"""Regions as SVG paths in pixels of the stored image."""

import numpy as np


def box_path(x: float, y: float, width: float, height: float) -> str:
    """The outline of a box."""
    return f"M{x:g} {y:g}h{width:g}v{height:g}h{-width:g}Z"


def outline(mask: np.ndarray, tolerance: float) -> str:
    """The borders of a boolean mask (h, w) as one SVG path; a hole is a further loop (fill rule: even-odd).

    Args:
        mask: what is inside.
        tolerance: how far, in pixels, the simplified border may be from the true one.
    """
    from contourpy import contour_generator

    padded = np.pad(mask.astype(np.float32), 1)
    loops = contour_generator(z=padded).lines(0.5)
    return "".join(_path(loop - 0.5, tolerance) for loop in loops)


def _path(loop: np.ndarray, tolerance: float) -> str:
    """A closed loop (n, 2) of x, y; array index i + 1 in the padded mask is the centre of pixel i, at i + 0.5."""
    far = int(np.argmax(np.linalg.norm(loop - loop[0], axis=1)))
    points = np.concatenate([_simplify(loop[: far + 1], tolerance)[:-1], _simplify(loop[far:], tolerance)[:-1]])
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _simplify(points: np.ndarray, tolerance: float) -> np.ndarray:
    """Ramer (1972), Douglas and Peucker (1973): keep the points that are farther than `tolerance` from the rest."""
    keep = np.zeros(len(points), bool)
    keep[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        start, end = spans.pop()
        if end - start < 2:
            continue
        distance = _distance(points[start + 1 : end], points[start], points[end])
        farthest = int(np.argmax(distance))
        if distance[farthest] > tolerance:
            middle = start + 1 + farthest
            keep[middle] = True
            spans += [(start, middle), (middle, end)]
    return points[keep]


def _distance(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Of points (n, 2), the distance to the line through start and end (to start, where the two are one)."""
    along = end - start
    length = np.hypot(*along)
    offset = points - start
    if length == 0:
        return np.linalg.norm(offset, axis=1)
    return np.abs(along[0] * offset[:, 1] - along[1] * offset[:, 0]) / length
