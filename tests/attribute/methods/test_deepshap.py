"""shap's DeepExplainer, in its own process, against our DeepLIFT."""

import numpy as np
import pytest

from stages.attribute.methods import METHODS, deepshap
from stages.attribute.methods.base import Batch, Subject
from stages.common.errors import UserError
from stages.models import compose, runtime
from tests import factories


def images(*seeds):
    return np.stack([np.asarray(factories.picture(seed, (64, 64), "RGB")) for seed in seeds])


def subject(training, **keys):
    runtime.start()
    design = factories.design(backbone__cut="block4_pool", extract__dtype="float32", **keys)
    parts = compose.compose(design)
    factories.randomize(parts.whole)
    return Subject(factories.trained_model(design, {}), parts, lambda: iter([training]))


def explain(own, method, batch, **settings):
    return METHODS[method].explainer(own, METHODS[method].Settings(method=method, **settings))(batch)


def test_with_one_reference_it_is_deeplift():
    pytest.importorskip("shap", reason="shap is not installed")
    own = subject(images(11))
    # Pictures whose logits differ from the reference's: of others little but rounding is left to compare.
    batch = Batch(images(0, 5, 8).astype(np.float32), None, np.float32([[1, 0], [1, -1], [1, 0]]))
    theirs, ours = explain(own, "deepshap", batch, references=1), explain(own, "deeplift", batch, reference="mean")
    assert np.abs(ours.delta).min() > 0.1
    for a, b in zip(theirs.maps, ours.maps, strict=True):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.999999
        assert np.abs(a - b).max() < 1e-4 * np.ptp(b)
    np.testing.assert_allclose(theirs.delta, ours.delta, rtol=1e-4)


def test_a_failed_process_is_one_line(monkeypatch):
    own = subject(images(0))
    monkeypatch.setattr(deepshap, "PROCESS", "stages.no_such_module")
    batch = Batch(images(0).astype(np.float32), None, np.float32([[1, 0]]))
    with pytest.raises(UserError, match=r"DeepExplainer failed.*no_such_module.*take deeplift"):
        explain(own, "deepshap", batch)
