"""The standardiser against numpy."""

import itertools

import numpy as np

from stages.train import standardize


def test_mean_and_deviation_are_numpy_s_whatever_the_chunks():
    features = np.random.default_rng(0).normal(50, [1, 3, 0.01], (40, 4, 5, 3)).astype(np.float16)
    exact = features.astype(np.float64)
    for sizes in ([40], [13, 13, 13, 1]):
        places = np.cumsum([0, *sizes])
        mean, deviation = standardize.fit(features[a:b] for a, b in itertools.pairwise(places))
        assert mean.dtype == deviation.dtype == np.float32
        np.testing.assert_allclose(mean, exact.mean(axis=(0, 1, 2)), rtol=1e-6)
        np.testing.assert_allclose(deviation, exact.std(axis=(0, 1, 2)), rtol=1e-5)


def test_a_channel_that_never_varies_is_not_divided_by_zero():
    features = np.zeros((5, 2, 2, 3), np.float32)
    features[..., 1] = 1234.5678
    features[..., 2] = np.arange(20).reshape(5, 2, 2)
    mean, deviation = standardize.fit([features])
    np.testing.assert_array_equal(deviation[:2], [1, 1])
    np.testing.assert_allclose(mean, [0, 1234.5678, 9.5])
    assert deviation[2] > 5


def test_large_values_do_not_overflow():
    features = np.full((100, 7, 7, 1), 60_000, np.float16)
    mean, deviation = standardize.fit([features])
    np.testing.assert_allclose(mean, [60_000], rtol=1e-3)
    np.testing.assert_array_equal(deviation, [1])


def test_bags_and_vectors_have_channels_last():
    features = np.random.default_rng(0).random((6, 4, 2, 2, 3))
    np.testing.assert_allclose(standardize.fit([features])[0], features.mean(axis=(0, 1, 2, 3)), rtol=1e-6)


def test_of_nothing_at_all_there_is_neither_mean_nor_deviation():
    mean, deviation = standardize.fit([np.zeros((0, 3), np.float32)])
    np.testing.assert_array_equal(mean, [0, 0, 0])
    np.testing.assert_array_equal(deviation, [1, 1, 1])
