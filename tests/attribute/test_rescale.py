"""DeepLIFT against networks worked out by hand, against its own axiom, and against shap."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from stages.attribute.rescale import DeepLift, refusal
from stages.common.errors import UserError
from stages.models.layers import (
    CaffePreprocessing,
    DilatedMaxPooling2D,
    GeneralizedMeanPooling2D,
    LogSumExpPooling2D,
    RoundTrip,
    Standardize,
    TopPooling2D,
)
from tests.attribute import oracle_deepshap

PROJECT = Path(__file__).parents[2]


def weighted(kernel, bias=0.0, **options):
    """A 1x1 convolution with given weights: kernel (inputs, outputs)."""
    kernel = np.array(kernel, np.float32)
    layer = layers.Conv2D(kernel.shape[1], 1, **options)
    layer.build((None, None, None, kernel.shape[0]))
    layer.set_weights([kernel[None, None], np.full(kernel.shape[1], bias, np.float32)])
    return layer


def explained(build, image, reference):
    """Contributions to logit 0 of one image: (h, w, c) lists in and out, the shared and the own reference agreeing."""
    image, reference = np.array([image], np.float32), np.array([reference], np.float32)
    inputs = keras.Input(image.shape[1:])
    model = keras.Model(inputs, layers.Flatten()(build(inputs)))
    shared, delta = DeepLift(model, reference[0])(image, [0])
    own, own_delta = DeepLift(model)(image, [0], reference)
    np.testing.assert_allclose(own, shared, rtol=1e-6)
    np.testing.assert_allclose(own_delta, delta, rtol=1e-6)
    np.testing.assert_allclose(shared.sum(), delta[0], rtol=1e-6, atol=1e-6)
    return shared[0].squeeze().tolist()


def test_relu_with_a_bias_takes_the_slope_between_the_two_points():
    # relu(2a - b - 1): from relu(-1) = 0 to relu(4) = 4, so the input's change of 5 counts for 4
    found = explained(weighted([[2], [-1]], -1, activation="relu"), [[[3, 1]]], [[[0, 0]]])
    assert found == pytest.approx([6 * 4 / 5, -1 * 4 / 5])


def test_where_the_points_meet_the_slope_is_the_derivative():
    # relu(a + b + 0.5) is 0.5 on both, and a and b cancel
    assert explained(weighted([[1], [1]], 0.5, activation="relu"), [[[1, -1]]], [[[0, 0]]]) == pytest.approx([1, -1])


def test_tanh():
    # 5 tanh(a + 2b) at a = 0.5, b = 0.25
    def build(x):
        return weighted([[5]])(layers.Activation("tanh")(weighted([[1], [2]])(x)))

    assert explained(build, [[[0.5, 0.25]]], [[[0, 0]]]) == pytest.approx([2.5 * np.tanh(1), 2.5 * np.tanh(1)])


def test_two_inputs_through_an_add():
    # 2 relu(a + relu(b - 1)): relu(b - 1) goes from 0 to 3 while b goes from 0 to 4
    def build(x):
        both = layers.Add()([weighted([[1], [0]])(x), weighted([[0], [1]], -1, activation="relu")(x)])
        return weighted([[2]])(layers.ReLU()(both))

    assert explained(build, [[[-1, 4]]], [[[0, 0]]]) == pytest.approx([-2, 6])


@pytest.mark.parametrize("pool", [layers.MaxPooling2D((1, 2)), layers.GlobalMaxPooling2D()], ids=lambda x: x.name)
@pytest.mark.parametrize(
    ("image", "reference", "contributions"),
    [
        ([1, 5], [4, 0], [0, 1]),  # 4 -> 5: a rise goes to the image's largest cell
        ([2, 1], [0, 4], [0, -2]),  # 4 -> 2: a fall goes to the reference's
        ([3, 0], [1, 0], [2, 0]),  # the same cell in both
        ([2, 0], [0, 2], [0, 0]),  # no change at all
    ],
)
def test_max_pooling_follows_the_cross_maximum(pool, image, reference, contributions):
    found = explained(pool, [[[x] for x in image]], [[[x] for x in reference]])
    assert found == pytest.approx(contributions)


def test_log_sum_exp_pooling_shares_out_by_the_change_of_the_exponentials():
    # log(mean(3, 5)) = log 4 from log(mean(1, 1)) = 0; the exponentials change by 2 and 4
    image = [[[np.log(3)], [np.log(5)]]]
    found = explained(LogSumExpPooling2D(1), image, [[[0], [0]]])
    assert found == pytest.approx([np.log(4) / 3, np.log(4) * 2 / 3], rel=1e-5)


def test_generalized_mean_pooling_shares_out_by_the_change_of_the_powers():
    found = explained(GeneralizedMeanPooling2D(2), [[[3], [4]]], [[[0], [0]]])
    assert found == pytest.approx([np.sqrt(12.5) * 9 / 25, np.sqrt(12.5) * 16 / 25], rel=1e-3)


@pytest.mark.parametrize("image", [[1000, 0], [-1000, -1000], [-1000, 0.5]])
def test_log_sum_exp_pooling_stands_large_values(image):
    found = explained(LogSumExpPooling2D(4), [[[x] for x in image]], [[[0], [0]]])
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("image", "reference", "contributions"),
    [
        ([4, 3, 0], [1, 2, 0], [1.5, 0.5, 0]),  # the same two cells: their mean goes from 1.5 to 3.5
        # From 3 to 4. The image's cells (1, 3) rise by 3 on average, 2 too much; the reference's (1, 2) fall by 1, 2
        # too little: one half of each. Cell 1 does not change, cell 2 falls by 2, cell 3 rises by 6.
        ([4, 0, 4], [4, 2, -2], [0, -0.5, 1.5]),
        ([1, 2, 3], [1, 2, 3], [0, 0, 0]),
    ],
)
def test_pooling_of_the_largest_blends_the_gradients_at_both_points(image, reference, contributions):
    found = explained(TopPooling2D(2), [[[x] for x in image]], [[[x] for x in reference]])
    assert found == pytest.approx(contributions)


def plain(x):
    x = layers.Conv2D(8, 3, dilation_rate=2, padding="same", activation="relu")(x / 127.5 - 1)
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    x = layers.Conv2D(8, 3, strides=2, activation="silu")(x)
    return layers.Dense(3)(layers.Dense(6, activation="tanh")(layers.Dropout(0.5)(layers.Flatten()(x))))


def residual(x):
    x = layers.Rescaling(1 / 127.5, -1)(x)
    x = layers.ZeroPadding2D(1)(layers.Conv2D(8, 3, use_bias=False)(x))
    y = layers.LeakyReLU(0.2)(layers.BatchNormalization()(layers.Conv2D(8, 3, groups=2, padding="same")(x)))
    y = layers.ELU()(layers.DepthwiseConv2D(3, padding="same")(y))
    x = layers.Activation("relu")(layers.Add()([x, y]))
    pooled = [layers.AveragePooling2D(2)(x), layers.Cropping2D(1)(layers.MaxPooling2D(3, 2, padding="same")(y))]
    x = layers.Concatenate()([layers.Cropping2D(1)(pooled[0]), pooled[1]])
    return layers.Dense(3)(layers.GlobalAveragePooling2D()(x))


def pooled_scores(x):
    x = layers.Conv2D(8, 3, activation="sigmoid")(layers.UpSampling2D(2)(x))
    x = layers.SeparableConv2D(8, 3, activation="gelu")(x)
    return LogSumExpPooling2D(4)(layers.Conv2D(3, 1)(x))


def largest_scores(x):
    x = layers.Conv2D(8, 3, activation="tanh")(layers.Rescaling(1 / 127.5, -1)(x))
    return TopPooling2D(5)(layers.Conv2D(3, 1)(x))


def maximum_scores(x):
    x = keras.ops.tanh(x[..., ::-1] / 50 - 1)
    x = layers.Subtract()([layers.Conv2D(3, 3)(x), layers.Conv2D(3, 3, activation="softplus")(x)])
    return layers.GlobalMaxPooling2D()(x)


def repeated(x):
    """One layer at two nodes, one above the other."""
    shared = layers.Conv2D(3, 3, padding="same", activation="relu")
    return layers.Dense(3)(layers.Flatten()(layers.MaxPooling2D(4)(shared(shared(x)))))


def tiles(x):
    """A bag of four tiles, which stand in the batch for a while."""
    x = keras.ops.reshape(layers.Rescaling(1 / 127.5, -1)(x), (-1, 4, 16, 3))
    x = layers.MaxPooling2D(2)(layers.Conv2D(4, 3, padding="same", activation="relu")(x))
    x = keras.ops.tanh(keras.ops.reshape(x, (-1, 4, 2, 8, 4)))
    return layers.Dense(3)(layers.Flatten()(x))


def our_own(x):
    x = DilatedMaxPooling2D(2)(layers.Conv2D(4, 3, activation="relu")(CaffePreprocessing()(x)))
    return layers.Dense(3)(layers.Flatten()(layers.ReLU()(Standardize()(RoundTrip("float32")(x)))))


MODELS = [plain, residual, pooled_scores, largest_scores, maximum_scores, repeated, tiles, our_own]


def random_model(build, seed=0):
    """A model whose weights are all random, the statistics of normalisation included."""
    inputs = keras.Input((16, 16, 3))
    model = keras.Model(inputs, build(inputs))
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if "seed_generator" in weight.path:
            continue
        value = random.normal(0, np.sqrt(2 / max(1, np.prod(weight.shape[:-1]))), weight.shape)
        weight.assign(np.abs(value) + 0.5 if weight.name in ("moving_variance", "gamma", "deviation") else value)
    return model


def pixels(count, seed=1, size=16):
    return np.random.default_rng(seed).uniform(0, 255, (count, size, size, 3)).astype(np.float32)


def incompleteness(contributions, delta):
    """The largest error of a map's sum, as a fraction of the tolerance."""
    maps = contributions.astype(np.float64).reshape(len(delta), -1)
    tolerance = np.maximum(1e-3 * np.abs(delta), 1e-5 * np.abs(maps).sum(axis=1))
    return (np.abs(maps.sum(axis=1) - delta) / tolerance).max()


