"""The keys of `train` in params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from stages.common.schema import Section
from stages.models.drop_block import Settings as DropBlockSettings
from stages.train.augment_settings import Settings as AugmentSettings


class ScheduleSettings(Section):
    """How the step sizes change from epoch to epoch; head and backbone alike."""

    kind: Literal["constant", "cosine", "step", "exponential"] = "constant"
    """cosine: falls to nothing along half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983); step: times `decay`
    every `every` epochs; exponential: the same, spread evenly over the epochs."""

    warmup: Annotated[int, Field(ge=0)] = 0
    """Epochs in which the step sizes first grow, in equal steps."""

    every: Annotated[int, Field(ge=1)] = 10
    """Epochs from one step to the next."""

    decay: Annotated[float, Field(gt=0, le=1)] = 0.1
    """What a step multiplies the step sizes by."""


class Settings(Section):
    """How everything behind the cut is trained."""

    loss: Literal["softmax", "sigmoid"] = "softmax"
    """Cross-entropy over a logit for each class, or (sigmoid, two classes) of one logit for the positive class."""

    optimizer: Literal["adam", "sgd", "rmsprop", "muon"] = "adam"
    """adam, sgd (with Nesterov momentum) or rmsprop, each with Keras's other defaults. muon: for the backbone's kernels
    (Jordan et al. 2024; Liu et al. 2025, arXiv:2502.16982), where it learns from scratch in fewer epochs than adam,
    which trains the rest."""

    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Nesterov momentum of sgd; 0: none. The others have their own."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    """Step size of the head."""

    backbone_learning_rate: Annotated[float, Field(ge=0)] = 1e-5
    """Step size of the backbone's layers behind the cut."""

    schedule: ScheduleSettings = ScheduleSettings()

    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    """Decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101) of kernels; biases are left alone."""

    batch_size: Annotated[int, Field(ge=2)] = 64
    """Images a step."""

    epochs: Annotated[int, Field(ge=1)] = 20
    """Passes over the training images at the most."""

    patience: Annotated[int, Field(ge=1)] | None = 6
    """Stop after this many epochs without a better value of `monitor`; null: never."""

    monitor: Literal["loss", "roc_auc", "none"] = "loss"
    """What is compared on the validation images; the best epoch's weights are kept. none: the last epoch's, for heads
    that settle, and few validation images, by which the best epoch is a matter of chance."""

    refit: bool = False
    """Whether the model is trained once more, from the start and for as many epochs as were best, on training and
    validation images together. What is chosen or fitted on validation images stays the first training's."""

    class_weights: Literal["none", "balanced"] = "none"
    """balanced: each image weighs inversely to its class's share of the training images."""

    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    """mixed_bfloat16: layers compute in 16 bits while training, on GPUs that have bfloat16 in about half the time;
    weights stay float32, and so does all that is computed after training."""

    drop_block: DropBlockSettings = DropBlockSettings()
    augment: AugmentSettings = AugmentSettings()

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of the order of images and of their augmentation."""
