"""The training loop: seeded order, fixed batch shape, best epoch kept."""

import concurrent.futures
from collections.abc import Iterator

import numpy as np
from sklearn.metrics import roc_auc_score

from stages.common import console
from stages.common.errors import UserError
from stages.models import front, layers, runtime, trained
from stages.models.compose import Parts
from stages.models.feature_file import FeatureFile
from stages.train import behind, prepare
from stages.train.behind import Reader
from stages.train.checkpoint import Checkpoint
from stages.train.part import Part
from stages.train.settings import Settings
from stages.train.step import Trainer

Arrays = dict[str, np.ndarray]

RAN_AWAY = "training ran away: the numbers are no longer finite; lower `train.learning_rate`"


def fit(
    parts: Parts,
    file: FeatureFile,
    train: Part,
    validation: Part | None,
    settings: Settings,
    model: trained.Trained,
    checkpoint: Checkpoint | None = None,
    epochs: int | None = None,
) -> tuple[Arrays, list[dict]]:
    """Train the tail in place. Returns the best epoch's weights by name, and the history, a dict an epoch.

    `model` says what the logits mean; its arrays are not used. With a `checkpoint`, a training that it knows goes on.
    Without validation images the last epoch counts as the best. `epochs` stops the schedule of `settings` early.

    Raises:
        UserError: the numbers ran away, or the validation images are of one class where their AUC is to choose.
    """
    if validation and settings.monitor == "roc_auc" and len(np.unique(validation.labels)) < 2:
        raise UserError("`train.monitor: roc_auc` needs validation images of two classes or more; set it to loss")
    finding = model.classes.index(model.positive_class)
    trained_part, read = behind.trained_part(parts, file, train, finding)
    trainer = Trainer(trained_part, settings, model)
    history, best = checkpoint.restore(trainer.variables) if checkpoint else ([], {})
    if not history:
        prepare.prepare(parts, file, train.rows)
    tail = runtime.compiled(parts.tail)
    weights = _image_weights(train.labels, len(model.classes), settings.class_weights)
    left = range(len(history) + 1, (epochs or settings.epochs) + 1)
    for epoch in console.progress(left, len(left), "training, epochs"):
        if validation and _is_over(history, settings):
            break
        layers.set_progress(parts.tail, (epoch - 1) / settings.epochs)
        trainer.begin(epoch)
        losses = [trainer(*batch) for batch in _epoch(read, train.labels, weights, settings, epoch)]
        row = {"epoch": epoch, "loss": float(np.mean([float(loss) for loss in losses]))}
        if not np.isfinite(row["loss"]):
            raise UserError(RAN_AWAY)
        history.append(row | (_validate(tail, file, validation, model) if validation else {}))
        if not validation or _best(history, settings.monitor) == epoch:
            best = {name: np.array(value) for name, value in front.named_weights(parts.tail).items()}
        if checkpoint:
            checkpoint.keep(trainer.variables, history, best)
    if not all(np.isfinite(array).all() for array in best.values()):
        raise UserError(RAN_AWAY)
    chosen = _best(history, settings.monitor) if validation else history[-1]["epoch"]
    return best, [{**row, "best": int(row["epoch"] == chosen)} for row in history]


def _is_over(history: list[dict], settings: Settings) -> bool:
    """Whether `patience` has run out."""
    if settings.patience is None or not history:
        return False
    return history[-1]["epoch"] - _best(history, settings.monitor) >= settings.patience


def _epoch(
    read: Reader, labels: np.ndarray, weights: np.ndarray, settings: Settings, epoch: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Padded batches of inputs, class numbers and weights in the epoch's own order; the next is read meanwhile."""
    order = np.random.default_rng([settings.seed, epoch]).permutation(len(labels))

    def batch(place: slice) -> tuple[np.ndarray, ...]:
        rows = place.start + np.arange(settings.batch_size)
        chosen = order[rows % len(order)]  # beyond the last, the first again without weight: for batch statistics
        return read(chosen), labels[chosen], np.where(rows < len(order), weights[chosen], 0)

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
        raise UserError(RAN_AWAY)
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
    """The first epoch with the best value; with `none` the last."""
    if monitor == "none":
        return history[-1]["epoch"]
    if monitor == "loss":
        return min(history, key=lambda row: row["validation_loss"])["epoch"]
    return max(history, key=lambda row: row["validation_roc_auc"])["epoch"]
