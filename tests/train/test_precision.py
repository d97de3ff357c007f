"""Mixed precision: the step computes in 16 bits, and what comes out is float32 and has learnt."""

import numpy as np
import pytest
import tensorflow as tf

from stages.models import compose, runtime, trained
from stages.models.feature_file import FeatureFile
from stages.train import fit, step
from stages.train.settings import Settings
from tests import factories

NETWORK = {
    "image__height": 32, "image__width": 32, "backbone__name": "background_cnn", "backbone__widths": [4, 8],
    "backbone__cut": "input", "backbone__weights": "random", "backbone__components": 2,
    "backbone__train_statistics": True, "attribute__maps": {"gradcam": {"method": "gradcam"}},
}  # fmt: skip
LABELS = np.arange(48, dtype=np.int32) % 2


@pytest.mark.parametrize("head", ["fc", "score_map", "attention"])
def test_a_model_learns_and_stays_float32_outside_the_step(head, tmp_path):
    runtime.start()
    pixels = np.random.default_rng(0).integers(0, 150, (48, 32, 32, 3), dtype=np.uint8)
    pixels[LABELS == 1, 8:16, 8:16] = 255
    design = factories.design(**NETWORK, head__kind=head)
    parts = compose.compose(design)
    rates = {"learning_rate": 5e-3, "backbone_learning_rate": 5e-3}
    settings = Settings(precision="mixed_bfloat16", epochs=15, batch_size=8, patience=None, **rates)
    model = factories.trained_model(design, {})
    with FeatureFile(factories.feature_file(tmp_path / "features.h5", pixels)) as file:
        part = fit.Part(np.arange(48), LABELS)
        arrays, history = fit.fit(parts, file, part, part, settings, model)
        logits = trained.logits(runtime.compiled(parts.tail), file, part.rows)
    assert history[-1]["validation_roc_auc"] > 0.95
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}
    assert logits.dtype == np.float32
    assert (logits.astype(tf.bfloat16.as_numpy_dtype).astype(np.float32) != logits).any(), "rounded to 16 bits"
    assert {layer.compute_dtype for layer in parts.whole.layers} <= {"float32", "bool"}


def types_of_sums(precision: str) -> dict[str, set[str]]:
    """The number types in which a training step convolves and multiplies, by operation."""
    runtime.start()
    design = factories.design(**NETWORK, head__kind="attention")
    parts = compose.compose(design)
    trainer = step.Trainer(parts.tail, Settings(precision=precision), factories.trained_model(design, {}))
    batch = np.zeros((2, 32, 32, 3), np.float32), np.array([0, 1], np.int32), np.ones(2, np.float32)
    graph = trainer._step.get_concrete_function(*map(trainer._shares, batch)).graph
    kinds = ("Conv2D", "Conv2DBackpropFilter", "Softmax")
    trained = [op for op in graph.get_operations() if "haar" not in op.name]  # the wavelet is a layer of our own
    return {kind: {op.outputs[0].dtype.name for op in trained if op.type == kind} for kind in kinds}


def test_the_step_convolves_in_the_precision_and_normalises_attention_in_float32():
    assert types_of_sums("mixed_bfloat16") == {
        "Conv2D": {"bfloat16"},
        "Conv2DBackpropFilter": {"bfloat16"},
        "Softmax": {"float32"},
    }
    assert set.union(*types_of_sums("float32").values()) == {"float32"}
