"""The geometry under the phantom: points, planes and path lengths."""

import numpy as np
import pytest

from stages.fetch.phantom.bones import Tube, _shell
from stages.fetch.phantom.projection import Camera, chord

TURNED = Camera(128, 400.0, yaw=0.08, pitch=-0.05, roll=0.04, shift=(7.0, -9.0))


@pytest.mark.parametrize("depth", [-90.0, 0.0, 110.0])
def test_plane_is_the_inverse_of_project(depth):
    x, y = TURNED.plane(depth, TURNED.size)
    column, row = TURNED.project(np.stack([x, y, np.full(x.shape, depth)], axis=-1))
    rows, columns = np.mgrid[:128, :128] + 0.5
    np.testing.assert_allclose(column, columns, atol=1e-3)
    np.testing.assert_allclose(row, rows, atol=1e-3)


def test_a_window_is_the_same_part_of_the_whole_plane():
    window = TURNED.window(np.array([30.0, -20.0, 40.0]), 25.0)
    whole = TURNED.plane(40.0, TURNED.size)
    for part, full in zip(TURNED.plane(40.0, TURNED.size, window), whole, strict=True):
        np.testing.assert_allclose(part, full[window], atol=1e-4)
    assert TURNED.window(np.array([900.0, 0.0, 0.0]), 25.0)[1] == slice(128, 128)


def test_the_front_appears_larger_and_moves_against_the_back_when_turned():
    assert TURNED.magnification(100.0) < TURNED.magnification(-100.0)
    (front, back), _ = TURNED.project(np.array([[0, 0, 100.0], [0, 0, -100.0]]))
    assert front > back


def test_a_splat_keeps_the_volume():
    random = np.random.default_rng(0)
    points, volumes = random.uniform(-60, 60, (20000, 3)), random.uniform(0, 5, 20000)
    layer = TURNED.splat(points, volumes)
    scale = TURNED.magnification(points[:, 2])
    assert layer.sum() * (400.0 / 128) ** 2 == pytest.approx((volumes * scale**2).sum(), rel=1e-5)
    left_out = TURNED.splat(np.array([[1000.0, 0, 0]]), np.array([1.0]))
    assert not left_out.any()


def test_chord_is_half_the_path_through_a_unit_sphere():
    np.testing.assert_allclose(chord(np.array([0.0, 0.36, 1.0, 4.0])), [1.0, 0.8, 0.0, 0.0])


def test_the_shell_of_a_tube_has_the_volume_of_its_surface():
    course = np.stack([np.linspace(0, 100, 400), np.zeros(400), np.zeros(400)], axis=1)
    tube = Tube(course, np.tile([0.0, 0.0, 1.0], (400, 1)), (3.0, 6.0), 1.0, np.ones(400))
    points, volumes = _shell(tube)
    circumference = 29.06  # of an ellipse of half-axes 3 and 6 (Ramanujan)
    assert volumes.sum() == pytest.approx(100 * circumference, rel=0.01)
    np.testing.assert_allclose((points[:, 1] / 6) ** 2 + (points[:, 2] / 3) ** 2, 1, atol=1e-6)
