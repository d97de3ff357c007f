"""Groups into parts: whole, in close to the wanted proportions, every class everywhere."""

import numpy as np


def assign(counts: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """The part (n) of each group, so that each part has about its fraction of the images of every class.

    Groups are placed one after the other where they bring the parts closest to what they should hold, the largest
    first (for equal ones, in the order given); then single groups move as long as that helps, first of all where a
    part lacks a class. After the iterative stratification of Sechidis et al. 2011, for whole groups.

    Args:
        counts: images of each group and class (n, c).
        fractions: what each part should hold (p), in all 1.
    """
    wanted = np.outer(fractions, counts.sum(axis=0)).clip(min=1e-9)
    held = np.zeros_like(wanted)
    parts = np.zeros(len(counts), dtype=np.int64)
    for group in np.argsort(-counts.sum(axis=1), kind="stable"):
        added = _misfit(held + counts[group], wanted) - _misfit(held, wanted)
        parts[group] = np.argmin(added.round(9))
        held[parts[group]] += counts[group]
    for _ in range(len(counts)):
        move = _best_move(counts, parts, held, wanted)
        if move is None:
            break
        group, part = move
        held[parts[group]] -= counts[group]
        held[part] += counts[group]
        parts[group] = part
    return parts


def _misfit(held: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """How far parts (..., c) are from what they should hold: chi-square, summed over the classes."""
    return ((held - wanted) ** 2 / wanted).sum(axis=-1)


def _best_move(counts: np.ndarray, parts: np.ndarray, held: np.ndarray, wanted: np.ndarray) -> tuple[int, int] | None:
    """The move of a group to a part that helps most; None if none helps."""
    left = held[parts] - counts  # (n, c): where a group comes from, without it
    reached = held[None] + counts[:, None]  # (n, p, c): where it goes to, with it
    lacking = ((left == 0).sum(axis=1) - (held[parts] == 0).sum(axis=1))[:, None]
    lacking = lacking + (reached == 0).sum(axis=2) - (held == 0).sum(axis=1)[None]
    misfit = (_misfit(left, wanted[parts]) - _misfit(held, wanted)[parts])[:, None]
    misfit = misfit + _misfit(reached, wanted[None]) - _misfit(held, wanted)[None]
    misfit = misfit.round(9)
    stays = np.arange(len(held))[None] == parts[:, None]
    gain = np.where(stays, 0.0, lacking * (1e6 + np.abs(misfit).max()) + misfit)  # a lacking class outweighs any misfit
    group, part = np.unravel_index(np.argmin(gain), gain.shape)
    return (int(group), int(part)) if gain[group, part] < -1e-6 else None
