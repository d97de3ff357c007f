"""Sanity checks (Adebayo et al. 2018, arXiv:1810.03292): a map must change when the model forgets what it learned.

Weights are shuffled within each array, from the head down, which leaves their distribution as it was. A map that stays
the same when all of them are shuffled shows the image, not the model.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from stages.models.compose import Parts

SAME = 0.5  # maps whose ranks correlate more than this once all weights are shuffled do not depend on them
HEAD, BEHIND, UPPER, ALL = "head", "behind the cut", "upper half of the backbone", "all"


def levels(parts: "Parts") -> dict[str, list[str]]:
    """What is shuffled at each level, by the names of layers; each level includes those before it.

    A level that adds nothing is left out.
    """
    layers = [layer.name for layer in parts.whole.layers if layer.weights]
    frozen = None if parts.front is None else {layer.name for layer in parts.front.layers}
    backbone = [name for name in layers if not name.startswith("head_")]
    chosen = {
        HEAD: [name for name in layers if name.startswith("head_")],
        BEHIND: [] if frozen is None else [name for name in layers if name not in frozen],
        UPPER: [name for name in layers if name not in backbone[: len(backbone) // 2]],
        ALL: layers,
    }
    found: dict[str, list[str]] = {}
    for level, names in chosen.items():
        if len(names) > max(map(len, found.values()), default=0):
            found[level] = names
    return found


def shuffled(parts: "Parts", layers: list[str], seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """The weights of some layers by `layer/variable`, each array's values in another order."""
    from stages.models import front

    for number, (name, variable) in enumerate(sorted(front.named_weights(parts.whole).items())):
        if name.split("/")[0] in layers:
            values = np.array(variable)
            random = np.random.default_rng([seed, number])
            yield name, random.permutation(values.ravel()).reshape(values.shape)


def likeness(maps: np.ndarray, others: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each map with its other (n, h, w), over the pixels inside (n, h, w) -> (n,).

    0 where one is constant, or not finite: a network of shuffled weights may overflow, and its map is then another.
    """
    pairs = zip(maps, others, inside, strict=True)
    return np.array([_correlation(one[where], other[where]) for one, other, where in pairs])


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    if not (np.isfinite(one).all() and np.isfinite(other).all()) or one.size == 0:
        return 0.0
    a, b = rankdata(one), rankdata(other)
    return 0.0 if np.ptp(a) == 0 or np.ptp(b) == 0 else float(np.corrcoef(a, b)[0, 1])
