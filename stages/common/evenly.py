"""Some of many items, evenly over strata, by a rule that knows nothing of what they hold."""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Mapping


def choose(strata: Mapping[str, Hashable], limit: int) -> list[str]:
    """Names to take, sorted: all when they fit into `limit`, else evenly from the strata.

    Each stratum gives in turn its next name by the SHA-256 of the name. The choice is kept when names are added
    elsewhere.

    Args:
        strata: of each name, the stratum that it belongs to.
        limit: how many at most.
    """
    queues = defaultdict(list)
    for name in sorted(strata, key=_rank):
        queues[strata[name]].append(name)
    turns = [(turn, _rank(name), name) for queue in queues.values() for turn, name in enumerate(queue)]
    return sorted(name for _, _, name in sorted(turns)[:limit])


def _rank(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
