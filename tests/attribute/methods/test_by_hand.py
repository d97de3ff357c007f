"""Methods on functions small enough to do by hand, and against the formulas of their papers."""

import keras
import numpy as np
import pytest
from keras import layers

from stages.attribute import references
from stages.attribute.methods import METHODS, gradcam_pp, occlusion, rise
from stages.common.geometry import upsample
from tests.attribute.methods.by_hand import explain, subject, weighted

KERNEL = [[1.0], [-2.0], [3.0]]  # of the three colour channels


def linear(x):
    """The sum over pixels of r - 2 g + 3 b, plus 7."""
    return layers.Flatten()(keras.ops.sum(weighted(KERNEL, 0)(x), axis=(1, 2))) + 7


def square(x):
    """The sum over pixels of (r - 2 g + 3 b) squared, and of minus that."""
    total = keras.ops.sum(keras.ops.square(weighted(KERNEL)(x)), axis=(1, 2))
    return layers.Concatenate()([total, -total])


def pixels(count=2, size=(4, 5), seed=0):
    return np.random.default_rng(seed).uniform(0, 2, (count, *size, 3)).astype(np.float32)


def mixed(images):
    return np.asarray(images) @ np.array(KERNEL)[:, 0]


def test_saliency_is_the_largest_slope_of_the_colours():
    np.testing.assert_allclose(explain(subject(linear, (4, 5)), "saliency", pixels()).maps, 3)


def test_gradient_input():
    found = explain(subject(square, (4, 5)), "gradient_input", pixels()).maps
    np.testing.assert_allclose(found, 2 * mixed(pixels()) ** 2, rtol=1e-4)


def test_the_target_may_differ_by_image_and_be_a_contrast():
    own = subject(square, (4, 5))
    found = explain(own, "gradient_input", pixels(3), weights=[[1, 0], [0, 1], [1, -1]]).maps
    factor = np.array([1, -1, 2])[:, None, None]
    np.testing.assert_allclose(found, factor * 2 * mixed(pixels(3)) ** 2, rtol=1e-4)


def test_padding_is_not_explained():
    found = explain(subject(linear, (4, 5)), "saliency", pixels(3), weights=[[0], [1], [0]]).maps
    np.testing.assert_array_equal(found[[0, 2]], 0)
    assert (found[1] > 0).all()


def test_the_smoothed_gradient_of_a_linear_function_is_its_gradient():
    found = explain(subject(linear, (4, 5)), "smoothgrad", pixels(), samples=4).maps
    np.testing.assert_allclose(found, 3, rtol=1e-6)


def test_the_smoothed_gradient_of_a_square_is_near_its_gradient_and_the_image_s_own():
    own, images = subject(square, (4, 5)), pixels(3)
    together = explain(own, "smoothgrad", images, samples=200, noise=0.1).maps
    expected = 3 * np.abs(2 * mixed(images))
    assert np.abs(together - expected).max() < 0.15 * expected.max()
    assert np.abs(together - expected).max() > 0
    alone = explain(own, "smoothgrad", images[2:], samples=200, noise=0.1).maps
    np.testing.assert_allclose(alone[0], together[2], rtol=1e-5)


def test_integrated_gradients_of_a_square_from_black():
    # the gradient at t x is 2 t m(x) k; its mean over t is m(x) k, and times x summed over colours: m(x)^2
    found = explain(subject(square, (4, 5)), "integrated_gradients", pixels(), steps=8)
    np.testing.assert_allclose(found.maps, mixed(pixels()) ** 2, rtol=1e-4)
    np.testing.assert_allclose(found.delta, (mixed(pixels()) ** 2).sum(axis=(1, 2)), rtol=1e-4)
    np.testing.assert_allclose(found.error, 0, atol=1e-4 * found.delta.max())


def test_integrated_gradients_against_an_integral_by_numpy():
    def build(x):
        return layers.Flatten()(keras.ops.sum(keras.ops.tanh(weighted(KERNEL, -1)(x)), axis=(1, 2)))

    images = pixels()
    start = np.array([pixels(seed=1)[0], pixels(seed=2)[0]])
    found = explain(subject(build, (4, 5), start), "integrated_gradients", images, steps=200, reference="mean")
    start = start.mean(axis=0)
    at = [1 - np.tanh(mixed(start + t * (images - start)) - 1) ** 2 for t in np.linspace(0, 1, 2001)]
    expected = np.trapezoid(at, dx=1 / 2000, axis=0) * mixed(images - start)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-3, atol=1e-4)
    assert np.abs(found.error).max() < 1e-3 * np.abs(found.delta).max()


def test_what_few_steps_miss_is_the_error():
    build = lambda x: layers.Flatten()(keras.ops.sum(layers.ReLU()(weighted(KERNEL, -3)(x)), axis=(1, 2)))  # noqa: E731
    own = subject(build, (4, 5))
    few, many = (explain(own, "integrated_gradients", pixels(), steps=steps) for steps in (2, 200))
    assert np.abs(few.error).max() > 10 * np.abs(many.error).max() > 0
    np.testing.assert_allclose(few.error, few.maps.sum(axis=(1, 2)) - few.delta, rtol=1e-3, atol=1e-3)


