"""Raw columns to compact values: every distinct value is read once, then spread over its rows.

A value that is missing or cannot be read is kept as the kind's own empty value; a fault says why.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array, Bytes
from dropout_risk.records.days.calendar import EPOCH, ordinal_of
from dropout_risk.records.days.dates import AFTER_DATE, day_of_named_month, declared_date
from dropout_risk.records.tables import CLOSED_WORDS, NOT_MARKS, WORD_KINDS, Column, Kind
from dropout_risk.records.wording.words import EMPTY_WORDS, Words, narrow_text, trimmed_text

FAULTS = ("", "wrong_type", "unparsable_date", "unknown_word", "not_finite", "rounded_id", "no_pupil_row")
NO_DATE = NO_INTEGER = int(np.iinfo(np.int32).min)
NO_CODE = -1
FIRST_DATE, LAST_DATE = ordinal_of("1900-01-01"), ordinal_of("2199-12-31")

_WRONG_TYPE, _UNPARSABLE_DATE, _UNKNOWN_WORD, _NOT_FINITE, _ROUNDED, _ = range(1, len(FAULTS))
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII).fullmatch
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.ASCII | re.IGNORECASE).fullmatch
_DATES = tuple(
    re.compile(r"(\d{4})" + pattern + AFTER_DATE, re.A | re.I).fullmatch
    for pattern in (
        r"-(\d{1,2})-(\d{1,2})",
        r"/(\d{1,2})/(\d{1,2})",
        r"\.(\d{1,2})\.(\d{1,2})",
        r"年(\d{1,2})月(\d{1,2})日",
        r"(\d{2})(\d{2})",
    )
)
_ISO_LENGTH = 10
_LARGEST_WHOLE = 2**31 - 1

# ISO dates read so far, and nothing else: closed and few, so that no input makes it grow
KNOWN_DAYS: dict[str | None, int] = {None: NO_DATE}
_MOST_KNOWN_DAYS = 1 << 14

Read = tuple[Any, int]


def day_in(text: str | None) -> int:
    """Read a date as days since 1970-01-01; the smallest int32 where it is none.

    >>> day_in("1970-01-08"), day_in("1970年1月8日"), day_in("1970-02-30")
    (7, 7, -2147483648)
    """
    if text is None:
        return NO_DATE
    try:
        if len(text) == _ISO_LENGTH and text[4] == text[7] == "-":
            day = dt.date.fromisoformat(text).toordinal() - EPOCH
            if FIRST_DATE <= day <= LAST_DATE and len(KNOWN_DAYS) < _MOST_KNOWN_DAYS:
                KNOWN_DAYS[text] = day
            return day
        for pattern in _DATES:
            found = pattern(text)
            if found is not None:
                return dt.date(*map(int, found.groups())).toordinal() - EPOCH
    except ValueError:
        return NO_DATE
    named = day_of_named_month(text)
    return NO_DATE if named is None else named.toordinal() - EPOCH


def _date_in(column: Column, words: Words, text: str | None) -> Read:
    bare = trimmed_text(text)
    day = _declared_day(bare, words.dates) if bare is not None else NO_DATE
    if bare is None or FIRST_DATE <= day <= LAST_DATE:
        return day, 0
    if day > LAST_DATE and not column.future:
        return day, 0
    return NO_DATE, 0 if day > LAST_DATE and column.nullable else _UNPARSABLE_DATE


def _declared_day(text: str, orders: tuple[str, ...]) -> int:
    text = narrow_text(text)
    declared = declared_date(text, orders) if orders else None
    return day_in(text) if declared is None else declared.toordinal() - EPOCH


def _number_in(_: Column, words: Words, text: str | None) -> Read:
    meaning = words.meaning(text)
    if isinstance(meaning, str):
        return NOT_MARKS.get(meaning, math.nan), 0
    bare = trimmed_text(text) if meaning is None else str(meaning)
    if bare is None:
        return math.nan, 0
    bare = narrow_text(bare)
    if _NUMBER(bare) is None:
        return math.nan, _NOT_FINITE if _INFINITE(bare) else _WRONG_TYPE
    number = float(bare)
    return (math.nan, _NOT_FINITE) if math.isinf(number) else (number, 0)


def _integer_in(column: Column, words: Words, text: str | None) -> Read:
    number, fault = _number_in(column, words, text)
    if math.isnan(number):
        return NO_INTEGER, fault
    whole = abs(number) < _LARGEST_WHOLE and number == math.floor(number)
    return (int(number), fault) if whole else (NO_INTEGER, _WRONG_TYPE)


def _yes_no(_: Column, words: Words, text: str | None) -> Read:
    meaning = words.meaning(text)
    if meaning is None or meaning == "":
        return NO_CODE, _UNKNOWN_WORD if meaning is None and trimmed_text(text) is not None else 0
    return int(meaning), 0


def _closed_word(column: Column, words: Words, text: str | None) -> Read:
    meaning = words.meaning(text)
    if meaning is None or meaning == "":
        return NO_CODE, _UNKNOWN_WORD if meaning is None and trimmed_text(text) is not None else 0
    return CLOSED_WORDS[column.kind].index(str(meaning)), 0


READ: dict[str, Callable[[Column, Words, str | None], Read]] = {
    "date": _date_in,
    "number": _number_in,
    "integer": _integer_in,
    "yes_no": _yes_no,
    **dict.fromkeys(CLOSED_WORDS, _closed_word),
}


# what stands for no value, in the type in which the column is kept
EMPTY: dict[Kind, Any] = {
    **dict.fromkeys(("student", "text"), np.int32(NO_CODE)),
    **dict.fromkeys(WORD_KINDS, np.int8(NO_CODE)),
    **dict.fromkeys(("date", "integer"), np.int32(NO_DATE)),
    "number": np.float64("nan"),
}
_OF_WORDS = ("text", *WORD_KINDS)
_MOST_NARROW = 2**15 - 1
_LARGEST_EXACT = 2.0**53
_INTEGERS = (-(2**31) + 2, 2**31 - 2)


class Converted(NamedTuple):
    """Values of one column with, per value, the position in FAULTS of what is wrong with it."""

    values: Array
    faults: Bytes


class Vocabulary:
    """The words of one column, numbered as they come and put in order at the end; threads may share it."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._lock = Lock()

    def codes(self, texts: Sequence[str | None], words: Words) -> list[int]:
        """Give the number of the word under which each text is kept; -1 where there is none."""
        numbers = self.numbers
        kept = (
            [words.word_of(text) for text in texts]
            if words.spelled
            else [words.read_once("text", text, words.word_of) for text in texts]
        )
        with self._lock:
            return [NO_CODE if word is None else numbers.setdefault(word, len(numbers)) for word in kept]

    def ordered(self) -> tuple[list[str], npt.NDArray[Any]]:
        """Give the words in order, and the new number of each old one (the last entry is for -1)."""
        words = sorted(self.numbers)
        index = {word: position for position, word in enumerate(words)}
        narrow = len(words) < _MOST_NARROW
        new = [*map(index.__getitem__, self.numbers), NO_CODE]  # their numbers are the order they came in
        return words, np.array(new, np.int16 if narrow else np.int32)


