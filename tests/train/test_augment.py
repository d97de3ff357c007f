"""Each change does what its key says, to each image by itself, and the same again."""

import numpy as np
import pytest

from stages.common import params
from stages.common.errors import UserError
from stages.train import augment
from stages.train.augment_settings import Settings
from tests import factories

SIDE = 32


def images(count: int = 24) -> np.ndarray:
    """The same picture many times: a bright square off the centre of a grey gradient, with colours of its own."""
    picture = np.full((SIDE, SIDE, 3), 100.0, np.float32) + np.arange(SIDE, dtype=np.float32)[:, None, None]
    picture[6:14, 8:14] = [250, 200, 150]
    return np.repeat(picture[None], count, axis=0)


def changed(seed: int = 0, count: int = 24, **keys: object) -> np.ndarray:
    result = images(count)
    for layer in augment.layers(Settings(**keys), seed):
        result = layer(result, training=True)
    return np.asarray(result)


def square(batch: np.ndarray) -> np.ndarray:
    """Centre (y, x) of the bright square of each image, in pixels."""
    bright = batch[..., 0] > 200
    assert bright.any(axis=(1, 2)).all()
    return np.array([np.argwhere(one).mean(axis=0) for one in bright])


CHANGES = [
    {"flip": "both"},
    {"rotation": 30.0},
    {"shear": 0.3},
    {"zoom": 0.3},
    {"shift": 0.2},
    {"crop": 0.8},
    {"brightness": 0.2},
]


@pytest.mark.parametrize("keys", CHANGES, ids=lambda keys: next(iter(keys)))
def test_a_change_is_seeded_and_another_one_for_each_image(keys):
    once = changed(5, **keys)
    assert once.shape == images().shape
    np.testing.assert_array_equal(once, changed(5, **keys))
    assert np.abs(once - changed(6, **keys)).max() > 1
    assert len(np.unique(once.reshape(len(once), -1), axis=0)) > 2
    assert once.min() >= 0
    assert once.max() <= 255


def test_at_rest_there_is_no_layer():
    assert augment.layers(Settings(), 0) == []
    assert not Settings().active
    assert Settings(crop=0.9).active


@pytest.mark.parametrize(("flip", "axes"), [("horizontal", [2]), ("vertical", [1]), ("both", [1, 2])])
def test_flips_are_mirrors_in_the_named_directions_only(flip, axes):
    here = images(1)[0]
    allowed = [here] + [np.flip(here, axis - 1) for axis in axes]
    if len(axes) == 2:
        allowed.append(here[::-1, ::-1])
    seen = set()
    for one in changed(flip=flip, count=64):
        matches = [number for number, other in enumerate(allowed) if np.array_equal(one, other)]
        assert len(matches) == 1
        seen.add(matches[0])
    assert seen == set(range(len(allowed)))


def test_a_shift_moves_by_up_to_its_share_either_way():
    moved = square(changed(shift=0.2, count=64)) - square(images(1))
    assert (np.abs(moved) <= 0.2 * SIDE + 0.6).all()
    assert (moved.min(axis=0) < -2).all()
    assert (moved.max(axis=0) > 2).all()


def test_mirrored_and_shifted_images_are_not_blurred():
    result = changed(shift=0.2, flip="both")
    assert set(np.unique(result)) <= set(np.unique(images(1)))


def test_mirrored_and_shifted_images_are_those_of_the_affine_transformation():
    pictures = np.random.default_rng(0).integers(0, 255, (12, 10, 14, 2)).astype(np.uint8)
    made = {}
    for blurs in (False, True):
        layer = augment.RandomAffine(Settings(flip="both", shift=0.3), 3)
        layer._blurs = blurs
        made[blurs] = np.asarray(layer(pictures))
    assert made[False].dtype == np.uint8
    np.testing.assert_allclose(made[False], made[True], atol=1e-3)


def test_changes_of_place_are_made_at_once():
    assert len(augment.layers(Settings(flip="both", rotation=9, shear=0.1, zoom=0.1, shift=0.1, crop=0.9), 0)) == 1


def test_a_zoom_enlarges_and_shrinks_about_the_centre():
    area = (images(1)[..., 0] > 200).sum()
    areas = (changed(zoom=0.3, count=64)[..., 0] > 200).sum(axis=(1, 2)) / area
    assert 0.45 < areas.min() < 0.75
    assert 1.4 < areas.max() < 2.3


