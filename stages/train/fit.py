"""The training loop: seeded order, fixed batch shape, best epoch kept."""

import concurrent.futures
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from sklearn.metrics import roc_auc_score

from stages.common.errors import UserError
from stages.models import front, layers, runtime, trained
from stages.models.compose import STANDARDIZE, Parts
from stages.models.feature_file import FeatureFile
from stages.train import standardize
from stages.train.settings import Settings

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Part:
    """Images of one part of a split: rows of the feature file, and class numbers."""

    rows: np.ndarray
    labels: np.ndarray


def fit(
    parts: Parts, file: FeatureFile, train: Part, validation: Part, settings: Settings, model: trained.Trained
) -> tuple[Arrays, list[dict]]:
    """Train the tail in place. Returns the best epoch's weights by name, and the history, a dict an epoch.

    `model` says what the logits mean; its arrays are not used.

    Raises:
        UserError: the numbers ran away, or the validation images are of one class where their AUC is to choose.
    """
    if settings.monitor == "roc_auc" and len(np.unique(validation.labels)) < 2:
        raise UserError("`train.monitor: roc_auc` needs validation images of two classes or more; set it to loss")
    _standardize(parts, file, train.rows)
    step = _step(parts, settings, model)
    tail = runtime.compiled(parts.tail)
    weights = _image_weights(train.labels, len(model.classes), settings.class_weights)
    history: list[dict] = []
    best: Arrays = {}
    for epoch in range(1, settings.epochs + 1):
        layers.set_progress(parts.tail, settings.drop_block.progress(epoch, settings.epochs))
        losses = [
            step(features, labels, shares) for features, labels, shares in _epoch(file, train, weights, settings, epoch)
        ]
        row = {"epoch": epoch, "loss": float(np.mean([float(loss) for loss in losses]))}
        row |= _validate(tail, file, validation, model)
        history.append(row)
        if _best(history, settings.monitor) == epoch:
            best = {name: np.array(value) for name, value in front.named_weights(parts.tail).items()}
        elif settings.patience is not None and epoch - _best(history, settings.monitor) >= settings.patience:
            break
    chosen = _best(history, settings.monitor)
    return best, [{**row, "best": int(row["epoch"] == chosen)} for row in history]


def _standardize(parts: Parts, file: FeatureFile, rows: np.ndarray) -> None:
    """Fit the standardiser on what the head is given before training begins."""
    if STANDARDIZE not in {layer.name for layer in parts.tail.layers}:
        return
    chunks = file.chunks(rows)
    if parts.before_head is not None:
        chunks = runtime.run(runtime.compiled(parts.before_head), chunks, file.batch_size)
    layer = parts.tail.get_layer(STANDARDIZE)
    for variable, value in zip((layer.mean, layer.deviation), standardize.fit(chunks), strict=True):
        variable.assign(value)


def _step(parts: Parts, settings: Settings, model: trained.Trained) -> Callable[..., tf.Tensor]:
    """One compiled training step: features, class numbers and weights of a padded batch -> its mean loss."""
    tail = parts.tail
    head = [value for layer in tail.layers if layer.name.startswith("head") for value in layer.trainable_variables]
    known = {id(value) for value in head}
    backbone = [value for value in tail.trainable_variables if id(value) not in known]
    optimizers = [(_optimizer(settings, settings.learning_rate), head)]
    if backbone:
        optimizers.append((_optimizer(settings, settings.backbone_learning_rate), backbone))
    for optimizer, variables in optimizers:
        optimizer.build(variables)
    positive = model.classes.index(model.positive_class)

    @tf.function
    def step(features: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = tail(tf.cast(features, tf.float32), training=True)
            if model.loss == "sigmoid":
                targets = tf.cast(labels == positive, tf.float32)
                losses = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits[:, 0])
            else:
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_sum(losses * weights) / tf.reduce_sum(weights)
        gradients = tape.gradient(loss, head + backbone)
        for optimizer, variables in optimizers:
            optimizer.apply_gradients(zip(gradients[: len(variables)], variables, strict=True))
            del gradients[: len(variables)]
        return loss

    return step


def _optimizer(settings: Settings, learning_rate: float) -> keras.optimizers.Optimizer:
    options = {"learning_rate": learning_rate, "weight_decay": settings.weight_decay or None}
    if settings.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(momentum=0.9, nesterov=True, **options)
    else:
        optimizer = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}[settings.optimizer](**options)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _epoch(
    file: FeatureFile, part: Part, weights: np.ndarray, settings: Settings, epoch: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Padded batches of features, class numbers and weights in the epoch's own order; the next is read meanwhile."""
    order = np.random.default_rng([settings.seed, epoch]).permutation(len(part.rows))

    def batch(place: slice) -> tuple[np.ndarray, ...]:
        rows = place.start + np.arange(settings.batch_size)
        chosen = order[rows % len(order)]  # beyond the last, the first again without weight: for batch statistics
        return file.read(part.rows[chosen]), part.labels[chosen], np.where(rows < len(order), weights[chosen], 0)

    places = list(runtime.batches(len(order), settings.batch_size))
    with concurrent.futures.ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(batch, places[0])
        for following in [*places[1:], None]:
            ready = ahead.result()
            if following is not None:
                ahead = reader.submit(batch, following)
            yield ready


def _image_weights(labels: np.ndarray, classes: int, policy: str) -> np.ndarray:
    if policy == "none":
        return np.ones(len(labels), np.float32)
    counts = np.bincount(labels, minlength=classes)
    return (len(labels) / (np.count_nonzero(counts) * counts[labels])).astype(np.float32)


def _validate(tail: runtime.Inference, file: FeatureFile, part: Part, model: trained.Trained) -> dict[str, float]:
    found = trained.probabilities(trained.logits(tail, file, part.rows), model)
    if not np.isfinite(found).all():
        raise UserError("training ran away: the logits are no longer finite; lower `train.learning_rate`")
    chosen = np.clip(found[np.arange(len(part.labels)), part.labels], 1e-12, None)
    return {
        "validation_loss": float(-np.log(chosen).mean()),
        "validation_roc_auc": _roc_auc(found, part.labels, model),
        "validation_accuracy": float((found.argmax(axis=1) == part.labels).mean()),
    }


def _roc_auc(found: np.ndarray, labels: np.ndarray, model: trained.Trained) -> float:
    """Area under the ROC curve; of more than two classes, each that is there against the rest, averaged.

    NaN where all images are of one class.
    """
    there = np.unique(labels)
    if len(there) < 2:
        return float("nan")
    asked = there if len(model.classes) > 2 else [model.classes.index(model.positive_class)]
    return float(np.mean([roc_auc_score(labels == number, found[:, number]) for number in asked]))


def _best(history: list[dict], monitor: str) -> int:
    """The first epoch with the best value."""
    if monitor == "loss":
        return min(history, key=lambda row: row["validation_loss"])["epoch"]
    return max(history, key=lambda row: row["validation_roc_auc"])["epoch"]
