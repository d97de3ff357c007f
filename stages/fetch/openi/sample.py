"""A balanced sample of the collection, always the same one."""

import hashlib

from stages.fetch.openi import terms
from stages.fetch.openi.records import Image


def choose(images: list[Image], limit: int | None) -> list[Image]:
    """Take at most `limit` images, half normal and half abnormal, sorted by id; all without a limit.

    Reports are taken whole, in the order of a hash of their ids (only the last one may be cut), so that a larger sample
    holds a smaller one and neither depends on the order of the listing. What one class lacks, the other gives.
    """
    if limit is None:
        return sorted(images)
    ranked = sorted(images, key=lambda image: (_hash(image.report_id), image.image_id))
    classes = [[image for image in ranked if _kind(image) == kind] for kind in ("normal", "abnormal")]
    normal = min(len(classes[0]), max(limit // 2, limit - len(classes[1])))
    return sorted(classes[0][:normal] + classes[1][: limit - normal])


def _kind(image: Image) -> terms.Kind:
    return terms.kind(terms.split(image.majors))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
