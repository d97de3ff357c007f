"""Hashes of any image, and the search for close ones against brute force."""

import itertools

import numpy as np
from PIL import Image

from stages.common.perceptual import close_pairs, detail, nearest_pairs, perceptual_hash, thumbnail

HASHES = [f"{value:016x}" for value in (0, 1, 3, 2**63, 0xFFFF, 2**64 - 1)]


def apart(one, other):
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_close_pairs_against_brute_force():
    random = np.random.default_rng(0)
    hashes = [f"{int(value):016x}" for value in random.integers(0, 2**10, 600)]  # more than a block
    expected = {
        (i, j, apart(hashes[i], hashes[j]))
        for i, j in itertools.combinations(range(600), 2)
        if apart(hashes[i], hashes[j]) <= 1
    }
    assert set(zip(*(values.tolist() for values in close_pairs(hashes, 1)), strict=True)) == expected
    assert [len(values) for values in close_pairs([], 5)] == [0, 0, 0]


def test_nearest_pairs_against_brute_force():
    random = np.random.default_rng(1)
    hashes = [f"{int(value):016x}" for value in random.integers(0, 2**20, 550)]
    sides = random.integers(0, 3, 550)
    across = [
        (apart(hashes[i], hashes[j]), i, j) for i, j in itertools.combinations(range(550), 2) if sides[i] != sides[j]
    ]
    first, second, distance = nearest_pairs(hashes, sides, 25)
    assert list(zip(distance, first, second, strict=True)) == sorted(across)[:25]


def test_nearest_pairs_are_never_on_one_side():
    assert [len(values) for values in nearest_pairs(HASHES, np.zeros(6), 10)] == [0, 0, 0]
    first, second, _ = nearest_pairs(HASHES, np.array([0, 0, 0, 0, 0, 1]), 10)
    assert set(second) == {5}
    assert len(first) == 5


def test_thumbnails_of_any_depth_look_alike():
    levels = (np.add.outer(np.arange(90), np.arange(70)) % 97).astype(np.uint8)
    eight = thumbnail(Image.fromarray(levels))
    deep = thumbnail(Image.fromarray(levels.astype(np.uint16) * 257))
    colour = thumbnail(Image.fromarray(np.dstack([levels] * 3)))
    assert eight.shape == (32, 32)
    np.testing.assert_allclose(deep / 257, eight, atol=1)  # 8 bits are rounded twice
    np.testing.assert_allclose(colour, eight, atol=1)


def test_a_plain_image_is_like_nothing():
    plain = thumbnail(Image.new("L", (50, 50), 77))
    assert perceptual_hash(plain) == "0" * 16
    assert not detail(plain).any()
