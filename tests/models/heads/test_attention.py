"""The attention head against its formula in numpy, and what a bag must not depend on."""

import keras
import numpy as np
import pytest

from stages.models import front, runtime
from stages.models.heads import attention
from tests import factories


def built(shape, masked=False, **settings):
    runtime.start()
    features = keras.Input(shape)
    present = keras.Input((shape[0],), dtype="bool") if masked else None
    own = attention.Settings(**{"embedding": 6, "units": 4, **settings})
    logits = attention.build(features, 2, own, 0, present)
    inputs = [features, present] if masked else features
    model = keras.Model(inputs, logits)
    factories.randomize(model)
    weights = keras.Model(inputs, model.get_layer(attention.ATTENTION).output)
    return model, weights, {name: np.asarray(value) for name, value in front.named_weights(model).items()}


def by_hand(instances, arrays, gated):
    """Equations 7 to 9 of the paper, instance by instance."""

    def dense(x, name):
        return x @ arrays[f"{name}/kernel"] + arrays[f"{name}/bias"]

    embedded = np.maximum(dense(instances, "head_embedding"), 0)
    scored = np.tanh(dense(embedded, "head_tanh"))
    if gated:
        scored = scored / (1 + np.exp(-dense(embedded, "head_gate")))
    scores = dense(scored, "head_score")[:, 0]
    weights = np.exp(scores) / np.exp(scores).sum()
    return dense(weights @ embedded, "head_logits"), weights


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("shape", [(3, 4, 5), (6, 2, 2, 5)])
def test_it_is_the_formula_of_the_paper(gated, shape):
    model, weights, arrays = built(shape, gated=gated)
    features = np.random.default_rng(0).random((2, *shape)).astype(np.float32)
    count = 12 if len(shape) == 3 else 6
    for found, found_weights, instances in zip(
        model(features).numpy(), weights(features).numpy(), features.reshape(2, count, -1), strict=True
    ):
        wanted, wanted_weights = by_hand(instances, arrays, gated)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found_weights, wanted_weights, rtol=1e-5)


def test_the_order_of_the_instances_does_not_matter():
    model, _, _ = built((9, 2, 2, 3))
    features = np.random.default_rng(1).random((4, 9, 2, 2, 3)).astype(np.float32)
    np.testing.assert_allclose(model(features[:, ::-1]).numpy(), model(features).numpy(), rtol=1e-5, atol=1e-6)


def test_an_instance_that_is_not_there_changes_nothing():
    model, weights, arrays = built((5, 1, 1, 3), masked=True)
    features = np.random.default_rng(2).random((2, 5, 1, 1, 3)).astype(np.float32)
    present = np.array([[1, 0, 1, 1, 0], [1, 1, 1, 1, 1]], bool)
    found = model([features, present]).numpy()
    wanted, _ = by_hand(features[0].reshape(5, -1)[present[0]], arrays, gated=False)
    np.testing.assert_allclose(found[0], wanted, rtol=1e-5, atol=1e-6)
    shares = weights([features, present]).numpy()
    assert (shares[0][~present[0]] == 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)


def test_a_bag_without_instances_has_a_finite_score():
    model, _, _ = built((5, 1, 1, 3), masked=True)
    assert np.isfinite(model([np.ones((2, 5, 1, 1, 3), np.float32), np.zeros((2, 5), bool)]).numpy()).all()


def test_without_an_embedding_the_instances_are_weighed_as_they_are():
    model, weights, arrays = built((4, 4, 3), embedding=None)
    features = np.random.default_rng(3).random((2, 4, 4, 3)).astype(np.float32)
    bag = np.einsum("ni,nic->nc", weights(features).numpy(), features.reshape(2, 16, 3))
    wanted = bag @ arrays["head_logits/kernel"] + arrays["head_logits/bias"]
    np.testing.assert_allclose(model(features).numpy(), wanted, rtol=1e-5)
