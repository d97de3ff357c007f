"""DropBlock against what its paper says, by counting."""

import numpy as np
import pytest

from stages.models import front, runtime


@pytest.fixture(scope="module")
def dropped():
    """Ones after a DropBlock in training: a function of (shape, keep, size, shared, progress)."""
    runtime.start()
    from stages.models.layers import DropBlock

    def of(shape, keep, size, shared=False, progress=1.0, value=1.0):
        layer = DropBlock(keep, size, shared, 1.0, seed=3)
        layer.build(shape)
        layer.progress.assign(progress)
        return layer(np.full(shape, value, np.float32), training=True).numpy()

    return of


def test_single_cells_are_kept_as_often_as_asked(dropped):
    share = (dropped((64, 20, 20, 8), 0.9, 1) > 0).mean()
    assert share == pytest.approx(0.9, abs=5 * np.sqrt(0.9 * 0.1 / (64 * 400 * 8)))


def test_squares_drop_somewhat_less_than_asked_as_they_overlap(dropped):
    """With gamma from the map's size the expected number of dropped cells, overlaps counted twice, is 1 - keep."""
    for keep in (0.7, 0.9):
        share = (dropped((256, 14, 14, 16), keep, 5) == 0).mean()
        assert (1 - keep) * 0.7 < share < 1 - keep
    # inside, where every square may lie, a cell is kept if none of the 25 squares over it is drawn
    gamma = 0.3 / 25 * 14 * 14 / 10**2
    middle = (dropped((512, 14, 14, 16), 0.7, 5)[:, 4:10, 4:10] > 0).mean()
    assert middle == pytest.approx((1 - gamma) ** 25, abs=0.005)


def test_what_is_dropped_are_whole_squares_on_the_map(dropped):
    found = dropped((400, 12, 12, 1), 0.97, 3)[..., 0] == 0
    for picture in found[found.any(axis=(1, 2))]:
        covered = np.zeros_like(picture)
        for y in range(10):
            for x in range(10):
                if picture[y : y + 3, x : x + 3].all():
                    covered[y : y + 3, x : x + 3] = True
        np.testing.assert_array_equal(covered, picture)


def test_height_and_width_are_the_axes_that_squares_lie_on(dropped):
    """The ancestor's DropBlock read the channel axis as width."""
    found = dropped((200, 6, 18, 4), 0.9, 3) == 0
    rows, columns = found.any(axis=(2, 3)).sum(axis=1), found.any(axis=(1, 3)).sum(axis=1)
    assert rows[rows > 0].min() >= 3
    assert columns[columns > 0].min() >= 3
    by_channel = found.reshape(200, -1, 4)
    assert not np.array_equal(by_channel[..., 0], by_channel[..., 1])


def test_shared_masks_are_the_same_in_all_channels_and_others_are_not(dropped):
    shared = dropped((32, 8, 8, 5), 0.8, 3, shared=True)
    assert (shared == shared[..., :1]).all()
    own = dropped((32, 8, 8, 5), 0.8, 3)
    assert not (own == own[..., :1]).all()
    assert len({picture.tobytes() for picture in shared}) > 16


def test_what_is_left_is_enlarged_so_that_the_sum_stays(dropped):
    for size in (1, 3, 7):
        assert dropped((16, 9, 9, 6), 0.8, size, value=2.0).mean() == pytest.approx(2.0, rel=1e-5)


def test_a_square_larger_than_the_map_is_the_map(dropped):
    found = dropped((600, 4, 4, 1), 0.75, 7)[..., 0] > 0
    whole = found.all(axis=(1, 2))
    assert (whole | ~found.any(axis=(1, 2))).all()
    assert whole.mean() == pytest.approx(0.75, abs=0.06)


def test_nothing_happens_at_inference_nor_before_the_schedule_begins(dropped):
    from stages.models.layers import DropBlock

    values = np.random.default_rng(0).random((2, 6, 6, 3)).astype(np.float32)
    layer = DropBlock(0.5, 3, False, 1.0, seed=0)
    np.testing.assert_array_equal(layer(values).numpy(), values)
    assert (dropped((4, 8, 8, 3), 0.5, 3, progress=0.0) == 1).all()
    half = (dropped((64, 20, 20, 8), 0.8, 1, progress=0.5) == 0).mean()
    assert half == pytest.approx(0.1, abs=0.005)


@pytest.mark.parametrize(
    ("ramp", "expected"), [(0.5, [0, 0.1, 0.5, 1, 1]), (0.0, [1, 1, 1, 1, 1]), (1.0, [0, 0.05, 0.25, 0.5, 0.95])]
)
def test_the_schedule_is_linear_in_what_is_done(ramp, expected):
    from stages.models.layers import DropBlock

    layer = DropBlock(0.9, 3, False, ramp, seed=0)
    layer.build((1, 8, 8, 3))
    found = []
    for done in (0, 0.05, 0.25, 0.5, 0.95):
        layer.set_progress(done)
        found.append(float(layer.progress))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_random_numbers_and_schedules_are_no_weights():
    import keras

    from stages.models.layers import DropBlock, set_progress

    image = keras.Input((8, 8, 3))
    model = keras.Model(image, DropBlock(0.9, 3, False, 1.0, seed=0, name="drop")(image))
    assert front.named_weights(model) == {}
    set_progress(model, 0.25)
    assert float(model.get_layer("drop").progress) == 0.25
