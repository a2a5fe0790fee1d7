"""From a table of features to the array of numbers that models read, the same way every time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from dropout_risk.arrays import Floats
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import FeatureInputError, ForbiddenFeatureError, nearest

AUDIT_ONLY = ("sex", "ethnicity", "residence", "birth_date")


@dataclass(frozen=True)
class FeatureEncoding:
    """Names and kinds of the columns a model was fitted on, in the order of the fit.

    Numbers and booleans stay numbers. Categories, strings and other objects become codes: the place among the
    categories sorted as strings. Missing values, and categories that the fit did not see, are NaN. ``named``
    is False when the fit was given an array, whose columns have no names of their own.

    >>> X = pd.DataFrame({"absent": [3, None], "route": ["bus", "foot"]})
    >>> encoding = FeatureEncoding.learn(X)
    >>> encoding.encode(X).tolist()
    [[3.0, 0.0], [nan, 1.0]]
    >>> encoding.encode(pd.DataFrame({"route": ["boat"], "absent": [1]})).tolist()
    [[1.0, nan]]
    """

    names: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    named: bool = True

    @classmethod
    def learn(cls, X: pd.DataFrame | Floats, catalogue: FeatureCatalogue | None = None) -> Self:
        """Learn names and categories from the rows of a fit.

        ForbiddenFeatureError if a catalogue is given and a column is for audit only (sex, ethnicity,
        residence, birth date); FeatureInputError if two columns share a name.
        """
        if not isinstance(X, pd.DataFrame):
            return cls(tuple(f"x{index}" for index in range(X.shape[1])), named=False)
        names = tuple(map(str, X.columns))
        _check_names(names, catalogue)
        categories = {
            name: tuple(sorted({_category_word(value) for value in X[column].dropna().unique()}))
            for name, column in zip(names, X.columns, strict=True)
            if _is_categorical(X[column])
        }
        return cls(names, categories)

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the categorical columns."""
        return tuple(index for index, name in enumerate(self.names) if name in self.categories)

    def encode(self, X: pd.DataFrame | Floats) -> Floats:
        """Encode rows as a C-contiguous float64 array, one column for each name, put right by name.

        FeatureInputError if columns are missing or unknown (all are listed), hold infinity, or cannot be read
        as numbers. The message never repeats a value.
        """
        if not isinstance(X, pd.DataFrame):
            return self._encode_array(np.asarray(X, dtype=np.float64))
        columns = self._matched(X)
        encoded = np.empty((len(X), len(self.names)))
        for index, (name, column) in enumerate(zip(self.names, columns, strict=True)):
            encoded[:, index] = self._encode_column(name, X[column])
        return encoded

    def to_dict(self) -> dict[str, Any]:
        """Write names and categories as plain data."""
        categories = {name: list(words) for name, words in self.categories.items()}
        return {"names": list(self.names), "categories": categories, "named": self.named}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        categories = {name: tuple(words) for name, words in data["categories"].items()}
        return cls(tuple(data["names"]), categories, bool(data["named"]))

    def _encode_array(self, X: Floats) -> Floats:
        if X.ndim != 2 or X.shape[1] != len(self.names):
            raise FeatureInputError(
                f"The model reads {len(self.names)} columns, got an array of shape {X.shape}."
            )
        if self.categories:
            raise FeatureInputError(
                "The model was fitted on categorical columns, so an array of numbers cannot be read.",
                hint="hand in a data frame with the columns of the fit",
            )
        _refuse_infinity(self.names, X)
        return np.ascontiguousarray(X)

    def _matched(self, X: pd.DataFrame) -> list[Any]:
        if not self.named and X.shape[1] == len(self.names):
            return list(X.columns)
        given = {str(column): column for column in X.columns}
        missing = [name for name in self.names if name not in given]
        unknown = [name for name in given if name not in self.names]
        if missing or unknown:
            hints = [f"{name!r}: {nearest(name, missing)}" for name in unknown[:5] if missing]
            raise FeatureInputError(
                f"The columns are not those of the fit: missing {missing}, unknown {unknown}.",
                hint="; ".join(hints) or "hand in exactly the columns of the fit",
            )
        if len(given) < X.shape[1]:
            raise FeatureInputError("Two columns share a name.")
        return [given[name] for name in self.names]

    def _encode_column(self, name: str, column: pd.Series) -> Floats:
        if name in self.categories:
            return _category_codes(column, self.categories[name])
        numbers = _read_numbers(name, column)
        _refuse_infinity((name,), numbers[:, np.newaxis])
        return numbers


def _check_names(names: tuple[str, ...], catalogue: FeatureCatalogue | None) -> None:
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise FeatureInputError(f"Columns share a name: {twice}.")
    forbidden = [name for name in names if name in AUDIT_ONLY]
    if catalogue is not None and forbidden:
        raise ForbiddenFeatureError(
            f"Columns {forbidden} are for audit only: they check fairness and never make a score.",
            hint="drop them from X and hand them to the fairness report",
        )


def _is_categorical(column: pd.Series) -> bool:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return False
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.PeriodDtype):
        raise FeatureInputError(
            f"Column {column.name!r} holds dates.", hint="turn it into a number, such as school days since"
        )
    kind = pd.api.types.infer_dtype(column, skipna=True)
    return kind not in {"integer", "floating", "mixed-integer-float", "boolean", "decimal", "empty"}


def _category_word(value: object) -> str:
    """Write a category as a string; 33 and 33.0 are the same category."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _category_codes(column: pd.Series, words: tuple[str, ...]) -> Floats:
    position = {word: float(code) for code, word in enumerate(words)}
    if isinstance(column.dtype, pd.CategoricalDtype):
        table = np.array(
            [position.get(_category_word(value), np.nan) for value in column.cat.categories] + [np.nan]
        )
        return np.asarray(table[column.cat.codes.to_numpy()])
    known = np.asarray(column.notna())
    codes = [
        position.get(_category_word(value), np.nan) if is_known else np.nan
        for value, is_known in zip(column.to_numpy(dtype=object), known.tolist(), strict=True)
    ]
    return np.array(codes, dtype=np.float64)


def _read_numbers(name: str, column: pd.Series) -> Floats:
    if pd.api.types.is_complex_dtype(column):
        raise FeatureInputError(f"Column {name!r} holds complex numbers.")
    try:
        plain = pd.to_numeric(column.astype(object) if column.dtype == object else column)
        return np.asarray(plain.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise FeatureInputError(
            f"Column {name!r} was numeric in the fit and holds something that is no number.",
            hint="check the column's type; missing values are NaN or None",
        ) from None


def _refuse_infinity(names: tuple[str, ...], values: Floats) -> None:
    infinite = np.atleast_1d(np.isinf(values).any(axis=0))
    if infinite.any():
        found = [name for name, bad in zip(names, infinite, strict=True) if bad]
        raise FeatureInputError(
            f"Columns {found} hold infinity.", hint="a share over zero days is missing (NaN), not infinite"
        )