def test_expected_gradients_of_a_linear_function_are_the_distance_from_the_mean_reference():
    training = pixels(6, seed=3)
    found = explain(subject(linear, (4, 5), training), "gradient_shap", pixels(), samples=12, references=6)
    np.testing.assert_allclose(found.maps, mixed(pixels() - training.mean(axis=0)), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.delta, mixed(pixels() - training.mean(axis=0)).sum(axis=(1, 2)), rtol=1e-4)
    assert np.abs(found.error).max() < 1e-3


def test_expected_gradients_approach_shap_s():
    shap = pytest.importorskip("shap", reason="shap is not installed")
    build = lambda x: layers.Dense(2)(layers.Flatten()(layers.Activation("tanh")(weighted(KERNEL, -1)(x))))  # noqa: E731
    keras.utils.set_random_seed(0)
    training, images = pixels(4, seed=3), pixels()
    own = subject(build, (4, 5), training)
    found = explain(own, "gradient_shap", images, samples=2000, references=4)
    theirs = shap.GradientExplainer(own.parts.whole, training).shap_values(images, nsamples=2000, rseed=0)
    theirs = theirs[..., 0].sum(axis=-1)
    assert np.corrcoef(found.maps.ravel(), theirs.ravel())[0, 1] > 0.995
    assert np.abs(found.error).max() < np.abs(theirs.sum(axis=(1, 2)) - found.delta).max()


def two_paths(x):
    """relu(r - 2 g + 3 b - 1) minus twice relu(r - 3), pixel by pixel."""
    both = layers.Concatenate()([weighted(KERNEL, -1)(x), weighted([[1], [0], [0]], -3)(x)])
    return layers.Flatten()(keras.ops.sum(weighted([[1], [-2]])(layers.ReLU()(both)), axis=(1, 2)))


IMAGE = [[[[4, 0, 0], [0, 1, 0], [2, 0, 0]]]]  # both on; both off; only the first on


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("saliency", [3, 0, 3]),  # k - (2, 0, 0), nothing, k
        ("guided_backprop", [2, 0, 2]),  # only what comes with a positive gradient through a ReLU that is on: k
        ("deconvnet", [2, 2, 2]),  # the same, ReLUs off included
    ],
)
def test_relus_pass_what_the_papers_say(method, expected):
    np.testing.assert_allclose(explain(subject(two_paths, (1, 3)), method, IMAGE).maps, [[expected]])


def test_guided_gradients_pass_an_activation_within_a_layer_too():
    def build(x):
        hidden = weighted([[1, 1], [0, 0], [0, 0]], activation="relu")(x)
        return layers.Flatten()(weighted([[1], [-5]])(hidden))

    own = subject(build, (1, 1))
    np.testing.assert_allclose(explain(own, "guided_backprop", [[[[2, 0, 0]]]]).maps, 1)
    np.testing.assert_allclose(explain(own, "gradient_input", [[[[2, 0, 0]]]]).maps, 2 * (1 - 5))


def test_relevance_of_two_layers():
    # hidden: relu(2 - 1) = 1 of r = 2, relu(3 * 1) = 3 of b = 1; logit 1 + 2 * 3 = 7. Relevance of the hidden units is
    # 1 and 6; the first hands on 2 / (2 - 1) times 1, its bias the rest.
    def build(x):
        hidden = [weighted([[1], [0], [0]], -1, activation="relu")(x), weighted([[0], [0], [3]], activation="relu")(x)]
        return layers.Flatten()(weighted([[1], [2]])(layers.Concatenate()(hidden)))

    found = explain(subject(build, (1, 1)), "lrp_epsilon", [[[[2, 0, 1]]]], epsilon=1e-6).maps
    np.testing.assert_allclose(found, 2 + 6, rtol=1e-4)
    # each z is its own root mean square here, so that epsilon 1 halves what passes
    np.testing.assert_allclose(
        explain(subject(build, (1, 1)), "lrp_epsilon", [[[[2, 0, 1]]]], epsilon=1.0).maps, 4, rtol=1e-4
    )


