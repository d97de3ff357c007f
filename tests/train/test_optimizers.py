"""The optimisers, a step at a time."""

import keras
import numpy as np
import pytest

from stages.models import runtime
from stages.train.optimizers import optimizer
from stages.train.settings import Settings


@pytest.fixture(autouse=True)
def _started():
    runtime.start()


@pytest.mark.parametrize("name", ["adam", "sgd", "rmsprop", "muon"])
def test_weight_decay_shrinks_kernels_and_leaves_biases_alone(name):
    layer = keras.layers.Dense(3, name="head_dense")
    layer.build((None, 4))
    layer.set_weights([np.full((4, 3), 2.0), np.full(3, 2.0)])
    made = optimizer(Settings(optimizer=name, weight_decay=0.1), 0.5, head=False)
    made.build(layer.trainable_variables)
    made.apply_gradients([(0 * variable, variable) for variable in layer.trainable_variables])
    np.testing.assert_allclose(layer.kernel.numpy(), 2 * (1 - 0.5 * 0.1), rtol=1e-6)
    np.testing.assert_allclose(layer.bias.numpy(), 2)


def stepped(gradient: np.ndarray, head: bool = False) -> np.ndarray:
    """By how much muon's first step of size 1 moves a variable, against its gradient."""
    variable = keras.Variable(np.zeros(gradient.shape, np.float32))
    made = optimizer(Settings(optimizer="muon", weight_decay=0), 1.0, head)
    made.build([variable])
    made.apply_gradients([(keras.ops.convert_to_tensor(gradient), variable)])
    return -variable.numpy()


def test_muon_moves_a_kernel_alike_in_all_directions():
    """All singular values of the step are about 1, times the size that Adam's steps have, whatever the gradient's."""
    gradient = np.random.default_rng(0).standard_normal((3, 3, 4, 6)).astype(np.float32)
    gradient[..., 0] *= 100
    step = stepped(gradient).reshape(36, 6)
    values = np.linalg.svd(step, compute_uv=False) / (0.2 * np.sqrt(36))
    assert values.min() > 0.6 and values.max() < 1.3
    left, _, right = np.linalg.svd(gradient.reshape(36, 6), full_matrices=False)
    assert np.diag(left.T @ step @ right.T).min() > 0.6 * 0.2 * 6  # along the gradient's own directions


def test_muon_leaves_vectors_and_the_head_to_adam():
    for gradient, head in ((np.array([3.0, -0.2, 7.0]), False), (np.array([[3.0, -0.2], [7.0, -9.0]]), True)):
        step = stepped(gradient.astype(np.float32), head)
        np.testing.assert_allclose(step, np.sign(gradient), rtol=1e-4)  # Adam's first step