def convert_column(array: Any, column: Column, words: Words, vocabulary: Vocabulary) -> Converted:
    """Convert one raw column: an Arrow array, or a list of texts and None.

    ``words`` gives the meanings of its words; ``vocabulary`` numbers those of a column of text.
    """
    if isinstance(array, list):
        return _convert_list(array, column, words, vocabulary)
    if words.own:
        array = _in_words(array, words)
    plain = _plain_column(array, column)
    if plain is not None:
        return _faultless_values(plain)
    array = _without_nan(array)
    if is_text(array.type):
        array = array.cast(pa.string())
    if not (pa.types.is_dictionary(array.type) or _has_own_type(array.type, column)):
        array = _distinct_values(array)
    if not pa.types.is_dictionary(array.type):
        return _convert_distinct(array, column, words, vocabulary)
    distinct = array.dictionary
    distinct = distinct.cast(pa.string()) if is_text(distinct.type) else distinct
    found = _convert_distinct(distinct, column, words, vocabulary)
    values = spread_values(found.values, array.indices, EMPTY[column.kind])
    return Converted(values, spread_values(found.faults, array.indices, 0))


def _convert_list(texts: list[str | None], column: Column, words: Words, vocabulary: Vocabulary) -> Converted:
    if column.kind == "date":
        days = [*map(KNOWN_DAYS.get, texts)]
        if None not in days:
            return _faultless_values(np.array(days, np.int32))
    distinct = dict.fromkeys(texts)
    values, faults = _read_texts(list(distinct), column, words, vocabulary)
    meaning = dict(zip(distinct, values, strict=True))
    spread_out = np.array([meaning[text] for text in texts], EMPTY[column.kind].dtype)
    if not any(faults):
        return _faultless_values(spread_out)
    fault_of = dict(zip(distinct, faults, strict=True))
    return Converted(spread_out, np.array([fault_of[text] for text in texts], np.uint8))


