"""Row names: two tables of the same pupils are brought together by name, never by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dropout_risk.errors import FeatureInputError


def refuse_other_rows(X: Any, other: Any, name: str) -> None:
    """Refuse a column that stands beside a table and names other rows, or the same ones in another order.

    Rows are taken by their place. That is right where one side has no names of its own (an array, or pandas'
    0, 1, 2, …), and where both have the same names in the same order. Two runs of whole numbers that begin
    elsewhere (0, 1, 2, … beside 1, 2, 3, …) are names: one of the two was cut or moved.

    Parameters
    ----------
    X : DataFrame or array-like
        The table of features.
    other : Series, DataFrame or array-like
        What stands beside it.
    name : str
        What that is called, such as ``"y"``.

    Raises
    ------
    FeatureInputError
        With what is wrong with the names, and how to bring the two together.

    Examples
    --------
    >>> X = pd.DataFrame({"absent": [3, 1]}, index=["a", "b"])
    >>> refuse_other_rows(X, pd.Series([1, 0], index=["b", "a"]), "y")
    Traceback (most recent call last):
    ...
    dropout_risk.errors.FeatureInputError: [DR203] X and y name the same rows in another order.
    Hint: bring them together by their index: y = y.loc[X.index]; or hand in y.to_numpy() to go by place
    """
    if not isinstance(X, pd.DataFrame) or not isinstance(other, (pd.Series, pd.DataFrame)):
        return
    mine, theirs = _shared_levels(X.index, other.index)
    if len(mine) != len(theirs) or mine.equals(theirs):
        return
    hint = f"bring them together by their index: {name} = {name}.loc[X.index]"
    unknown = int((~theirs.isin(mine)).sum()) if mine.nlevels == theirs.nlevels else len(theirs)
    if not unknown and mine.isin(theirs).all():
        said = f"X and {name} name the same rows in another order."
    elif _one_is_nameless(mine, theirs) and not np.any(pd.isna(other)):
        return
    else:
        said = f"X and {name} do not name the same rows: {unknown} of the {len(theirs)} are not in X."
        hint = "make both from the same table, with the same type of names"
    if not (mine.is_unique and theirs.is_unique):
        said, hint = f"{said[:-1]}, and some names occur twice.", "give each row of both a name of its own"
    by_place = f"{name}.to_numpy()" if isinstance(other, pd.Series) else f"{name}.set_axis(X.index)"
    raise FeatureInputError(said, hint=f"{hint}; or hand in {by_place} to go by place")


def _shared_levels(mine: pd.Index, theirs: pd.Index) -> tuple[pd.Index, pd.Index]:
    """Leave out the levels that only one of two indexes has."""
    if mine.nlevels == theirs.nlevels:
        return mine, theirs
    shared = [level for level in mine.names if level is not None and level in theirs.names]
    if not shared:
        return mine, theirs
    return _levels_of(mine, shared), _levels_of(theirs, shared)


def _levels_of(index: pd.Index, names: list[Any]) -> pd.Index:
    levels = [index.get_level_values(name) for name in names]
    return pd.MultiIndex.from_arrays(levels) if len(levels) > 1 else levels[0]


def _one_is_nameless(mine: pd.Index, theirs: pd.Index) -> bool:
    """Say whether one index is pandas' own 0, 1, 2, …, which names nothing, and the other no such run."""
    begun = [_begin_of_run(index) for index in (mine, theirs)]
    return 0 in begun and None in begun


def _begin_of_run(index: pd.Index) -> int | None:
    """Give the first of whole numbers without a name that follow one upon another; None for other names."""
    if index.nlevels > 1 or index.name is not None or index.dtype.kind not in "iu" or not len(index):
        return None
    numbers = index.to_numpy()
    return int(numbers[0]) if bool((np.diff(numbers) == 1).all()) else None
