"""Raw columns to compact values: every distinct value is read once, then spread over its rows.

A value that is missing or cannot be read is kept as the kind's own empty value; a fault says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.records.tables import CLOSED_WORDS, Column

Array = npt.NDArray[Any]
Faults = npt.NDArray[np.uint8]

FAULTS = ("", "wrong_type", "unparsable_date", "unknown_word", "not_finite")
NO_DATE = NO_INTEGER = np.iinfo(np.int32).min
NO_CODE = -1
EMPTY_WORDS = ("", "NA", "N/A", "NULL", "null", "NaN", "nan", "<NA>")
FIRST_DATE, LAST_DATE = (int(np.datetime64(day).astype(int)) for day in ("1900-01-01", "2199-12-31"))

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_INFINITE = r"(?i)^[+-]?inf(inity)?$"
_TIME = r"(?:[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$"
_DATES = tuple(
    r"^(?P<y>\d{4})" + pattern + _TIME
    for pattern in (
        r"-(?P<m>\d{1,2})-(?P<d>\d{1,2})",
        r"/(?P<m>\d{1,2})/(?P<d>\d{1,2})",
        r"\.(?P<m>\d{1,2})\.(?P<d>\d{1,2})",
        r"年(?P<m>\d{1,2})月(?P<d>\d{1,2})日",
        r"(?P<m>\d{2})(?P<d>\d{2})",
    )
)
_LARGEST_EXACT = 2.0**53
_INTEGERS = (-(2**31) + 2, 2**31 - 2)


class Converted(NamedTuple):
    """Values of one column with, per value, the position in FAULTS of what is wrong with it."""

    values: Array
    faults: Faults


class Vocabulary:
    """The words of one column, numbered as they come and put in order at the end; threads may share it."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._lock = Lock()

    def codes(self, texts: Any, words: Mapping[str, Any]) -> npt.NDArray[np.int32]:
        """Give the number of the meaning of each text; -1 where there is none."""
        codes = np.full(len(texts), NO_CODE, np.int32)
        with self._lock:
            for position, text in enumerate(texts.to_pylist()):
                if text is not None:
                    meaning = words.get(text.lower(), text)
                    codes[position] = self.numbers.setdefault(meaning, len(self.numbers))
        return codes

    def ordered(self) -> tuple[list[str], npt.NDArray[Any]]:
        """Give the words in order, and the new number of each old one (the last entry is for -1)."""
        words = sorted(self.numbers)
        narrow = len(words) < np.iinfo(np.int16).max
        new = np.full(len(words) + 1, NO_CODE, np.int16 if narrow else np.int32)
        new[[self.numbers[word] for word in words]] = np.arange(len(words))
        return words, new


def convert(array: Any, column: Column, words: Mapping[str, Any], vocabulary: Vocabulary) -> Converted:
    """Convert one raw Arrow column.

    Parameters
    ----------
    array : pyarrow.Array
        As it was read.
    column : Column
        What it should be.
    words : mapping
        Meanings of the column's words, in lower case.
    vocabulary : Vocabulary
        Numbers of the column's words so far (columns of text only).
    """
    plain = _plain(array, column)
    if plain is not None:
        return Converted(plain, np.zeros(len(array), np.uint8))
    array = _without_nan(array)
    if is_text(array.type):
        array = array.cast(pa.string())
    if not (pa.types.is_dictionary(array.type) or _has_own_type(array.type, column)):
        array = _distinct(array)
    if not pa.types.is_dictionary(array.type):
        return _values(array, column, words, vocabulary)
    distinct = array.dictionary
    distinct = distinct.cast(pa.string()) if is_text(distinct.type) else distinct
    found = _values(distinct, column, words, vocabulary)
    empty = np.nan if column.kind == "number" else NO_DATE if column.kind in ("date", "integer") else NO_CODE
    return Converted(spread(found.values, array.indices, empty), spread(found.faults, array.indices, 0))


def _distinct(array: Any) -> Any:
    try:
        return array.dictionary_encode()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return array


def spread(values: Array, indices: Any, empty: Any) -> Array:
    """Spread the values of a dictionary over its rows; ``empty`` where a row has none."""
    if empty == 0 and not values.any():
        return np.zeros(len(indices), values.dtype)
    if not indices.null_count:
        return np.asarray(values.take(indices.to_numpy(zero_copy_only=False)))
    rows = pc.fill_null(indices.cast(pa.int64()), len(values)).to_numpy(zero_copy_only=False)
    return np.asarray(np.append(values, values.dtype.type(empty)).take(rows))


