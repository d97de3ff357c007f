"""Which images the gallery shows when there are more than it may hold."""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Mapping

RULE = (
    "Images are ranked by the SHA-256 of their id within each part, class and outcome; these then give one image each "
    "in turn until the limit is reached. So rare outcomes are shown whole, and nothing about a picture decides."
)


def choose(strata: Mapping[str, Hashable], limit: int) -> list[str]:
    """Image ids to show, sorted: all when they fit into `limit`, else evenly from the strata (see RULE).

    Args:
        strata: of each image id, the stratum that it belongs to (its part, class and outcome).
        limit: how many at most.
    """
    queues = defaultdict(list)
    for image_id in sorted(strata, key=_rank):
        queues[strata[image_id]].append(image_id)
    turns = [(turn, _rank(image_id), image_id) for queue in queues.values() for turn, image_id in enumerate(queue)]
    return sorted(image_id for _, _, image_id in sorted(turns)[:limit])


def _rank(image_id: str) -> str:
    return hashlib.sha256(image_id.encode()).hexdigest()
