"""The optimisers that the parameters name."""

import math

import keras
from keras import ops

from stages.train.settings import Settings


class Muon(keras.optimizers.Muon):
    """Keras's Muon, which knows matrices alone, for kernels of any rank: a column is what one filter sees.

    Jordan et al. 2024, kellerjordan.github.io/posts/muon; steps as large as Adam's by Liu et al. 2025,
    arXiv:2502.16982. Vectors (biases, gains) are left to Adam.
    """

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        return len(variable.shape) < 2

    def zeropower_via_newtonschulz5(self, x: keras.KerasTensor, steps: int) -> keras.KerasTensor:
        """The orthogonal matrix nearest to a kernel (..., filters), in its shape."""
        matrix = ops.reshape(x, (-1, x.shape[-1]))
        return ops.reshape(super().zeropower_via_newtonschulz5(matrix, steps), x.shape)

    def lr_adjust(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """A step (..., filters) whose values are as large as Adam's."""
        return x * (self.rms_rate * math.sqrt(max(math.prod(x.shape[:-1]), x.shape[-1])))


def optimizer(settings: Settings, learning_rate: float, head: bool) -> keras.optimizers.Optimizer:
    """For the head or for the backbone; biases and normalisation do not decay."""
    options = {"learning_rate": learning_rate, "weight_decay": settings.weight_decay or None}
    if settings.optimizer == "sgd":
        made = keras.optimizers.SGD(momentum=settings.momentum, nesterov=settings.momentum > 0, **options)
    elif settings.optimizer == "rmsprop":
        made = keras.optimizers.RMSprop(**options)
    elif settings.optimizer == "muon" and not head:
        made = Muon(**options)
    else:
        made = keras.optimizers.Adam(**options)
    made.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return made
