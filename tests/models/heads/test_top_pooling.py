"""Top-k pooling: how many cells count, while training and after."""

import numpy as np
import pytest

from stages.models import front, runtime


@pytest.fixture(scope="module")
def layers():
    runtime.start()
    from stages.models import layers

    return layers


SCORES = np.random.default_rng(0).normal(size=(3, 4, 5, 2)).astype(np.float32)
SORTED = np.sort(SCORES.reshape(3, 20, 2), axis=1)[:, ::-1]


@pytest.mark.parametrize(("done", "count"), [(0.0, 8), (0.125, 4), (0.25, 2), (0.9, 2)])
def test_ever_fewer_cells_count_while_training(layers, done, count):
    pooling = layers.TopPooling2D(2, start=8)
    pooling.build(SCORES.shape)
    pooling.set_progress(done)
    np.testing.assert_allclose(pooling(SCORES, training=True), SORTED[:, :count].mean(axis=1), atol=1e-5)
    np.testing.assert_allclose(pooling(SCORES), SORTED[:, :2].mean(axis=1), atol=1e-6)


def test_between_whole_numbers_the_last_cell_counts_in_part(layers):
    pooling = layers.TopPooling2D(1, start=4)
    pooling.build(SCORES.shape)
    pooling.set_progress(0.1875)  # 4 to the power of a quarter
    expected = (SORTED[:, 0] + (2**0.5 - 1) * SORTED[:, 1]) / 2**0.5
    np.testing.assert_allclose(pooling(SCORES, training=True), expected, atol=1e-5)


def test_more_than_there_are_is_all(layers):
    pooling = layers.TopPooling2D(3, start=500)
    pooling.build(SCORES.shape)
    pooling.set_progress(0.0)
    np.testing.assert_allclose(pooling(SCORES, training=True), SORTED.mean(axis=1), atol=1e-5)


def test_it_is_told_with_the_model_and_has_no_weights(layers):
    import keras

    scores = keras.Input((4, 5, 2))
    model = keras.Model(scores, layers.TopPooling2D(2, start=8, name="pooling")(scores))
    layers.set_progress(model, 0.0)
    np.testing.assert_allclose(model(SCORES, training=True), SORTED[:, :8].mean(axis=1), atol=1e-5)
    assert front.named_weights(model) == {}
