"""Heads by name.

A head is a module with `Settings`, `build(features, outputs, settings, seed) -> logits`, and BAGS. Features are
(n, h, w, c). A head with BAGS is given `present` too: which instances there are, or None for all; and, with tiles,
(n, tiles, h, w, c). The others are given the tiles' maps side by side, as one map. A head with
`pooled(features, settings)` standardises and builds upon what that gives.
"""

from stages.models.heads import attention, fc, gem, score_map

HEADS = {"attention": attention, "fc": fc, "gem": gem, "score_map": score_map}
