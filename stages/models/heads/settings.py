"""The keys of `head` in params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from stages.common.schema import Section
from stages.models import heads


class Settings(Section):
    """What follows the backbone and ends in logits."""

    kind: Literal["fc", "score_map", "gem", "attention"] = "fc"
    """fc: flatten, dense, logits; score_map: a map of scores per class, then pooled; gem: one number a channel,
    then logits; attention: a weighted mean of the bag's instances, which are tiles or, without `image.tiles`, the cells
    of the feature map."""

    standardize: bool = True
    """Shift and scale each channel of the head's input (with gem, what it pooled) by the mean and deviation over the
    training images."""

    border: Annotated[int, Field(ge=0)] = 0
    """Cells at each side of the feature map that the head does not look at. They see the network's zero padding and
    what is burnt in along the rim; on small sets models learn from them, and maps point at them."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the head's first weights and of its dropout."""

    fc: heads.fc.Settings = heads.fc.Settings()
    score_map: heads.score_map.Settings = heads.score_map.Settings()
    gem: heads.gem.Settings = heads.gem.Settings()
    attention: heads.attention.Settings = heads.attention.Settings()