def test_relevance_of_a_network_without_biases_is_conserved():
    def build(x):
        x = layers.Conv2D(6, 3, padding="same", use_bias=False, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
        return layers.Dense(1, use_bias=False)(layers.Activation("tanh")(layers.Flatten()(x)))

    keras.utils.set_random_seed(1)
    own = subject(build, (4, 6))
    found = explain(own, "lrp_epsilon", pixels(size=(4, 6)), epsilon=1e-6).maps
    np.testing.assert_allclose(found.sum(axis=(1, 2)), own.parts.whole(pixels(size=(4, 6)))[:, 0], rtol=1e-3)


def test_occlusion_of_a_linear_function_is_what_the_windows_hold():
    # windows of 2 x 2 on 3 x 3 with step 1: the centre is in all four, a corner in one
    found = explain(subject(linear, (3, 3)), "occlusion", pixels(size=(3, 3)), window=2, step=1).maps
    held = [mixed(pixels(size=(3, 3)))[:, y : y + 2, x : x + 2].sum(axis=(1, 2)) for y in (0, 1) for x in (0, 1)]
    np.testing.assert_allclose(found[:, 0, 0], held[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[:, 2, 2], held[3], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[:, 0, 1], (held[0] + held[1]) / 2, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[:, 1, 1], np.mean(held, axis=0), rtol=1e-4, atol=1e-5)


def test_occlusion_by_the_mean_of_the_training_images():
    training = pixels(3, size=(3, 3), seed=5)
    found = explain(
        subject(linear, (3, 3), training), "occlusion", pixels(size=(3, 3)), window=1, step=1, reference="mean"
    ).maps
    expected = mixed(pixels(size=(3, 3)) - training.mean(axis=0))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "side", "step"), [((7, 9), 3, 2), ((8, 8), 3, 3), ((5, 5), 5, 2), ((224, 200), 24, 10)]
)
def test_windows_cover_the_input_and_stay_within(size, side, step):
    covered = np.zeros(size, int)
    windows = occlusion.windows_of(size, side, step)
    for window in windows:
        assert covered[window].shape == (side, side)
        covered[window] += 1
    assert covered.min() > 0
    assert len(windows) == len(set(map(str, windows)))


def test_rise_of_a_linear_function_finds_the_pixels_that_count():
    def build(x):
        return layers.Flatten()(keras.ops.sum(weighted(KERNEL)(x[:, 8:16, 8:16]), axis=(1, 2)))

    images = np.zeros((1, 32, 32, 3))
    images[..., 0] = 1
    found = explain(subject(build, (32, 32)), "rise", images, masks=400, cells=4).maps[0]
    assert found[8:16, 8:16].min() > 3 * np.abs(found[24:, 24:]).max()
    np.testing.assert_array_equal(explain(subject(linear, (32, 32)), "rise", 0 * images, masks=70).maps.round(5), 0)


def test_masks_are_soft_show_their_share_and_differ():
    settings = rise.Settings(method="rise", shown=0.3)
    masks = np.array([rise.mask(number, settings, (30, 44)) for number in range(300)])
    assert masks.shape == (300, 30, 44)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert len(np.unique(masks[0].round(3))) > 20
    np.testing.assert_allclose(masks.mean(axis=0), 0.3, atol=0.12)
    assert masks.mean() == pytest.approx(0.3, abs=0.02)


def test_gradcam_pp_weights_by_the_paper_s_formula():
    random = np.random.default_rng(0)
    gradient, values = random.normal(size=(2, 6, 3)), random.uniform(size=(2, 6, 3))
    found = gradcam_pp.positive_gradients(gradient, values).numpy()
    for n in range(2):
        for c in range(3):
            total = values[n, :, c].sum()
            shares = [g**2 / (2 * g**2 + total * g**3) for g in gradient[n, :, c]]
            expected = sum(share * max(g, 0) for share, g in zip(shares, gradient[n, :, c], strict=True))
            assert found[n, 0, c] == pytest.approx(expected)
    assert not gradcam_pp.positive_gradients(0 * gradient, values).numpy().any()


def test_references():
    training = np.stack([np.full((8, 8, 3), number) for number in range(10)]).astype(np.float32)
    own = subject(linear, (8, 8), training)
    np.testing.assert_array_equal(references.shared(own, "mean"), np.full((8, 8, 3), 4.5))
    np.testing.assert_array_equal(references.for_each(own, "black")(training), 0 * training)
    image = pixels(1, (8, 8))
    assert np.ptp(references.for_each(own, "blurred")(image)) < np.ptp(image)
    for count, expected in [
        (1, [0]),
        (2, [0, 8]),
        (3, [0, 4, 8]),
        (5, [0, 2, 4, 6, 8]),
        (10, range(10)),
        (12, range(10)),
    ]:
        assert references.some(own, count)[:, 0, 0, 0].tolist() == list(expected)


def test_the_attention_map_is_the_weights_at_their_cells():
    from stages.attribute.methods.base import Batch
    from tests.attribute.test_gradcam import features, images
    from tests.attribute.test_gradcam import subject as composed

    keys = {"backbone__cut": "block4_pool", "backbone__end": "block4_pool", "head__kind": "attention"}
    own = composed(**keys, attribute__maps={"attention": {"method": "attention"}})
    kept = features(own, images())
    attention = METHODS["attention"]
    found = attention.explainer(own, attention.Settings(method="attention"))(Batch(None, kept, None)).maps
    whole = own.parts.whole
    weights = keras.Model(whole.input, whole.get_layer("head_attention").output)(images()).numpy()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(found, upsample(weights.reshape(3, 4, 4), (64, 64)), rtol=1e-3)