def _faultless_values(values: Array) -> Converted:
    return Converted(values, np.zeros(len(values), np.uint8))


def _read_texts(
    texts: Sequence[str | None], column: Column, words: Words, vocabulary: Vocabulary
) -> tuple[list[Any], list[int]]:
    """Read texts: their values, and what is wrong with each."""
    if column.kind == "text":
        return vocabulary.codes(texts, words), [0] * len(texts)
    read = partial(READ[column.kind], column, words)
    if column.kind == "date":
        pairs = [read(text) for text in texts]
    else:
        pairs = [words.read_once(column.kind, text, read) for text in texts]
    return [value for value, _ in pairs], [fault for _, fault in pairs]


def _in_words(array: Any, words: Words) -> Any:
    """Write numbers as text, and empty cells where they mean something, so that entries may name them."""
    if _is_numeric(array.type):
        array = _written_numbers(_without_nan(array))
    if words.of_nothing is None or not array.null_count:
        return array
    array = array.cast(array.type.value_type) if pa.types.is_dictionary(array.type) else array
    array = array.cast(pa.string()) if pa.types.is_null(array.type) else array
    return pc.fill_null(array, "") if is_text(array.type) else array


def _distinct_values(array: Any) -> Any:
    try:
        return array.dictionary_encode()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return array


def spread_values(values: Array, indices: Any, empty: Any) -> Array:
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


def _plain_column(array: Any, column: Column) -> Array | None:
    """Read a column at once that has the type in which it is kept and nothing wrong with it; else None."""
    kind = array.type
    if column.kind == "date" and pa.types.is_date32(kind):
        days = array.cast(pa.int32())
        return _filled_array(days, "date") if _lies_within(days, FIRST_DATE, LAST_DATE) else None
    if column.kind == "integer" and pa.types.is_integer(kind) and _lies_within(array, *_INTEGERS):
        return _filled_array(array.cast(pa.int32()), "integer")
    if column.kind == "number" and (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        numbers = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return None if np.isinf(numbers).any() else np.asarray(numbers)
    return None


def _lies_within(array: Any, low: int, high: int) -> bool:
    ends = pc.min_max(array).as_py()
    return bool(ends["min"] is None or (low <= ends["min"] and ends["max"] <= high))


def as_text(array: Any) -> tuple[Any, Bytes]:
    """Write ids and other names as text: whole numbers without decimals, no blanks around."""
    array = _without_nan(array)
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_floating(array.type):
        whole, faults = whole_ids(array)
        return whole.cast(pa.string()), faults
    try:
        text = array.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pa.nulls(len(array), pa.string()), _fault_codes(_given_mask(array), "wrong_type")
    return _trimmed_column(text), np.zeros(len(array), np.uint8)


def _convert_distinct(array: Any, column: Column, words: Words, vocabulary: Vocabulary) -> Converted:
    if not is_text(array.type) and column.kind in _OF_WORDS:
        if column.kind == "yes_no" and pa.types.is_boolean(array.type):
            return _faultless_values(_filled_array(array.cast(pa.int8()), "yes_no"))
        array, wrong = _written_as_text(array, column)
    elif not is_text(array.type):
        if column.kind == "date":
            return _date_column(array, column)
        return _number_column(array) if column.kind == "number" else _integer_column(array)
    else:
        wrong = None
    values, faults = _read_texts(array.to_pylist(), column, words, vocabulary)
    found = Converted(np.array(values, EMPTY[column.kind].dtype), np.array(faults, np.uint8))
    return found if wrong is None else Converted(found.values, np.maximum(found.faults, wrong))


def _written_as_text(array: Any, column: Column) -> tuple[Any, Bytes]:
    """Write values of another type as text."""
    if column.kind == "text" and pa.types.is_floating(array.type):
        array = _written_numbers(array)
    text, faults = as_text(array)
    return text, faults if column.kind in ("text", "yes_no") else np.zeros(len(array), np.uint8)


def _written_numbers(array: Any) -> Any:
    """Write numbers as text, whole ones without decimals."""
    if not pa.types.is_floating(array.type):
        return array.cast(pa.string())
    whole, _ = whole_numbers(array)
    return pc.coalesce(whole.cast(pa.string()), array.cast(pa.string()))


def whole_numbers(array: Any) -> tuple[Any, Bytes]:
    """Read floating numbers as int64 where they are whole; the others are empty and faulty, NaN is empty."""
    numbers = np.asarray(array.cast(pa.float64()).to_numpy(zero_copy_only=False))
    exact = (np.floor(numbers) == numbers) & (np.abs(numbers) < _LARGEST_EXACT)
    whole = pa.array(np.where(exact, numbers, 0).astype(np.int64), mask=None if exact.all() else ~exact)
    return whole, _fault_codes(~exact & ~np.isnan(numbers), "wrong_type")


def whole_ids(array: Any) -> tuple[Any, Bytes]:
    """Read floating numbers as ids; those too large for a floating number to hold exactly were rounded."""
    whole, faults = whole_numbers(array)
    large = pc.fill_null(pc.greater_equal(pc.abs(array.cast(pa.float64())), _LARGEST_EXACT), False)
    faults[large.to_numpy(zero_copy_only=False)] = _ROUNDED
    return whole, faults


def _without_nan(array: Any) -> Any:
    if not pa.types.is_floating(array.type):
        return array
    return pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)


