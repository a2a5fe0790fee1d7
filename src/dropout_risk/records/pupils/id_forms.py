"""The forms of an id: how a spreadsheet, a keyboard or another system may have changed it.

Ids that differ in form only are never taken for one; what is found here names the cause.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Bools
from dropout_risk.text import NO_WORDS, Text

KEPT_DIGITS = 15  # of a number in a spreadsheet
_SCIENTIFIC = r"^\s*[0-9](\.[0-9]+)?[eE]\+[0-9]+\s*$"
_LONG = r"^[1-9][0-9]{15,}$"
_ZEROS = r"^([0-9]{15})0+$"
_NO_CHANCE = 20


class Cause(NamedTuple):
    """Why an id is not among those of ``students``: the code that stands for its pupil, rule and detail."""

    code: int
    rule: str
    detail: Text = NO_WORDS


UNKNOWN = Cause(-2, "unknown_pupil")
ROUNDED = Cause(-3, "rounded_id")
ZEROS = Cause(-4, "id_written_otherwise", Text(zh="前导的零", en="leading zeros"))
DECIMALS = Cause(-5, "id_written_otherwise", Text(zh="末尾的 .0", en="a final .0"))
LETTERS = Cause(-6, "id_written_otherwise", Text(zh="大小写或全角半角", en="capital letters or width"))
BLANKS = Cause(-7, "id_written_otherwise", Text(zh="空格或引号", en="blanks or quotes"))
SEVERAL = Cause(-8, "id_written_otherwise", Text(zh="其中几项", en="several of these"))
CONTESTED = Cause(
    -9,
    "unknown_pupil",
    Text(
        zh="该学号在 students 的两列中属于两名学生：表头请与那里一致",
        en="the id is that of two pupils in two columns of students: head the column as there",
    ),
)
JOINTS = Cause(-10, "id_written_otherwise", Text(zh="连字符、点或斜杠", en="hyphens, dots or slashes"))
CAUSES = (UNKNOWN, ROUNDED, ZEROS, DECIMALS, LETTERS, BLANKS, SEVERAL, CONTESTED, JOINTS)


def plain_ids(texts: Any) -> Any:
    """Bring ids to the form in which they are compared: width, case, blanks, a final .0, leading zeros.

    >>> plain_ids(pa.array(["００7", " s 1 ", "12.0", "S1"])).to_pylist()
    ['7', 's1', '12', 's1']
    """
    return _without_zeros(_without_decimals(_without_blanks(_in_one_case(texts))))


def _in_one_case(texts: Any) -> Any:
    return pc.utf8_lower(pc.utf8_normalize(texts, "NFKC"))


def _without_blanks(texts: Any) -> Any:
    return pc.replace_substring_regex(texts, r"[\s\p{Z}\x{200B}\x{FEFF}'’\"]+", "")


def _without_joints(texts: Any) -> Any:
    return pc.replace_substring_regex(plain_ids(texts), r"[-_./\\\p{Pd}]+", "")


def _without_decimals(texts: Any) -> Any:
    return pc.replace_substring_regex(texts, r"^(\d+)\.0+$", r"\1")


def _without_zeros(texts: Any) -> Any:
    return pc.replace_substring_regex(texts, r"^0+(\w)", r"\1")


_ALONE = (
    (ZEROS, _without_zeros),
    (DECIMALS, _without_decimals),
    (LETTERS, _in_one_case),
    (BLANKS, _without_blanks),
)


def causes_of(texts: Any, known: Any) -> npt.NDArray[np.int32]:
    """Give the code of why each text is not among the known ids, both Arrow arrays of text."""
    codes = np.full(len(texts), UNKNOWN.code, np.int32)
    codes[_true_values(pc.match_substring_regex(texts, _SCIENTIFIC)) | _rounded_texts(texts, known)] = (
        ROUNDED.code
    )
    joined = pc.is_in(_without_joints(texts), value_set=_without_joints(known))
    codes[_true_values(joined) & (codes == UNKNOWN.code)] = JOINTS.code
    at = pc.index_in(plain_ids(texts), value_set=plain_ids(known))
    found = np.flatnonzero(_true_values(pc.is_valid(at)) & (codes != ROUNDED.code))
    if not len(found):
        return codes
    given, meant = texts.take(pa.array(found)), known.take(at.take(pa.array(found)))
    codes[found] = SEVERAL.code
    for cause, alone in reversed(_ALONE):
        codes[found[_true_values(pc.equal(alone(given), alone(meant)))]] = cause.code
    return codes


def _rounded_texts(texts: Any, known: Any) -> Bools:
    """Mark the texts that have the first 15 digits of a known id, one of the two ending in zeros."""
    long, others = (ids.filter(pc.match_substring_regex(ids, _LONG)) for ids in (texts, known))
    if not len(long) or not len(others):
        return np.zeros(len(texts), np.bool_)
    cut = pc.replace_substring_regex(others, _ZEROS, r"\1")
    rounded_there = pc.is_in(
        pc.utf8_slice_codeunits(texts, 0, KEPT_DIGITS),
        value_set=cut.filter(pc.equal(pc.utf8_length(cut), KEPT_DIGITS)),
    )
    heads = pc.utf8_slice_codeunits(others, 0, KEPT_DIGITS)
    rounded_here = pc.and_(
        pc.match_substring_regex(texts, _ZEROS),
        pc.is_in(pc.utf8_slice_codeunits(texts, 0, KEPT_DIGITS), value_set=heads),
    )
    return _true_values(pc.match_substring_regex(texts, _LONG)) & (
        _true_values(rounded_there) | _true_values(rounded_here)
    )


def scientific_ids(ids: Any) -> Bools:
    """Mark the ids that are written as 1.23E+17."""
    if pa.types.is_int64(ids.type):
        return np.zeros(len(ids), np.bool_)
    return _true_values(pc.match_substring_regex(ids, _SCIENTIFIC))


def rounded_ids(ids: Any) -> Bools:
    """Mark long ids where so many end in zeros, or fit a floating number, that it is no chance.

    >>> rounded_ids(pa.array([440106201101150000, 440106201203070000])).tolist()
    [True, True]
    >>> rounded_ids(pa.array([440106201101150011, 440106201203070000])).tolist()
    [False, False]
    """
    texts = ids.cast(pa.string())
    marked = np.zeros(len(texts), np.bool_)
    long = np.flatnonzero(_true_values(pc.match_substring_regex(texts, _LONG)))
    if len(long) < 2:
        return marked
    texts = texts.take(pa.array(long))
    length = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    zeros = _true_values(pc.match_substring_regex(texts, _ZEROS))
    for digits in np.unique(length).tolist():
        own = length == digits
        expected = np.count_nonzero(own) * 10.0 ** (KEPT_DIGITS - digits)
        if (
            np.count_nonzero(own & zeros) >= 2
            and np.count_nonzero(own & zeros) > expected + 6 * expected**0.5
        ):
            marked[long[own & zeros]] = True
    if _fit_floats(texts):
        marked[long] = True
    return marked


def _fit_floats(texts: Any) -> bool:
    """Say whether all of some long ids are floating numbers, where by chance one in a million would be."""
    bits = 0.0
    for text in texts:
        number = int(text.as_py())
        if int(float(number)) != number:
            return False
        bits += math.log2(max(math.ulp(float(number)), 1.0))
    return bits >= _NO_CHANCE


def ids_alike(ids: Any) -> Bools:
    """Mark the ids that differ from another one in form only."""
    if pa.types.is_int64(ids.type) or not len(ids):
        return np.zeros(len(ids), np.bool_)
    encoded = plain_ids(ids).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return np.asarray(np.bincount(codes)[codes] > 1)


def _true_values(values: Any) -> Bools:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False))
