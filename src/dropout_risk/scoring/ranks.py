"""Ranks within schools: the one thing about a score that needs the scores of others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def ranks_in_school(school: pa.Array, log_odds: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Rank pupils within their schools: 1 is the highest score, equal scores share the better rank.

    Parameters
    ----------
    school : pyarrow.Array
        Of each pupil; pupils without one are ranked among themselves.
    log_odds : float64 array
        Of each pupil.

    Examples
    --------
    >>> ranks_in_school(pa.array(["a", "b", "a", "a"]), np.array([1.0, 5.0, 2.0, 2.0])).tolist()
    [3, 1, 1, 1]
    """
    if not len(log_odds):
        return np.zeros(0, dtype=np.int32)
    names = pc.fill_null(school.cast(pa.string()), "")
    names = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    codes = names.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    order = np.lexsort([-log_odds, codes])
    codes, scores = codes[order], log_odds[order]
    place = np.arange(len(order))
    new_school = np.append(True, codes[1:] != codes[:-1])
    new_score = new_school | np.append(True, scores[1:] != scores[:-1])
    first = np.maximum.accumulate(np.where(new_school, place, 0))
    best = np.maximum.accumulate(np.where(new_score, place, 0))
    ranks = np.empty(len(order), dtype=np.int32)
    ranks[order] = best - first + 1
    return ranks