@pytest.mark.parametrize("build", MODELS)
def test_contributions_sum_to_the_difference_of_the_logits(build):
    model, images, reference = random_model(build), pixels(5), pixels(1, seed=2)[0]
    difference = (model(images) - model(reference[None])).numpy()
    explain_shared, explain_own = DeepLift(model, reference), DeepLift(model)
    for targets, expected in (
        (np.array([0, 1, 2, 0, 1]), difference[np.arange(5), [0, 1, 2, 0, 1]]),
        (np.tile([1.0, -1.0, 0.0], (5, 1)), difference[:, 0] - difference[:, 1]),
    ):
        shared, delta = explain_shared(images, targets)
        assert np.abs(delta).min() > 0
        np.testing.assert_allclose(delta, expected, rtol=1e-3, atol=1e-4)
        assert incompleteness(shared, delta) < 1
        own, own_delta = explain_own(images, targets, np.stack([reference] * 5))
        np.testing.assert_allclose(own, shared, atol=1e-4 * np.ptp(shared))
        assert incompleteness(own, own_delta) < 1


def test_the_plain_gradient_would_not_sum():
    """The axiom has teeth: gradient times difference misses it on the same model by far."""
    model, images = random_model(plain), pixels(5)
    with tf.GradientTape() as tape:
        tape.watch(x := tf.constant(images))
        y = model(x)[:, 0]
    _, delta = DeepLift(model, np.zeros((16, 16, 3)))(images, np.zeros(5, int))
    assert incompleteness(tape.gradient(y, x).numpy() * images, delta) > 10


