"""Every method on every model that it claims: its map, its bytes, and what it leaves behind."""

from functools import cache

import numpy as np
import pytest
import tensorflow as tf

from stages.attribute import explain
from stages.attribute.methods import METHODS
from stages.attribute.methods.base import Batch, Subject
from stages.common import params
from stages.extract.features import narrow
from stages.models import compose, runtime
from stages.models.compose import design_of
from tests import factories

COUNT = 2
ONLY_FC = {"cam", "attention"}
TILES = {
    "backbone__name": "patch_cnn", "backbone__widths": [4, 6], "image__tiles__size": 32, "image__tiles__stride": 16,
}  # fmt: skip
MODELS = {  # its keys, and the methods that refuse it
    "fc": ({"backbone__cut": "block4_pool"}, ONLY_FC),
    "pixels": ({"backbone__cut": "input", "head__kind": "score_map"}, {"attention"}),
    "largest": (
        {"backbone__cut": "block5_pool", "head__kind": "score_map", "head__score_map__pooling": "lse"},
        {"attention", "deepshap", "lrp_epsilon"},
    ),
    "pooled": (
        {"backbone__cut": "block4_pool", "backbone__end": "block4_pool", "head__kind": "gem", "head__gem__p": 3.0},
        {"attention", "deepshap"},
    ),
    "sides": (
        {
            "backbone__cut": "block5_conv3", "backbone__end": "block5_conv3",
            "backbone__hypercolumn": ["block5_conv2"], "backbone__views": "mirror",
            "head__kind": "gem", "head__gem__rows": 2,
        },
        {"attention"},
    ),
    "attention": (
        {"backbone__cut": "block4_pool", "head__kind": "attention"},
        {"cam", "deeplift", "deepshap", "lrp_epsilon"},
    ),
    "bag": (
        TILES | {"backbone__cut": "pool2", "head__kind": "attention"},
        {"cam", "deeplift", "deepshap", "lrp_epsilon"},
    ),
    "fine": (
        {
            "backbone__output_stride": 8, "backbone__cut": "block4_pool", "head__kind": "score_map", "head__border": 1,
            "head__score_map__pooling": "max", "head__score_map__hidden": 4,
        },
        {"attention", "deepshap"},
    ),
    "one_logit": (
        {
            "backbone__name": "small_cnn", "backbone__widths": [4, 4, 6], "backbone__cut": "input",
            "train__loss": "sigmoid",
        },
        ONLY_FC,
    ),
    "arranged": (
        TILES | {"backbone__cut": "pool2", "head__kind": "gem", "head__gem__p": 1.0},
        {"attention", "deepshap"},
    ),
    "own_size": (
        {
            "backbone__name": "small_cnn", "backbone__widths": [4, 4, 6], "backbone__cut": "pool1",
            "image__fit": "native", "head__kind": "attention",
        },
        {"cam", "deeplift", "deepshap", "lrp_epsilon"},
    ),
    "leaky": (
        {
            "backbone__name": "leaky_cnn", "backbone__widths": [4, 4, 4, 6, 6], "backbone__cut": "input",
            "image__height": 80, "image__width": 80, "head__kind": "score_map", "head__score_map__pooling": "top",
        },
        {"attention", "deconvnet", "deepshap", "guided_backprop", "guided_gradcam"},
    ),
    "background": (
        {
            "backbone__name": "background_cnn", "backbone__widths": [4, 6], "backbone__cut": "input",
            "backbone__components": 3, "backbone__train_statistics": True, "backbone__views": "flips",
            "head__kind": "score_map", "head__score_map__pooling": "top",
        },
        {"attention", "deepshap"},
    ),
}  # fmt: skip
FEW = {  # what makes a method quick
    "integrated_gradients": {"steps": 8},
    "gradient_shap": {"samples": 8, "references": 2},
    "smoothgrad": {"samples": 2},
    "occlusion": {"window": 24, "step": 20},
    "rise": {"masks": 5},
    "deepshap": {"references": 2},
}
INCOMPLETE = {"deeplift": 1e-5, "deepshap": 1e-3, "integrated_gradients": 0.2, "gradient_shap": 0.5}
RECTIFIED = {"deconvnet", "gradcam_pp", "guided_backprop", "guided_gradcam"}  # nothing may be left of one class
NOTHING_LEFT = {("fine", "guided_gradcam"), ("arranged", "guided_gradcam")}  # two positive parts that do not meet
COMPARED = {  # deepshap's process takes seconds to start: with `fc` it is compared with deeplift in test_deepshap.py
    ("fc", "deepshap"),
    ("one_logit", "deepshap"),
}
PAIRS = [
    (model, method)
    for model, (_, refused) in MODELS.items()
    for method in METHODS
    if method not in refused and (model, method) not in COMPARED
]


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Without compiling, which would take longer than all the rest."""
    runtime.start()
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def parsed(name):
    keys = {"attribute__maps": {"gradcam": {"method": "gradcam"}}, "head__attention__units": 4}
    return params.parse(factories.changed(**factories.SMALL | keys | MODELS[name][0]), "params.yaml")


def settings_of(method):
    return METHODS[method].Settings(method=method, **FEW.get(method, {}))


@cache
def subject(name):
    settings = parsed(name)
    design = design_of(settings)
    parts = compose.compose(design)
    factories.randomize(parts.whole)
    model = factories.trained_model(design, {}, loss=settings.train.loss)
    return Subject(model, parts, lambda: iter([images(name)[:1], images(name)[1:]]))


def images(name):
    size = subject(name).model.design.size
    return np.stack([np.asarray(factories.picture(seed, size, "RGB")) for seed in range(COUNT)])


@cache
def other():
    """A model of the kinds of layers that methods replace, which none of them may touch."""
    inputs = tf.keras.Input((8, 8, 3))
    x = tf.keras.layers.Conv2D(4, 3, activation="relu", kernel_initializer=tf.keras.initializers.HeNormal(0))(inputs)
    x = tf.keras.layers.Flatten()(tf.keras.layers.MaxPooling2D(2)(x))
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1, "tanh", kernel_initializer="ones")(x / 1000))


def gradient_of(model, values):
    with tf.GradientTape() as tape:
        tape.watch(values := tf.constant(values, tf.float32))
        logits = model(values)
    return tape.gradient(logits, values).numpy()


def batch_of(name, method, rows, size=3):
    """A padded batch as the stage makes it, of some of the images."""
    own = subject(name)
    design = own.model.design
    chosen = images(name)[rows].astype(np.float32)
    weights = runtime.pad(explain.logit_weights([["abnormal", "normal"][row] for row in rows], None, own.model), size)
    if METHODS[method].needs(settings_of(method), design.backbone, design.cut, design.end) == "images":
        return Batch(runtime.pad(chosen, size), None, weights)
    kept = narrow(own.parts.front(runtime.pad(chosen, size)).numpy(), design.dtype, "").astype(np.float32)
    return Batch(None, kept, weights)


@pytest.mark.parametrize(("name", "method"), PAIRS)
def test_it_explains(name, method):
    own, settings = subject(name), settings_of(method)
    values = np.random.default_rng(0).normal(size=(2, 8, 8, 3))
    before = gradient_of(other(), values), gradient_of(own.parts.whole, images(name))
    function = METHODS[method].explainer(own, settings)
    batch = batch_of(name, method, [0, 1])
    found = function(batch)
    assert found.maps.shape == (3, *own.model.design.size)
    assert found.maps.dtype == np.float32
    assert np.isfinite(found.maps).all()
    status = [explain.status(each, "absolute") for each in found.maps[:COUNT]]
    if method in RECTIFIED:
        assert "ok" in status or (name, method) in NOTHING_LEFT
    else:
        assert set(status) == {"ok"}
    assert (found.delta is None) == (found.error is None) == (method not in INCOMPLETE)
    if method in INCOMPLETE:
        total = np.abs(found.maps[:COUNT]).sum(axis=(1, 2))
        error = found.maps[:COUNT].sum(axis=(1, 2), dtype=np.float64) - found.delta[:COUNT]
        assert (np.abs(error) / total).max() < INCOMPLETE[method]
        np.testing.assert_allclose(found.error[:COUNT], error, atol=1e-5 * total.max())
    after = gradient_of(other(), values), gradient_of(own.parts.whole, images(name))
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(new, old)
    if method != "deepshap":  # whose process takes seconds to start
        np.testing.assert_array_equal(function(batch).maps, found.maps)
        alone = function(batch_of(name, method, [1]))
        np.testing.assert_allclose(alone.maps[0], found.maps[1], rtol=1e-4, atol=1e-5 * np.abs(found.maps[1]).max())


@pytest.mark.parametrize("name", MODELS)
def test_what_does_not_fit_is_refused_in_one_line_that_names_what_does(name):
    refused = MODELS[name][1]
    for method in METHODS:
        problems = METHODS[method].problems(settings_of(method), parsed(name))
        assert bool(problems) == (method in refused), (method, problems)
        for problem in problems:
            assert "\n" not in problem
            assert any(other in problem for other in METHODS if other != method), problem
