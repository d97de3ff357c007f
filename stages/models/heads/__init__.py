"""Heads by name. A head is a module with `Settings` and `build(features, outputs, settings, seed) -> logits`."""

from stages.models.heads import fc, score_map

HEADS = {"fc": fc, "score_map": score_map}
