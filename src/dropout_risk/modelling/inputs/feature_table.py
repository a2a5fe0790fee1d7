"""A table of features as it was handed in, brought to the form that is fitted: flat names, single values."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from dropout_risk.errors import FeatureInputError

BETWEEN_LEVELS = "_"
LAZY = {"LazyFrame", "DuckDBPyRelation"}
SEVERAL = (list, tuple, dict, set, frozenset, np.ndarray, pd.Series)
NOT_NUMBERS = {
    "date": "dates", "datetime": "dates", "datetime64": "dates", "period": "dates", "time": "times of day",
    "timedelta": "lengths of time", "timedelta64": "lengths of time", "complex": "complex numbers",
}  # fmt: skip
HINTS = {
    "dates": "turn it into a number, such as school days since",
    "times of day": "turn it into a number, such as minutes since midnight",
    "lengths of time": "turn it into a number, such as X[column].dt.days",
    "complex numbers": "give the parts as columns of their own",
    "lists": "give each entry a column of its own, or one number, such as their count",
}


def plain_table(X: Any) -> Any:
    """Give a frame of any library as pandas with names of one level; arrays and all else as they are.

    A name of several levels is joined, ``("attendance", "share")`` to ``attendance_share``, and other names
    are written as text.

    Raises
    ------
    FeatureInputError
        If the table has not been computed yet.

    Examples
    --------
    >>> plain_table(pd.DataFrame({("absent", "sum"): [1], ("absent", ""): [2]})).columns.tolist()
    ['absent_sum', 'absent']
    """
    if not isinstance(X, pd.DataFrame):
        X = _as_pandas(X)
    if not isinstance(X, pd.DataFrame) or all(type(name) is str for name in X.columns):
        return X
    return X.set_axis([flat_name(name) for name in X.columns], axis="columns")


def named_frame(X: Any) -> pd.DataFrame:
    """Give features of any frame as pandas; ``student_id`` and ``as_of`` name the rows of one without index.

    Raises
    ------
    FeatureInputError
        If it is no frame: features are found by their names.

    Examples
    --------
    >>> import pyarrow as pa
    >>> named_frame(pa.table({"student_id": ["a"], "absent": [1.0]})).index.tolist()
    ['a']
    """
    table = plain_table(X)
    if not isinstance(table, pd.DataFrame):
        raise FeatureInputError(
            f"Features come in a frame with names, got a {type(X).__name__}.",
            hint="a frame of pandas, Polars or Arrow with the catalogue's columns",
        )
    naming = [name for name in ("student_id", "as_of") if name in table.columns]
    return table if isinstance(X, pd.DataFrame) or not naming else table.set_index(naming)


def flat_name(name: Hashable) -> str:
    """Write the name of a column as one text."""
    if isinstance(name, tuple):
        return BETWEEN_LEVELS.join(str(part) for part in name if str(part))
    return str(name)


def has_names(X: pd.DataFrame) -> bool:
    """Say whether the columns of a table were named, and not only counted."""
    return X.columns.nlevels > 1 or all(isinstance(name, str) for name in X.columns)


def array_error(error: ValueError) -> FeatureInputError:
    """Word what scikit-learn says of an array, without a value of it."""
    text = str(error)
    if re.search("could not convert|convert string|invalid literal", text):
        return FeatureInputError(
            "The array holds text.", hint="hand in a data frame, whose columns have types"
        )
    return FeatureInputError(
        re.sub(r"\narray=.*?\]\.(?=\n|$)", "", text, flags=re.DOTALL),
        hint="one row for each pupil, one column for each feature",
    )


def refuse_other_kinds(name: str, column: pd.Series, kind: str) -> None:
    """Refuse columns of dates, lengths of time or lists, which are neither numbers nor categories.

    Parameters
    ----------
    name : str
        Of the column.
    column : Series
        Its values.
    kind : str
        What pandas says that they are.

    Raises
    ------
    FeatureInputError
        If they are; the message never repeats a value.
    """
    held = NOT_NUMBERS.get(kind)
    if held is None and kind == "mixed" and any(isinstance(value, SEVERAL) for value in column):
        held = "lists"
    if held is not None:
        raise FeatureInputError(f"Column {name!r} holds {held}.", hint=HINTS[held])


def kind_of(column: pd.Series) -> str:
    """Say what a column holds, in the words of pandas."""
    if pd.api.types.is_complex_dtype(column):
        return "complex"
    if pd.api.types.is_timedelta64_dtype(column):
        return "timedelta64"
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.PeriodDtype):
        return "datetime64"
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "categorical"
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return "floating"
    return str(pd.api.types.infer_dtype(column, skipna=True))


def _as_pandas(X: Any) -> Any:
    if type(X).__name__ in LAZY:
        raise FeatureInputError(
            f"X is a {type(X).__name__}, which has no rows yet.", hint="compute it first, such as X.collect()"
        )
    if isinstance(X, Mapping) and not issparse(X):  # one kind of sparse matrix is a mapping
        raise FeatureInputError("X is a mapping, which has no rows.", hint="make a frame: pd.DataFrame(X)")
    if isinstance(X, (np.ndarray, list, tuple)) or X is None:
        return X
    import narwhals as nw
    import pyarrow as pa

    X = pa.Table.from_batches([X]) if isinstance(X, pa.RecordBatch) else X
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    return frame.to_pandas() if isinstance(frame, nw.DataFrame) else X
