"""Small groups: whose figures are withheld, and with whom, so that no total gives them back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dropout_risk.arrays import Bools, Floats
from dropout_risk.text import Text

FEWEST = 10
"""Pupils below which a group has no figure of its own in any table."""
WITHHELD = Text(zh="不列出", en="withheld")


def withheld_groups(
    counts: Sequence[float] | Floats, fewest: int = FEWEST, small: Bools | None = None
) -> Bools:
    """Say which groups have no figure of their own.

    Those that are small (by default, of fewer than ``fewest``; an empty group hides nobody), and with them
    the next smallest, until what a total leaves is two groups at least and not small itself.

    >>> withheld_groups([40, 3, 25, 0, 90]).tolist()
    [False, True, True, False, False]
    >>> withheld_groups([4, 8, 25]).tolist(), withheld_groups([4, 3, 25]).tolist()
    ([True, True, False], [True, True, True])
    """
    sizes = np.asarray(counts, dtype=np.float64)
    hidden = np.array((sizes > 0) & (sizes < fewest) if small is None else small, dtype=bool)
    if not hidden.any():
        return hidden
    open_ones = np.flatnonzero(~hidden & (sizes > 0))
    for group in open_ones[np.argsort(sizes[open_ones], kind="stable")]:
        if hidden.sum() > 1 and sizes[hidden].sum() >= fewest:
            break
        hidden[group] = True
    return hidden