@pytest.mark.parametrize(("kept", "tolerance"), [("layer", 1e-2), ("operation", 1e-6)])
def test_a_float16_round_trip_is_all_but_the_identity(kept, tolerance):
    """Also where gradients are smaller than float16 can hold."""

    def model(kept):
        inputs = keras.Input((16, 16, 3))
        x = layers.ReLU()(inputs)
        x = RoundTrip("float16")(x) if kept == "layer" else x
        x = keras.ops.cast(keras.ops.cast(x, "float16"), "float32") if kept == "operation" else x
        x = layers.Dense(1, kernel_initializer=keras.initializers.Constant(1e-9))(layers.Flatten()(x))
        return keras.Model(inputs, x)

    reference = np.full((16, 16, 3), 1 / 3)
    expected, delta = DeepLift(model(None), reference)(pixels(2), [0, 0])
    found, rounded = DeepLift(model(kept), reference)(pixels(2), [0, 0])
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * np.ptp(expected))
    assert 0 < np.abs(rounded / delta - 1).max() < 1e-3
    assert incompleteness(found, rounded) < 1


def test_the_float16_round_trip_of_the_cut_costs_no_completeness():
    def model(kept):
        inputs = keras.Input((16, 16, 3))
        x = RoundTrip(kept)(layers.Conv2D(16, 3, activation="relu", name="convolution")(inputs))
        return keras.Model(inputs, layers.Dense(2, activation="tanh", name="head")(layers.Flatten()(x) / 1000))

    keras.utils.set_random_seed(0)
    rounded, exact = model("float16"), model("float32")
    exact.set_weights(rounded.get_weights())
    images = pixels(8)
    found, delta = DeepLift(rounded)(images, [0] * 8, images[::-1])
    assert incompleteness(found, delta) < 1
    near = images + pixels(8, seed=3) / 1000  # most features are then less than a step of float16 apart
    for references, tolerance in ((images[::-1], 5e-3), (near, 5e-2)):
        expected, _ = DeepLift(exact)(images, [0] * 8, references)
        found, _ = DeepLift(rounded)(images, [0] * 8, references)
        assert np.abs(found - expected).max() < tolerance * np.ptp(expected)


