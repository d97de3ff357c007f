"""The training loop: learns, chooses the best epoch, and gives the same bytes again."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from stages.common import files
from stages.common.errors import UserError
from stages.models import compose, runtime, trained
from stages.models.feature_file import FeatureFile
from stages.train import fit
from stages.train.settings import Settings
from tests import factories

SHAPE = (2, 2, 8)  # of features at block5_pool


def features_of(labels, strength=1.0, seed=0):
    """Features in which one channel tells the class, more or less."""
    features = np.random.default_rng(seed).standard_normal((len(labels), *SHAPE)) * 3 + 20
    features[..., 0] += strength * np.asarray(labels)[:, None, None] * 6
    return features.astype(np.float16)


@pytest.fixture
def trainer(tmp_path):
    """Trains on made-up features; returns the arrays and the history."""

    def train(
        labels,
        validation,
        loss="softmax",
        memory_bytes=0,
        classes=factories.CLASSES,
        positive=1,
        strength=1,
        **keys,
    ):
        runtime.start()
        labels, validation = np.array(labels, np.int32), np.array(validation, np.int32)
        every = np.concatenate([labels, validation])
        path = factories.feature_file(tmp_path / "features.h5", features_of(every, strength))
        heads = {name: keys.pop(name) for name in [*keys] if name.startswith("head__")}
        means = {"ingest__classes": classes, "ingest__positive_class": classes[positive], "train__loss": loss}
        design = factories.design(**means | {"head__fc__dropout": 0.0} | heads)
        parts = compose.compose(design)
        model = factories.trained_model(design, {}, loss, classes, classes[positive])
        options = {"loss": loss, "epochs": 3, "batch_size": 8, "learning_rate": 1e-2, "patience": None} | keys
        with FeatureFile(path, memory_bytes) as file:
            rows = np.arange(len(every))
            held_out = fit.Part(rows[len(labels) :], validation) if len(validation) else None
            train = fit.Part(rows[: len(labels)], labels)
            return fit.fit(parts, file, train, held_out, Settings(**options), model)

    return train


LABELS, VALIDATION = [0, 1] * 15, [0, 1] * 5  # the last batch of 8 is not full


@pytest.mark.parametrize("head", ["fc", "score_map"])
@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
def test_it_overfits_sixteen_images(trainer, head, loss):
    noise = np.random.default_rng(3).permutation([0, 1] * 8)
    heads = {"head__kind": head, "head__score_map__hidden": 32, "head__score_map__pooling": "mean"}
    _, history = trainer(noise, VALIDATION, loss=loss, epochs=50, weight_decay=0.0, **heads)
    assert history[-1]["loss"] < 0.05
    assert history[0]["loss"] > 0.3


def test_training_from_disk_and_from_memory_gives_the_same_bytes(trainer):
    from_disk, _ = trainer(LABELS, VALIDATION, memory_bytes=0, head__fc__dropout=0.5)
    from_memory, history = trainer(LABELS, VALIDATION, memory_bytes=1 << 30, head__fc__dropout=0.5)
    assert files.digest(from_disk) == files.digest(from_memory)
    assert [row["epoch"] for row in history] == [1, 2, 3]


def seeded(path):
    """What a small training with dropout and a fine-tuned layer gives: a digest of the weights, and the losses."""
    runtime.start(7)
    labels = np.arange(40, dtype=np.int32) % 2
    features = np.random.default_rng(0).standard_normal((40, 4, 4, 8)).astype(np.float16)
    design = factories.design(backbone__cut="block5_conv3", head__fc__dropout=0.5)
    with FeatureFile(factories.feature_file(path, features)) as file:
        parts = fit.Part(np.arange(32), labels[:32]), fit.Part(np.arange(32, 40), labels[32:])
        model = factories.trained_model(design, {})
        whole = compose.compose(design)
        factories.randomize(whole.whole)
        arrays, history = fit.fit(whole, file, *parts, Settings(epochs=2, batch_size=8, seed=7), model)
    return f"{files.digest(arrays)} {[row['loss'] for row in history]}"


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path):
    code = "from pathlib import Path; from tests.train import test_fit; print(test_fit.seeded(Path('other.h5')))"
    result = factories.python("-c", code, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == seeded(tmp_path / "own.h5")


def test_the_best_epoch_is_kept_and_not_the_last(trainer, monkeypatch):
    """A step size at which training first learns and then unlearns what the noise does not hold."""
    kept = []
    remember = fit._validate

    def validate(tail, file, part, model):
        row = remember(tail, file, part, model)
        kept.append(trained.probabilities(trained.logits(tail, file, part.rows), model))
        return row

    monkeypatch.setattr(fit, "_validate", validate)
    arrays, history = trainer(
        np.random.default_rng(1).integers(0, 2, 24), VALIDATION, epochs=12, learning_rate=3e-2, weight_decay=0.0
    )
    losses = [row["validation_loss"] for row in history]
    best = int(np.argmin(losses))
    assert best < 11, "this training never unlearns: the test shows nothing"
    assert [row["best"] for row in history] == [int(number == best) for number in range(12)]
    design = factories.design(**{"head__fc__dropout": 0.0})
    parts = trained.build(factories.trained_model(design, arrays), None)
    features = features_of(np.concatenate([np.random.default_rng(1).integers(0, 2, 24), VALIDATION]))[24:]
    found = trained.probabilities(parts.tail(features.astype(np.float32)).numpy(), factories.trained_model(design, {}))
    np.testing.assert_allclose(found, kept[best], atol=1e-5)
    assert np.abs(found - kept[-1]).max() > 1e-3


def test_patience_stops_so_many_epochs_after_the_best(trainer):
    labels = np.random.default_rng(1).integers(0, 2, 24)
    _, history = trainer(labels, VALIDATION, epochs=60, learning_rate=3e-2, patience=3)
    best = next(row["epoch"] for row in history if row["best"])
    assert len(history) == best + 3 < 60


def test_what_is_monitored_chooses(trainer):
    _, history = trainer(LABELS, [0, 1, 1, 0, 0, 1], epochs=6, monitor="roc_auc", learning_rate=1e-3)
    scores = [row["validation_roc_auc"] for row in history]
    assert next(row["epoch"] for row in history if row["best"]) == int(np.argmax(scores)) + 1


@pytest.mark.parametrize("epochs", [1, 4])
def test_a_training_without_validation_that_runs_away_is_refused_too(trainer, epochs):
    with pytest.raises(UserError, match=r"ran away.*lower `train\.learning_rate`"):
        trainer(LABELS, [], epochs=epochs, optimizer="sgd", learning_rate=1e30)


def test_without_a_monitor_the_last_epoch_is_kept(trainer):
    noise = np.random.default_rng(1).integers(0, 2, 24)
    arrays, history = trainer(noise, VALIDATION, epochs=6, monitor="none", patience=None, learning_rate=3e-2)
    assert [row["best"] for row in history] == [0, 0, 0, 0, 0, 1]
    best, _ = trainer(noise, VALIDATION, epochs=6, monitor="loss", patience=None, learning_rate=3e-2)
    assert any((arrays[name] != best[name]).any() for name in arrays)


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
@pytest.mark.parametrize("positive", [0, 1])
def test_probabilities_mean_the_positive_class(trainer, loss, positive):
    """With both losses, wherever the positive class stands in the list."""
    _, history = trainer(LABELS, VALIDATION, loss=loss, positive=positive, strength=3, epochs=15)
    assert history[-1]["validation_roc_auc"] == 1
    assert history[-1]["validation_accuracy"] == 1
    assert history[-1]["validation_loss"] < 0.3


def test_validation_scores_are_scikit_learn_s(trainer, monkeypatch):
    seen = []
    original = trained.probabilities
    monkeypatch.setattr(trained, "probabilities", lambda *a: seen.append(original(*a)) or seen[-1])
    labels = [0, 1, 2] * 8
    validation = [0, 1, 2, 2, 1, 1, 0]
    _, history = trainer(labels, validation, classes=["a", "b", "c"], epochs=1, learning_rate=1e-3)
    assert history[0]["validation_loss"] == pytest.approx(log_loss(validation, seen[0]))
    assert history[0]["validation_roc_auc"] == pytest.approx(roc_auc_score(validation, seen[0], multi_class="ovr"))
    assert history[0]["validation_accuracy"] == pytest.approx((seen[0].argmax(axis=1) == validation).mean())


def test_a_class_that_validation_lacks_is_left_out_of_the_auc(trainer):
    _, history = trainer([0, 1, 2] * 8, [0, 1, 0, 1], classes=["a", "b", "c"], epochs=1)
    assert 0 <= history[0]["validation_roc_auc"] <= 1


def test_one_class_in_validation_has_no_auc_and_cannot_choose_by_it(trainer):
    _, history = trainer(LABELS, [1, 1, 1], epochs=1)
    assert np.isnan(history[0]["validation_roc_auc"])
    with pytest.raises(UserError, match=r"`train\.monitor: roc_auc` needs validation images of two classes"):
        trainer(LABELS, [1, 1, 1], monitor="roc_auc")


def test_training_that_runs_away_is_a_clear_error(trainer):
    with pytest.raises(UserError, match=r"lower `train\.learning_rate`"):
        trainer(LABELS, VALIDATION, learning_rate=1e38, optimizer="sgd")


def test_balanced_weights_give_each_class_the_same_share():
    labels = np.array([0, 0, 0, 1])
    weights = fit._image_weights(labels, 2, "balanced")
    assert weights[:3].sum() == pytest.approx(weights[3:].sum())
    assert weights.sum() == pytest.approx(4)
    np.testing.assert_array_equal(fit._image_weights(labels, 2, "none"), [1, 1, 1, 1])
    absent = fit._image_weights(np.array([0, 2]), 3, "balanced")
    np.testing.assert_allclose(absent, [1, 1])


def test_balanced_weights_move_the_probabilities_of_a_rare_class(trainer):
    labels = [0] * 27 + [1] * 3
    means = {}
    for policy in ("none", "balanced"):
        _, history = trainer(labels, [0, 1] * 5, class_weights=policy, epochs=4, learning_rate=1e-3)
        means[policy] = history[-1]["validation_loss"]
    assert means["balanced"] < means["none"]


def test_the_backbone_behind_the_cut_learns_at_its_own_rate(tmp_path):
    runtime.start()
    labels = np.arange(16, dtype=np.int32) % 2
    features = np.random.default_rng(0).standard_normal((16, 4, 4, 8)).astype(np.float16)
    path = factories.feature_file(tmp_path / "features.h5", features)
    design = factories.design(backbone__cut="block5_conv2")
    for rate, moves in ((0.0, False), (1e-2, True)):
        parts = compose.compose(design)
        factories.randomize(parts.whole)
        before = {layer: parts.whole.get_layer(layer).kernel.numpy() for layer in ("block5_conv3", "head_dense")}
        frozen = parts.whole.get_layer("block5_conv2").kernel.numpy()
        with FeatureFile(path) as file:
            part = fit.Part(np.arange(16), labels)
            settings = Settings(epochs=1, batch_size=8, backbone_learning_rate=rate, learning_rate=1e-2)
            fit.fit(parts, file, part, part, settings, factories.trained_model(design, {}))
        assert (parts.whole.get_layer("block5_conv3").kernel.numpy() != before["block5_conv3"]).any() == moves
        assert (parts.whole.get_layer("head_dense").kernel.numpy() != before["head_dense"]).any()
        np.testing.assert_array_equal(parts.whole.get_layer("block5_conv2").kernel.numpy(), frozen)


def test_every_image_counts_once_an_epoch(tmp_path):
    """Rows that fill up the last batch weigh nothing."""
    features = np.arange(10, dtype=np.float32).reshape(10, 1, 1, 1)
    with FeatureFile(factories.feature_file(tmp_path / "features.h5", features)) as file:
        labels_there, weights = np.arange(10, dtype=np.int32), np.ones(10, np.float32)
        orders = []
        for epoch in (1, 2, 1):
            batches = list(fit._epoch(file.read, labels_there, weights, Settings(batch_size=4, seed=5), epoch))
            assert [batch[0].shape for batch in batches] == [(4, 1, 1, 1)] * 3
            rows = np.concatenate([batch[0].ravel()[batch[2] > 0] for batch in batches])
            labels = np.concatenate([batch[1][batch[2] > 0] for batch in batches])
            np.testing.assert_array_equal(rows, labels)
            assert sorted(rows) == list(range(10))
            orders.append(list(rows))
        assert orders[0] == orders[2] != orders[1]
        other = list(fit._epoch(file.read, labels_there, weights, Settings(batch_size=4, seed=6), 1))
        assert list(np.concatenate([batch[1] for batch in other])[:10]) != orders[0]


def test_the_standardiser_is_fitted_on_training_images_only(trainer):
    arrays, _ = trainer(LABELS, VALIDATION, epochs=1)
    features = features_of(LABELS + VALIDATION)[: len(LABELS)].astype(np.float64)
    np.testing.assert_allclose(arrays["head_standardize/mean"], features.mean(axis=(0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(arrays["head_standardize/deviation"], features.std(axis=(0, 1, 2)), rtol=1e-4)