def _number_column(array: Any) -> Converted:
    if pa.types.is_boolean(array.type) or not _is_numeric(array.type):
        return Converted(np.full(len(array), np.nan), _fault_codes(_given_mask(array), "wrong_type"))
    values = _filled_array(array.cast(pa.float64(), safe=False), "number")
    infinite = np.isinf(values)
    return Converted(np.where(infinite, np.nan, values), _fault_codes(infinite, "not_finite"))


def _integer_column(array: Any) -> Converted:
    numbers, faults = _number_column(array)
    given = ~np.isnan(numbers)
    whole = given & (np.abs(np.where(given, numbers, 0)) < 2**31 - 1)
    whole[whole] = np.floor(numbers[whole]) == numbers[whole]
    values = np.where(whole, np.where(whole, numbers, 0), NO_INTEGER).astype(np.int32)
    return Converted(values, np.maximum(faults, _fault_codes(given & ~whole, "wrong_type")))


def _date_column(array: Any, column: Column) -> Converted:
    if _is_numeric(array.type):
        texts, _ = as_text(array)
        values = np.array([day_in(text) for text in texts.to_pylist()], np.int64)
    elif pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        values = _date_in_type(array)
    else:
        values = np.full(len(array), NO_DATE, np.int32)
    open_end = (values > LAST_DATE) & column.future & column.nullable
    unreadable = (
        _given_mask(array) & ((values < FIRST_DATE) | (column.future & (values > LAST_DATE))) & ~open_end
    )
    values = np.where(unreadable | open_end, NO_DATE, values).astype(np.int32)
    return Converted(values, _fault_codes(unreadable, "unparsable_date"))


def _date_in_type(array: Any) -> Array:
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        array = pc.local_timestamp(array)
    return _filled_array(array.cast(pa.date32(), safe=False).cast(pa.int32()), "date")


def _trimmed_column(text: Any) -> Any:
    text = pc.utf8_trim_whitespace(text.cast(pa.string()))
    return pc.if_else(pc.is_in(text, value_set=pa.array(EMPTY_WORDS)), None, text)


def _given_mask(array: Any) -> npt.NDArray[np.bool_]:
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False))


def _filled_array(array: Any, kind: Kind) -> Array:
    filled = pc.fill_null(array, EMPTY[kind].item()) if array.null_count else array
    return np.asarray(filled.to_numpy(zero_copy_only=False)).astype(EMPTY[kind].dtype, copy=False)


def _fault_codes(mask: npt.NDArray[np.bool_], name: str) -> Bytes:
    return mask.astype(np.uint8) * np.uint8(FAULTS.index(name))


def one_array(column: Any) -> Any:
    """Put the chunks of a column together, also those of a dictionary without rows."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array


def is_text(kind: Any) -> bool:
    """Tell whether an Arrow type is text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view())


def _is_numeric(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
