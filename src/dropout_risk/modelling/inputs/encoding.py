"""From a table of features to the array of numbers that models read, the same way every time."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from dropout_risk.arrays import Bools, Floats, Objects
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import FeatureInputError, ForbiddenFeatureError, nearest
from dropout_risk.modelling.inputs.audit_columns import audit_columns
from dropout_risk.modelling.inputs.feature_table import flat_name, kind_of, refuse_other_kinds
from dropout_risk.records.directory import PERSONAL

NUMERIC = {"integer", "floating", "mixed-integer-float", "boolean", "decimal", "empty"}
UNKNOWN_SHARE = 0.1
"""A column with more than this share of categories that the fit did not see is told."""
NUMBERS_SHARE, FEWEST_NUMBERS = 0.8, 20
"""A column of texts, of which this share and at least as many different ones are numbers, is told."""


class CategoryWarning(UserWarning):
    """Categories that are not what they should be: unknown to the fit, or numbers written as text."""


@dataclass(frozen=True)
class FeatureEncoding:
    """Names and kinds of the columns a model was fitted on, in the order of the fit.

    Numbers and booleans stay numbers. Categories, strings and other objects become codes: the index among the
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
        names = tuple(map(flat_name, X.columns))
        _check_names(names, catalogue)
        categories = {}
        for index, name in enumerate(names):
            column = X.iloc[:, index]
            if _is_categorical(name, column):
                words = tuple(sorted({_category_word(value) for value in column.dropna().unique()}))
                _warn_of_numbers(name, column, words)
                categories[name] = words
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
        indices = self._column_indices(X)
        if not self.categories and all(dtype == np.float64 for dtype in X.dtypes):
            numbers = X.to_numpy(dtype=np.float64)
            return self._encode_array(numbers if indices == sorted(indices) else numbers[:, indices])
        encoded = np.empty((len(X), len(self.names)))
        for column, (name, index) in enumerate(zip(self.names, indices, strict=True)):
            encoded[:, column] = self._encode_column(name, X.iloc[:, index])
        return encoded

    def displayed(self, X: pd.DataFrame | Floats, missing: str) -> Objects | None:
        """Give the values as a reader sees them, in the order of the names: words of categories as words.

        What is missing of a category is told by the word for it. None where all are numbers, which speak for
        themselves.
        """
        if not isinstance(X, pd.DataFrame) or not self.categories:
            return None
        given = X.iloc[:, self._column_indices(X)]
        shown = np.empty(given.shape, dtype=object)
        for column, name in enumerate(self.names):
            values = given.iloc[:, column]
            told = values.astype(object)
            shown[:, column] = told.where(values.notna(), missing) if name in self.categories else told
        return shown

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

    def _column_indices(self, X: pd.DataFrame) -> list[int]:
        """Find the index of each column of the fit in a table."""
        if not self.named and X.shape[1] == len(self.names):
            return list(range(X.shape[1]))
        given = {flat_name(column): index for index, column in enumerate(X.columns)}
        known = set(self.names)
        missing = [name for name in self.names if name not in given]
        unknown = [name for name in given if name not in known]
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
        refuse_other_kinds(name, column, kind_of(column))
        if name in self.categories:
            codes = _category_codes(column, self.categories[name])
            _warn_of_unknown(name, column, codes)
            return codes
        numbers = _read_numbers(name, column)
        _refuse_infinity((name,), numbers[:, np.newaxis])
        return numbers


def _check_names(names: tuple[str, ...], catalogue: FeatureCatalogue | None) -> None:
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise FeatureInputError(f"Columns share a name: {twice}.")
    forbidden = {} if catalogue is None else audit_columns(names, catalogue)
    if forbidden:
        raise ForbiddenFeatureError(
            f"Columns {list(forbidden)} are for audit only ({', '.join(dict.fromkeys(forbidden.values()))}): "
            "they check fairness and never make a score.",
            hint="drop them from X and hand them to the fairness report",
        )
    naming = [name for name in names if name in PERSONAL]
    if catalogue is not None and naming:
        raise ForbiddenFeatureError(
            f"Columns {naming} name a pupil or where it lives: they are for pages and never make a score.",
            hint="drop them from X",
        )


def _is_categorical(name: str, column: pd.Series) -> bool:
    kind = kind_of(column)
    refuse_other_kinds(name, column, kind)
    return kind not in NUMERIC


def _warn_of_numbers(name: str, column: pd.Series, words: tuple[str, ...]) -> None:
    """Warn of numbers that are taken for categories because they are texts, or stand among texts."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return
    numbers = int(pd.to_numeric(pd.Series(words, dtype=object), errors="coerce").notna().sum())
    if numbers >= FEWEST_NUMBERS and numbers >= NUMBERS_SHARE * len(words):
        warnings.warn(
            f"Column {name!r} is taken for {len(words)} categories, {numbers} of which are numbers "
            "written as text. Numbers are read with pd.to_numeric(X[column], errors='coerce').",
            CategoryWarning,
            stacklevel=5,
        )


def _warn_of_unknown(name: str, column: pd.Series, codes: Floats) -> None:
    """Warn where more than a few values are of no category of the fit."""
    unknown = np.isnan(codes)
    if not unknown.any():
        return
    given = int(column.notna().sum())
    strange = int(unknown.sum()) - (len(codes) - given)
    if strange > UNKNOWN_SHARE * given:
        warnings.warn(
            f"Column {name!r} holds {strange} of {given} values that are none of the categories of the fit; "
            "they count as missing. Hand in the same words as in the fit, not their codes.",
            CategoryWarning,
            stacklevel=6,
        )


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
    try:
        plain = pd.to_numeric(column.astype(object) if column.dtype == object else column)
        return np.asarray(plain.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise FeatureInputError(
            f"Column {name!r} was numeric in the fit and holds something that is no number.",
            hint="check the column's type; missing values are NaN or None",
        ) from None


def _refuse_infinity(names: tuple[str, ...], values: Floats) -> None:
    infinite: Bools = np.isinf(values)
    if infinite.any():  # by column only where there is any: most of the time is that of the columns
        found = [name for name, bad in zip(names, np.any(infinite, axis=0), strict=True) if bad]
        raise FeatureInputError(
            f"Columns {found} hold infinity.", hint="a share over zero days is missing (NaN), not infinite"
        )
