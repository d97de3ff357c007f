"""ResNets of few blocks: the repeats add time, not code. Their full length is in tests/models/backbones."""

from collections.abc import Callable

from stages.models.backbones import resnet50, resnet50_dilated
from stages.models.backbones.resnet import Stage


def resnets(assign: Callable[[object, str, object], None] = setattr) -> None:
    """Shorten both; `assign` may be that of a monkeypatch, which undoes it."""
    assign(resnet50, "BLOCKS", (1, 1, 2, 1))
    stages = (Stage(1, (1,)), Stage(2, (1,)), Stage(1, (2,)), Stage(1, (2, 4, 1)))
    assign(resnet50_dilated, "STAGES", stages)