def test_a_shear_moves_rows_in_proportion_to_their_height():
    """The middle stays; no place moves by more than the share of its distance."""
    moved = square(changed(shear=0.3, count=64)) - square(images(1))
    away = np.abs(square(images(1))[0] - (SIDE - 1) / 2)
    assert (np.abs(moved) <= 0.3 * away[::-1] + 0.8).all()
    assert (np.abs(moved).max(axis=0) > 0.5 * 0.3 * away[::-1]).all()


def test_a_rotation_keeps_the_distance_from_the_centre():
    centre = (SIDE - 1) / 2
    before, after = square(images(1)) - centre, square(changed(rotation=30.0, count=64)) - centre
    np.testing.assert_allclose(np.hypot(*after.T), np.hypot(*before[0]), atol=0.8)
    turned = np.degrees(np.arctan2(*after.T) - np.arctan2(*before.T))
    assert -33 < turned.min() < -15
    assert 15 < turned.max() < 33


def test_brightness_adds_one_value_within_its_share_of_white():
    added = changed(brightness=0.1) - images()
    grey = added[:, -1, -1, 0]
    assert np.abs(grey).max() <= 25.5 + 1e-3
    assert grey.min() < -5
    assert grey.max() > 5
    np.testing.assert_allclose(
        added[:, 20:, :, :], np.broadcast_to(grey[:, None, None, None], (24, 12, 32, 3)), atol=1e-3
    )


def test_a_crop_enlarges_and_cuts_each_image_at_its_own_place():
    result = changed(crop=0.75, count=64)
    assert len(np.unique(np.round(square(result)), axis=0)) > 8
    area = (images(1)[..., 0] > 200).sum()
    grown = (result[..., 0] > 200).sum(axis=(1, 2))
    assert np.median(grown) == pytest.approx(area / 0.75**2, rel=0.2)
    inside = result[:, :, -1, 0]  # a column of the gradient: 0.75 of its range is left
    assert (inside.max(axis=1) - inside.min(axis=1)) == pytest.approx(0.75 * (SIDE - 1), abs=1)


def test_the_same_state_of_random_numbers_gives_the_same_change():
    layers = augment.layers(Settings(rotation=20.0, crop=0.8, brightness=0.1), 1)
    state = [value.numpy() for layer in layers for value in layer.variables]
    assert state

    def once() -> np.ndarray:
        result = images(2)
        for layer in layers:
            result = layer(result, training=True)
        return np.asarray(result)

    first = once()
    assert (once() != first).any()
    for value, kept in zip([value for layer in layers for value in layer.variables], state, strict=True):
        value.assign(kept)
    np.testing.assert_array_equal(once(), first)


def test_the_contact_sheet_shows_each_image_and_five_changes_of_it_and_is_byte_stable(tmp_path):
    pixels = np.stack([np.asarray(factories.picture(seed, (SIDE, SIDE), "RGB")) for seed in range(3)])
    settings = Settings(rotation=15.0, flip="horizontal")
    sheet = augment.contact_sheet(pixels, settings, 0)
    assert sheet.size == (6 * SIDE, 3 * SIDE)
    np.testing.assert_array_equal(np.asarray(sheet)[:, :SIDE], pixels.reshape(-1, SIDE, 3))
    assert (np.asarray(sheet)[:SIDE, SIDE : 2 * SIDE] != pixels[0]).any()
    for name in ("a.png", "b.png"):
        augment.contact_sheet(pixels, settings, 0).save(tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_large_images_are_shrunk_on_the_contact_sheet():
    pixels = np.full((2, 300, 340, 3), 77, np.uint8)
    sheet = augment.contact_sheet(pixels, Settings(flip="vertical"), 0)
    assert sheet.size == (6 * 340 // 3, 2 * 300 // 3)
    assert (np.asarray(sheet) == 77).all()


def test_augmentation_of_kept_features_is_refused_before_any_work():
    with pytest.raises(UserError, match=r"`train\.augment` changes pixels, .*`backbone\.cut: block5_pool`; set"):
        params.parse(factories.changed(train__augment__rotation=10.0), "params.yaml")
