"""How the step sizes change from epoch to epoch."""

import math

from stages.train.settings import ScheduleSettings


def factor(settings: ScheduleSettings, epoch: int, epochs: int) -> float:
    """What the step sizes are multiplied by in an epoch (from 1) of so many, warm-up included: 0 to 1."""
    if epoch <= settings.warmup:
        return epoch / (settings.warmup + 1)
    past, rest = epoch - settings.warmup - 1, epochs - settings.warmup
    if settings.kind == "cosine":
        return (1 + math.cos(math.pi * past / rest)) / 2
    if settings.kind == "step":
        return settings.decay ** (past // settings.every)
    if settings.kind == "exponential":
        return settings.decay ** (past / settings.every)
    return 1.0
