"""The pupils named in ``students``, and the way from an identifier to its pupil."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Bytes, Ints, Longs
from dropout_risk.kernels import kernel
from dropout_risk.records.pupils.id_forms import CONTESTED, UNKNOWN, causes_of
from dropout_risk.records.pupils.other_ids import OtherIds
from dropout_risk.records.values import as_text, is_text, spread_values, whole_ids
from dropout_risk.records.wording.words import EMPTY_WORDS, plain_form, trimmed_text

NO_PUPIL, UNKNOWN_PUPIL = -1, UNKNOWN.code
Hashing = tuple[np.uint64, np.uint64, np.uint64]
Kind = TypeVar("Kind", bound=np.generic)

_LARGEST = 2**63 - 1
_WHOLE = r"^(0|-?[1-9]\d{0,17})$"
_WRITTEN_WHOLE = r"^(0|-?[1-9]\d{0,18})$"
_GOLDEN = 0x9E3779B97F4A7C15
_FEW = 4


class FoundPupils(NamedTuple):
    """The pupil of each identifier, and the position in FAULTS of what is wrong with it."""

    rows: Ints
    faults: Bytes


@dataclass(frozen=True, eq=False)
class PupilIndex:
    """All pupils, by the order of their distinct identifiers: int64 where all are whole numbers, else text.

    >>> index = PupilIndex(pa.array([7, 12]))
    >>> index.rows(pa.array(["12", "9", None, "7"])).rows.tolist()
    [1, -2, -1, 0]
    """

    ids: Any
    others: OtherIds | None = None

    @classmethod
    def of(cls, parts: Sequence[Any]) -> Self:
        """Order the distinct identifiers that :func:`as_ids` gave: as numbers where all are, else as text."""
        if parts and all(isinstance(part, list) for part in parts):
            texts = {text for part in parts for text in part} - {None}
            return cls(pa.array(sorted(texts, key=str.encode), pa.string()))
        parts = [pa.array(part, pa.string()) if isinstance(part, list) else part for part in parts]
        whole = all(pa.types.is_int64(part.type) for part in parts)
        kind = pa.int64() if whole else pa.string()
        ids = pc.unique(pa.chunked_array([part.cast(kind) for part in parts], kind)).drop_null()
        return cls(ids.take(pc.sort_indices(ids)))

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, array: Any, header: str = "") -> FoundPupils:
        """Give the position of each identifier; -1 where there is none, below where it is not among these.

        A number below -1 is the code of the cause (see ``id_forms``). Where pupils have other ids too, those
        under the ``header`` of one of them are looked for there, and others in all.
        """
        if not isinstance(array, list) and pa.types.is_dictionary(array.type):
            found = self.rows(array.dictionary, header)
            return FoundPupils(
                spread_values(found.rows, array.indices, NO_PUPIL),
                spread_values(found.faults, array.indices, 0),
            )
        found = self._found(array)
        rows = found.rows if self.others is None else self._with_others(found.rows, array, header)
        missed = np.flatnonzero(rows == UNKNOWN_PUPIL)
        if len(missed):
            rows[missed] = self._causes(_texts_of(array, missed))
        return FoundPupils(rows, found.faults)

    def _with_others(self, rows: Ints, array: Any, header: str) -> Ints:
        """Look in the other columns of ids: only in the one of the same header, else for who is missing."""
        others = self.others
        assert others is not None  # noqa: S101
        number = others.under(header)
        if number is not None:
            there = np.flatnonzero(rows != NO_PUPIL)
            rows[there] = others.find(_texts_of(array, there), [number])
            return rows
        if plain_form(header) not in others.own:
            known = rows >= 0
            rows[known] = np.where(others.contested[rows[known]], CONTESTED.code, rows[known])
        missed = np.flatnonzero(rows == UNKNOWN_PUPIL)
        if len(missed):
            rows[missed] = others.find(_texts_of(array, missed))
        return rows

    def _causes(self, texts: Any) -> Ints:
        """Say why some ids are not among these, looking at each distinct one once."""
        encoded = texts.dictionary_encode()
        codes = causes_of(encoded.dictionary, self._texts)
        return np.asarray(codes.take(encoded.indices.to_numpy(zero_copy_only=False)))

    def _found(self, array: Any) -> FoundPupils:
        if isinstance(array, list):
            known = self._row_of
            rows: list[Any] = [*map(known.get, array)]
            if None in rows:
                rows = [
                    known.get(trimmed_text(text), UNKNOWN_PUPIL) if row is None else row
                    for text, row in zip(array, rows, strict=True)
                ]
            return FoundPupils(np.array(rows, np.int32), np.zeros(len(rows), np.uint8))
        kind = array.type
        if pa.types.is_floating(kind):
            numbers, faults = whole_ids(array)
            return FoundPupils(self._rows_of_numbers(numbers), faults)
        if _fits_int64(array):
            return FoundPupils(self._rows_of_numbers(array), np.zeros(len(array), np.uint8))
        faults = np.zeros(len(array), np.uint8)
        if not is_text(kind):
            array, faults = as_text(array)
        return FoundPupils(self._rows_of_texts(array.cast(pa.string())), faults)

    def _rows_of_numbers(self, array: Any) -> Ints:
        filled = pc.fill_null(array.cast(pa.int64()), 0)
        values = filled.to_numpy(zero_copy_only=False)
        return _without_nulls(self._numbers.rows(_read_only(values)), array)

    def _rows_of_texts(self, texts: Any) -> Ints:
        rows = self._find_texts(texts)
        missed = np.flatnonzero(rows == UNKNOWN_PUPIL)
        if len(missed):  # what is written with blanks around, or with a word for nothing
            bare = pc.utf8_trim_whitespace(texts.take(pa.array(missed)))
            empty = pc.is_in(bare, value_set=pa.array(EMPTY_WORDS)).to_numpy(zero_copy_only=False)
            rows[missed] = np.where(empty, np.int32(NO_PUPIL), self._find_texts(bare))
        return rows

    def _find_texts(self, texts: Any) -> Ints:
        if _FEW * len(texts) < len(self):  # Arrow makes its table of all ids anew each time
            known = self._row_of
            return np.array([known.get(text, UNKNOWN_PUPIL) for text in texts.to_pylist()], np.int32)
        found = pc.fill_null(pc.index_in(texts, value_set=self._texts), UNKNOWN_PUPIL)
        return _without_nulls(np.array(found, np.int32), texts)

    @cached_property
    def _row_of(self) -> dict[str | None, int]:
        return {None: NO_PUPIL} | {str(name): row for row, name in enumerate(self.ids.to_pylist())}

    @cached_property
    def _numbers(self) -> _Numbers:
        if pa.types.is_int64(self.ids.type):
            keys = self.ids.to_numpy(zero_copy_only=False)
            return _Numbers.of(keys, np.arange(len(keys), dtype=np.int32))
        written = pc.match_substring_regex(self.ids, _WRITTEN_WHOLE).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(written)
        numbers = [int(text) for text in self.ids.take(pa.array(rows)).to_pylist()]
        fitting = [-_LARGEST - 1 <= number <= _LARGEST for number in numbers]
        values = np.array([number for number, fits in zip(numbers, fitting, strict=True) if fits], np.int64)
        return _Numbers.of(values, rows[np.array(fitting, np.bool_)].astype(np.int32))

    @cached_property
    def _texts(self) -> Any:
        return self.ids.cast(pa.string())


def as_ids(array: Any, typed: bool) -> tuple[Any, Bytes]:
    """Bring identifiers to int64 where every one of them is a whole number, else to text.

    Where values have no types, a text is a number if it is written as one, and "007" is not.
    """
    if isinstance(array, list):
        return [trimmed_text(text) for text in array], np.zeros(len(array), np.uint8)
    kind = array.type
    if pa.types.is_dictionary(kind):
        ids, faults = as_ids(array.dictionary, typed)
        return ids.take(array.indices), spread_values(faults, array.indices, 0)
    if pa.types.is_floating(kind):
        return whole_ids(array)
    if _fits_int64(array):
        return array.cast(pa.int64()), np.zeros(len(array), np.uint8)
    text, faults = as_text(array)
    if not typed and pc.all(pc.match_substring_regex(text.drop_null(), _WHOLE), min_count=0).as_py():
        return text.cast(pa.int64()), faults
    return text, faults


def _texts_of(array: Any, rows: Longs) -> Any:
    """Write some identifiers as text, without blanks around."""
    if isinstance(array, list):
        return pa.array([trimmed_text(array[row]) for row in rows.tolist()], pa.string())
    array = array.cast(pa.string()) if is_text(array.type) else array
    return pc.fill_null(as_text(array.take(pa.array(rows)))[0], "")


def _fits_int64(array: Any) -> bool:
    if pa.types.is_uint64(array.type):
        return bool((pc.max(array).as_py() or 0) <= _LARGEST)
    return bool(pa.types.is_integer(array.type) or pa.types.is_null(array.type))


def _without_nulls(rows: Ints, array: Any) -> Ints:
    if array.null_count:
        rows[~array.is_valid().to_numpy(zero_copy_only=False)] = NO_PUPIL
    return rows


class _Numbers(NamedTuple):
    """Whole numbers in a table of slots; where they lie close together, each has its own slot."""

    keys: Longs
    positions: Ints
    slots: Ints
    low: int
    factor: int
    shift: int

    @classmethod
    def of(cls, keys: npt.NDArray[np.int64], positions: Ints) -> _Numbers:
        bits = max(2 * len(keys), 16).bit_length()
        low, high = (int(keys.min()), int(keys.max())) if len(keys) else (0, 0)
        close = high - low < 1 << (bits + 1)
        bits = max((high - low).bit_length(), 1) if close else bits
        slots = np.full(1 << bits, -1, np.int32)
        factor, shift = (1, 0) if close else (_GOLDEN, 64 - bits)
        found = cls(_read_only(keys), positions, slots, low, factor, shift)
        _fill_slots(found.keys, slots, found._hashing())
        return found

    def rows(self, values: npt.NDArray[np.int64]) -> Ints:
        rows = np.empty(len(values), np.int32)
        _find_numbers(values, (self.keys, self.positions), self.slots, self._hashing(), rows)
        return rows

    def _hashing(self) -> Hashing:
        return np.uint64(self.low & (2**64 - 1)), np.uint64(self.factor), np.uint64(self.shift)


def _read_only(values: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
    """Give a view that cannot be written to, as Arrow's are: kernels are compiled for one kind of array."""
    view = values.view()
    view.flags.writeable = False
    return view


@kernel
def _fill_slots(keys: Longs, slots: Ints, hashing: Hashing) -> None:
    low, factor, shift = hashing
    mask = np.uint64(len(slots) - 1)
    for row in range(len(keys)):
        slot = (((np.uint64(keys[row]) - low) * factor) >> shift) & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = row


@kernel
def _find_numbers(
    values: Longs, known: tuple[Longs, Ints], slots: Ints, hashing: Hashing, rows: Ints
) -> None:
    keys, positions = known
    low, factor, shift = hashing
    mask = np.uint64(len(slots) - 1)
    found = np.int32(UNKNOWN_PUPIL)
    for i in range(len(values)):
        value = values[i]
        if i == 0 or value != values[i - 1]:
            found = np.int32(UNKNOWN_PUPIL)
            slot = (((np.uint64(value) - low) * factor) >> shift) & mask
            while slots[slot] >= 0:
                if keys[slots[slot]] == value:
                    found = positions[slots[slot]]
                    break
                if shift == 0:  # each key has its own slot
                    break
                slot = (slot + np.uint64(1)) & mask
        rows[i] = found
