"""A feature depends on its image alone, and comes in order."""

import threading

import keras
import numpy as np
import pytest

from stages.common.errors import UserError
from stages.extract import features
from stages.models import compose, runtime
from stages.models.image import ImageSettings
from tests import factories

SIZE = (64, 64)
VIEW = ImageSettings(height=64, width=64)


@pytest.fixture(scope="module")
def front():
    """VGG16 with few filters and random weights, up to block 5."""
    runtime.start()
    model = compose.compose(factories.design()).front
    factories.randomize(model)
    return model


def computed(front, paths, dtype="float16"):
    chunks = list(features.compute(lambda: front, paths, VIEW, dtype))
    assert [place for place, _ in chunks] == list(runtime.batches(len(paths), 16))
    return np.concatenate([chunk for _, chunk in chunks])


def test_the_same_bytes_in_any_batch_and_at_any_place(front, tmp_path):
    paths = factories.pictures(tmp_path, 40)
    together = computed(front, paths, "float32")
    assert together.std() > 0
    assert len({feature.tobytes() for feature in together}) == 40
    backwards = computed(front, paths[::-1], "float32")[::-1]
    np.testing.assert_array_equal(together, backwards)
    for number in (0, 31, 39):
        alone = computed(front, [paths[number]], "float32")
        np.testing.assert_array_equal(alone[0], together[number])


def test_the_full_vgg16_gives_the_same_bytes_in_any_batch(tmp_path):
    runtime.start()
    model = compose.compose(factories.design(backbone__widths=None)).front
    paths = factories.pictures(tmp_path, 33)
    together = computed(model, paths, "float32")
    np.testing.assert_array_equal(together[32], computed(model, paths[32:], "float32")[0])
    np.testing.assert_array_equal(together[:7], computed(model, paths[6::-1], "float32")[::-1])


def test_kept_features_are_those_of_the_network_rounded(front, tmp_path):
    paths = factories.pictures(tmp_path, 3)
    images = np.concatenate(list(features.decoded(paths, VIEW)))
    wanted = np.asarray(front(images.astype(np.float32)))
    found = computed(front, paths)
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, wanted, rtol=2**-10, atol=1e-4)


def test_a_value_beyond_float16_names_the_layer_and_the_parameter(tmp_path):
    image = keras.Input((*SIZE, 3))
    model = keras.Model(image, keras.layers.Rescaling(1000, name="block9_pool")(image))
    paths = factories.pictures(tmp_path, 2)
    with pytest.raises(UserError, match=r"`block9_pool` gives 250000, too large .* `extract\.dtype: float32`"):
        computed(model, paths)
    assert computed(model, paths, "float32").max() == 250_000


def test_decoding_ahead_keeps_the_order(tmp_path, monkeypatch):
    """However many threads decode, and however slow some images are."""
    monkeypatch.setattr("os.cpu_count", lambda: 16)
    slow = features.decode

    def late(path, view):
        if int(path.stem) % 64 == 0:
            threading.Event().wait(0.05)
        return slow(path, view)

    monkeypatch.setattr(features, "decode", late)
    paths = factories.pictures(tmp_path, 150, (32, 32))
    wanted = np.stack([slow(path, VIEW) for path in paths])
    chunks = list(features.decoded(paths, VIEW))
    assert [len(chunk) for chunk in chunks] == [16] * 9 + [6]
    np.testing.assert_array_equal(np.concatenate(chunks), wanted)


def test_an_image_that_fails_ends_the_run_with_its_name(front, tmp_path):
    paths = factories.pictures(tmp_path, 70, (32, 32))
    paths[40].write_text("no image")
    with pytest.raises(UserError, match=r"040\.png"):
        computed(front, paths)


def test_no_images_give_no_batches():
    assert list(features.decoded([], VIEW)) == []
