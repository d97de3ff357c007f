"""One training step: forward, backward, and the optimisers of head and backbone."""

import keras
import numpy as np
import tensorflow as tf

from stages.models.trained import Trained
from stages.train import augment, devices, precision, schedule
from stages.train.optimizers import optimizer
from stages.train.settings import Settings


class Trainer:
    """Trains a tail in place, a padded batch at a time, shared by the devices of TensorFlow's current strategy.

    `variables` is all that the next step depends on: weights, optimisers, and the state of the random numbers.
    """

    def __init__(self, tail: keras.Model, settings: Settings, model: Trained) -> None:
        self._tail, self._settings, self._model = tail, settings, model
        self._augment = augment.layers(settings.augment, settings.seed)
        self._optimizers = self._made_optimizers()
        for made, _, part in self._optimizers:
            made.build(part)
        self._strategy = tf.distribute.get_strategy()
        if self._strategy.num_replicas_in_sync > 1:
            devices.synchronize(tail)
        self._step = tf.function(self._shared_step)

    def _made_optimizers(self) -> list[tuple[keras.optimizers.Optimizer, float, list[keras.Variable]]]:
        """Optimiser, step size and variables of the head, and of the backbone behind the cut where there is one."""
        head = [
            value for layer in self._tail.layers if layer.name.startswith("head") for value in layer.trainable_variables
        ]
        known = {id(value) for value in head}
        backbone = [value for value in self._tail.trainable_variables if id(value) not in known]
        rates = self._settings.learning_rate, self._settings.backbone_learning_rate
        return [
            (optimizer(self._settings, rate, head=part is head), rate, part)
            for rate, part in zip(rates, (head, backbone), strict=True)
            if part
        ]

    @property
    def variables(self) -> list[keras.Variable]:
        """Always in the same order."""
        optimizers = [made for made, _, _ in self._optimizers]
        return [value for part in (self._tail, *self._augment, *optimizers) for value in part.variables]

    def begin(self, epoch: int) -> None:
        """Set the step sizes of an epoch (from 1)."""
        factor = schedule.factor(self._settings.schedule, epoch, self._settings.epochs)
        for made, rate, _ in self._optimizers:
            made.learning_rate = rate * factor

    def __call__(self, features: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tf.Tensor:
        """Features (n, ...), class numbers (n,) and weights (n,) -> the batch's mean loss before the step."""
        return self._step(*(self._shares(values) for values in (features, labels, weights)))

    def _shares(self, values: np.ndarray) -> tf.distribute.DistributedValues:
        """Each device's rows of a batch."""
        count = self._strategy.num_replicas_in_sync
        return self._strategy.experimental_distribute_values_from_function(
            lambda device: tf.convert_to_tensor(values[device.replica_id_in_sync_group :: count])
        )

    def _shared_step(self, features: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        with precision.of(self._tail, self._settings.precision):
            losses = self._strategy.run(self._one_step, (features, labels, weights))
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

    def _one_step(self, features: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """What each device does with its share of a batch; the optimisers sum the gradients over all of them."""
        device = tf.distribute.get_replica_context()
        total = device.all_reduce(tf.distribute.ReduceOp.SUM, tf.reduce_sum(weights))
        for layer in self._augment:
            features = tf.cast(layer(features, training=True), tf.float32)
        features = tf.cast(features, tf.float32)
        with tf.GradientTape() as tape:
            losses = self._losses(self._tail(features, training=True), labels)
            loss = tf.reduce_sum(losses * weights) / total
        gradients = tape.gradient(loss, [part for _, _, part in self._optimizers])
        for (made, _, part), gradient in zip(self._optimizers, gradients, strict=True):
            made.apply_gradients(zip(gradient, part, strict=True))
        return loss

    def _losses(self, logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        if self._model.loss == "sigmoid":
            positive = self._model.classes.index(self._model.positive_class)
            targets = tf.cast(labels == positive, tf.float32)
            return tf.nn.sigmoid_cross_entropy_with_logits(targets, logits[:, 0])
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
