"""The keys of `train` in params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from stages.common.schema import Section
from stages.models.drop_block import Settings as DropBlockSettings


class Settings(Section):
    """How everything behind the cut is trained."""

    loss: Literal["softmax", "sigmoid"] = "softmax"
    """Cross-entropy over a logit for each class, or (sigmoid, two classes) of one logit for the positive class."""

    optimizer: Literal["adam", "sgd", "rmsprop"] = "adam"
    """adam, sgd (Nesterov momentum 0.9) or rmsprop, each with Keras's other defaults."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    """Step size of the head."""

    backbone_learning_rate: Annotated[float, Field(ge=0)] = 1e-5
    """Step size of the backbone's layers behind the cut."""

    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    """Decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101) of kernels; biases are left alone."""

    batch_size: Annotated[int, Field(ge=2)] = 64
    """Images a step."""

    epochs: Annotated[int, Field(ge=1)] = 20
    """Passes over the training images at the most."""

    patience: Annotated[int, Field(ge=1)] | None = 6
    """Stop after this many epochs without a better value of `monitor`; null: never."""

    monitor: Literal["loss", "roc_auc"] = "loss"
    """What is compared on the validation images; the best epoch's weights are kept."""

    class_weights: Literal["none", "balanced"] = "none"
    """balanced: each image weighs inversely to its class's share of the training images."""

    drop_block: DropBlockSettings = DropBlockSettings()

    seed: int = 0
    """Seed of the order of images."""