def _has_own_type(kind: Any, column: Column) -> bool:
    """Tell whether values of this type are read as a whole column, not one distinct value at a time."""
    if column.kind in ("number", "integer"):
        return not is_text(kind)
    if column.kind == "date":
        return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_nested(kind))
    return bool(pa.types.is_boolean(kind) or pa.types.is_null(kind) or pa.types.is_nested(kind))


def _plain(array: Any, column: Column) -> Array | None:
    """Read a column at once that has the type in which it is kept and nothing wrong with it; else None."""
    kind = array.type
    if column.kind == "date" and pa.types.is_date32(kind):
        days = array.cast(pa.int32())
        return _filled(days, NO_DATE, np.int32) if _lies_within(days, FIRST_DATE, LAST_DATE) else None
    if column.kind == "integer" and pa.types.is_integer(kind) and _lies_within(array, *_INTEGERS):
        return _filled(array.cast(pa.int32()), NO_INTEGER, np.int32)
    if column.kind == "number" and (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        numbers = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return None if np.isinf(numbers).any() else np.asarray(numbers)
    return None


def _lies_within(array: Any, low: int, high: int) -> bool:
    ends = pc.min_max(array).as_py()
    return bool(ends["min"] is None or (low <= ends["min"] and ends["max"] <= high))


def as_text(array: Any) -> tuple[Any, Faults]:
    """Write ids and other names as text: whole numbers without decimals, no blanks around."""
    array = _without_nan(array)
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_floating(array.type):
        whole, faults = whole_numbers(array)
        return whole.cast(pa.string()), faults
    try:
        text = array.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pa.nulls(len(array), pa.string()), _fault(_given(array), "wrong_type")
    return _trimmed(text), np.zeros(len(array), np.uint8)


def _values(array: Any, column: Column, words: Mapping[str, Any], vocabulary: Vocabulary) -> Converted:
    if is_text(array.type):
        array = _trimmed(array)
    if column.kind == "text":
        return _text(array, words, vocabulary)
    if column.kind == "date":
        return _date(array, column)
    if column.kind == "number":
        return _number(array)
    if column.kind == "integer":
        return _integer(array, words)
    if column.kind == "yes_no":
        return _yes_no(array, words)
    return _closed(array, column, words)


def _text(array: Any, words: Mapping[str, Any], vocabulary: Vocabulary) -> Converted:
    if pa.types.is_floating(array.type):
        whole, _ = whole_numbers(array)
        array = pc.coalesce(whole.cast(pa.string()), array.cast(pa.string()))
    text, faults = as_text(array)
    return Converted(vocabulary.codes(text, words), faults)


def whole_numbers(array: Any) -> tuple[Any, Faults]:
    """Read floating numbers as int64 where they are whole; the others are empty and faulty, NaN is empty."""
    numbers = np.asarray(array.cast(pa.float64()).to_numpy(zero_copy_only=False))
    exact = (np.floor(numbers) == numbers) & (np.abs(numbers) < _LARGEST_EXACT)
    whole = pa.array(np.where(exact, numbers, 0).astype(np.int64), mask=None if exact.all() else ~exact)
    return whole, _fault(~exact & ~np.isnan(numbers), "wrong_type")


def _without_nan(array: Any) -> Any:
    if not pa.types.is_floating(array.type):
        return array
    return pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)


def _closed(array: Any, column: Column, words: Mapping[str, Any]) -> Converted:
    allowed = CLOSED_WORDS[column.kind]
    meanings = {word: allowed.index(str(meaning)) for word, meaning in words.items()}
    codes = np.full(len(array), NO_CODE, np.int8)
    text, _ = as_text(array)
    for position, word in enumerate(text.to_pylist()):
        codes[position] = meanings.get((word or "").lower(), NO_CODE)
    return Converted(codes, _fault(_given(text) & (codes == NO_CODE), "unknown_word"))


def _yes_no(array: Any, words: Mapping[str, Any]) -> Converted:
    if pa.types.is_boolean(array.type):
        return Converted(_filled(array.cast(pa.int8()), NO_CODE, np.int8), np.zeros(len(array), np.uint8))
    text, faults = as_text(array)
    codes = [int(words.get((word or "").lower(), NO_CODE)) for word in text.to_pylist()]
    values = np.array(codes, np.int8)
    return Converted(values, np.maximum(faults, _fault(_given(text) & (values == NO_CODE), "unknown_word")))