def test_a_layer_of_several_models_is_explained_in_the_model_asked_for():
    model, images = random_model(plain), pixels(3)
    alone, _ = DeepLift(model, images[0])(images, [0, 0, 0])
    other = keras.Input((16, 16, 3))
    keras.Model(other, model.layers[1](layers.LayerNormalization()(other)))  # which DeepLIFT would refuse
    keras.Model(model.layers[3].output, model.output)
    again, _ = DeepLift(model, images[0])(images, [0, 0, 0])
    np.testing.assert_array_equal(again, alone)


def test_a_map_does_not_depend_on_the_images_that_came_with_it():
    explain, images = DeepLift(random_model(residual), np.zeros((16, 16, 3))), pixels(19)
    together, delta = explain(images, np.arange(19) % 3)
    for number in (0, 15, 16, 18):
        alone, alone_delta = explain(images[number : number + 1], [number % 3])
        np.testing.assert_array_equal(alone[0], together[number])
        np.testing.assert_array_equal(alone_delta[0], delta[number])


def test_an_image_equal_to_its_reference_has_an_empty_map():
    images = pixels(2)
    contributions, delta = DeepLift(random_model(residual))(images, [0, 1], images)
    assert not contributions.any()
    assert not delta.any()


def test_explaining_leaves_everything_as_it_was():
    explained_model, other, images = random_model(plain), random_model(residual, seed=3), pixels(4)

    def gradient(model):
        with tf.GradientTape() as tape:
            tape.watch(x := tf.constant(images))
            y = tf.reduce_sum(model(x) ** 2)
        return tape.gradient(y, x).numpy()

    def state():
        return [(layer.name, vars(layer).get("activation"), len(layer._inbound_nodes)) for layer in other.layers]

    before = gradient(explained_model), gradient(other), other(images).numpy(), state()
    DeepLift(explained_model, images[0])(images, [0] * 4)
    DeepLift(other)(images, [1] * 4, images[::-1])
    after = gradient(explained_model), gradient(other), other(images).numpy(), state()
    for old, new in zip(before[:-1], after[:-1], strict=True):
        np.testing.assert_array_equal(new, old)
    assert after[-1] == before[-1]


def attention(x):
    weights = layers.Softmax(axis=1, name="weights")(layers.Dense(1, activation="tanh", name="scores")(x))
    return layers.Flatten()(layers.Multiply(name="product")([x, weights]))


def product(x):
    return layers.Flatten()(layers.Multiply(name="product")([x, layers.ReLU()(x)]))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (attention, ["weights", "Softmax", "no rule"]),
        (product, ["product", "multiplies", "varies"]),
        (lambda x: layers.Flatten()(1 / x), ["TrueDivide", "varies"]),
        (lambda x: layers.Dense(3, activation="softmax", name="head")(layers.Flatten()(x)), ["head", "softmax"]),
        (lambda x: layers.Flatten()(layers.LayerNormalization(name="norm")(x)), ["norm", "LayerNormalization"]),
        (layers.Flatten(dtype="float16", name="half"), ["half", "float16"]),
        (layers.Conv2D(3, 1), ["row of logits"]),
    ],
)
def test_what_it_cannot_explain_is_refused_by_name(build, words):
    inputs = keras.Input((4, 4, 3))
    model = keras.Model(inputs, build(inputs))
    message = refusal(model)
    assert all(word in message for word in words), message
    assert "\n" not in message
    with pytest.raises(UserError, match="DeepLIFT"):
        DeepLift(model, np.zeros((4, 4, 3)))


@pytest.mark.parametrize("build", MODELS)
def test_what_it_can_explain_is_not_refused(build):
    assert refusal(random_model(build)) is None


def test_references_are_given_once():
    model, images = random_model(plain), pixels(2)
    with pytest.raises(ValueError, match="reference"):
        DeepLift(model)(images, [0, 0])
    with pytest.raises(ValueError, match="reference"):
        DeepLift(model, images[0])(images, [0, 0], images)
    with pytest.raises(ValueError, match="shape"):
        DeepLift(model)(images, [0, 0], images[:1])


def test_agrees_with_shap_on_vgg16(tmp_path):
    pytest.importorskip("shap", reason="shap is not installed")
    given, answer = tmp_path / "given.npz", tmp_path / "answer.npz"
    images, reference, width = pixels(2, size=64) - 127, pixels(1, seed=2, size=64)[0] - 127, 64
    np.savez(given, images=images, reference=reference, width=width)
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", oracle_deepshap.__name__, given, answer]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, capture_output=True)
    expected = np.load(answer)["contributions"]
    found, delta = DeepLift(oracle_deepshap.vgg16(64, width), reference)(images, [1, 1])
    for ours, theirs in zip(found, expected, strict=True):
        assert np.abs(ours - theirs).max() < 1e-4 * np.ptp(theirs)
    assert incompleteness(found, delta) < 1