def _number(array: Any) -> Converted:
    if is_text(array.type):
        return _number_in_text(array)
    if pa.types.is_boolean(array.type) or not _is_numeric(array.type):
        return Converted(np.full(len(array), np.nan), _fault(_given(array), "wrong_type"))
    values = _filled(array.cast(pa.float64(), safe=False), np.nan, np.float64)
    infinite = np.isinf(values)
    return Converted(np.where(infinite, np.nan, values), _fault(infinite, "not_finite"))


def _number_in_text(array: Any) -> Converted:
    readable = pc.fill_null(pc.match_substring_regex(array, _NUMBER), False)
    values = pc.if_else(readable, array, None).cast(pa.float64())
    numbers = _filled(values, np.nan, np.float64)
    infinite = _filled(pc.match_substring_regex(array, _INFINITE), False, np.bool_) | np.isinf(numbers)
    wrong = _given(array) & ~infinite & ~readable.to_numpy(zero_copy_only=False)
    faults = np.maximum(_fault(wrong, "wrong_type"), _fault(infinite, "not_finite"))
    return Converted(np.where(infinite, np.nan, numbers), faults)


def _integer(array: Any, words: Mapping[str, Any]) -> Converted:
    if words and is_text(array.type):
        array = pa.array([_meaning(word, words) for word in array.to_pylist()], pa.string())
    numbers, faults = _number(array)
    given = ~np.isnan(numbers)
    whole = given & (np.abs(np.where(given, numbers, 0)) < 2**31 - 1)
    whole[whole] = np.floor(numbers[whole]) == numbers[whole]
    values = np.where(whole, np.where(whole, numbers, 0), NO_INTEGER).astype(np.int32)
    return Converted(values, np.maximum(faults, _fault(given & ~whole, "wrong_type")))


def _meaning(word: str | None, words: Mapping[str, Any]) -> str | None:
    return None if word is None else str(words.get(word.lower(), word))


def _date(array: Any, column: Column) -> Converted:
    given = _given(array)
    if _is_numeric(array.type):
        array, _ = as_text(array)
    if is_text(array.type):
        values = _date_in_text(array)
    elif pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        values = _date_in_type(array)
    else:
        values = np.full(len(array), NO_DATE, np.int32)
    open_end = (values > LAST_DATE) & column.future & column.nullable
    unreadable = given & ((values < FIRST_DATE) | (column.future & (values > LAST_DATE))) & ~open_end
    values = np.where(unreadable | open_end, NO_DATE, values).astype(np.int32)
    return Converted(values, _fault(unreadable, "unparsable_date"))


def _date_in_type(array: Any) -> Array:
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        array = pc.local_timestamp(array)
    return _filled(array.cast(pa.date32(), safe=False).cast(pa.int32()), NO_DATE, np.int32)


def _date_in_text(array: Any) -> Array:
    values = np.full(len(array), NO_DATE, np.int32)
    for pattern in _DATES:
        found = pc.extract_regex(array, pattern)
        rows = np.flatnonzero(_filled(found.is_valid(), False, np.bool_))
        if len(rows):
            fields = [found.field(k).take(pa.array(rows)).cast(pa.int32()).to_numpy() for k in range(3)]
            values[rows] = _days(*fields)
    return values


def _days(year: Array, month: Array, day: Array) -> Array:
    months = (year.astype(np.int64) - 1970) * 12 + month - 1
    start = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    length = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - start
    real = (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)
    return np.where(real, start + day - 1, NO_DATE)


def _trimmed(text: Any) -> Any:
    text = pc.utf8_trim_whitespace(text.cast(pa.string()))
    return pc.if_else(pc.is_in(text, value_set=pa.array(EMPTY_WORDS)), None, text)


def _given(array: Any) -> npt.NDArray[np.bool_]:
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False))


def _filled(array: Any, empty: Any, dtype: Any) -> Array:
    filled = pc.fill_null(array, empty) if array.null_count else array
    return np.asarray(filled.to_numpy(zero_copy_only=False)).astype(dtype, copy=False)


def _fault(mask: npt.NDArray[np.bool_], name: str) -> Faults:
    return mask.astype(np.uint8) * np.uint8(FAULTS.index(name))


def is_text(kind: Any) -> bool:
    """Tell whether an Arrow type is text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view())


def _is_numeric(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
