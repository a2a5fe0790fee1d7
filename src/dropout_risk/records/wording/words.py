"""The words of a column: how they are compared, and what each of them means.

Case, width and spaces never decide. Where two entries of a county's mapping differ in nothing else and mean
different things, both count exactly as they are written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, wraps
from typing import Any, TypeVar

Word = str | int | float | bool
Result = TypeVar("Result")
_LONGEST, _MOST_KEPT = 200, 4096

EMPTY_WORDS = ("", "NA", "N/A", "NULL", "null", "NaN", "nan", "<NA>")
_EMPTY = frozenset(EMPTY_WORDS)
_UNSEEN = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"))
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uac00-\ud7af"
_BESIDE_WIDE = re.compile(rf"(?<=[{_WIDE}]) | (?=[{_WIDE}])")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[ _]+(?=\d)")
_JOINTS = re.compile(r"[ _]+|(?<=[^\W\d])-(?=[^\W\d])")


def remember_words(read: Callable[..., Result]) -> Callable[..., Result]:
    """Keep what a function makes of words, of a few thousand of them, and of none that is longer than any."""
    kept = lru_cache(maxsize=_MOST_KEPT)(read)

    @wraps(read)
    def read_words(*words: str) -> Result:
        return kept(*words) if sum(map(len, words)) <= _LONGEST else read(*words)

    return read_words


def trimmed_text(text: str | None) -> str | None:
    """Take the blanks around a text away; None where nothing is left, or a word for nothing.

    >>> trimmed_text(" 3 "), trimmed_text("N/A")
    ('3', None)
    """
    if text is None:
        return None
    text = text.strip()
    return None if text in _EMPTY else text


def narrow_text(text: str) -> str:
    """Write full-width letters, digits and signs as the half-width ones they stand for.

    >>> narrow_text("２０２４－０９－０２"), narrow_text("85\u3000")
    ('2024-09-02', '85')
    """
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFKC", text.translate(_UNSEEN)).translate(_DASHES).strip()


def plain_word(text: str) -> str:
    """Write a word as it is kept: small, half-width, with single spaces, and none beside Chinese characters.

    >>> plain_word(" Unit  Test 3"), plain_word("语 文"), plain_word("ＰＨＱ－９")
    ('unit test 3', '语文', 'phq-9')
    """
    word = " ".join(narrow_text(text).casefold().split())
    return word if word.isascii() else _BESIDE_WIDE.sub("", word)


def plain_form(header: str) -> str:
    """Bring a header or a word to the form in which it is compared.

    >>> plain_form(" Student ID "), plain_form("ＳｔｕｄｅｎｔＩＤ")
    ('student_id', 'studentid')
    """
    return "_".join(narrow_text(header).casefold().replace("-", " ").replace("_", " ").split())


@remember_words
def word_key(text: str) -> str:
    """Bring a word to the form by which it is found; spaces between numbers alone are kept.

    >>> word_key("Mid-Term") == word_key("midterm"), word_key("A-") == word_key("A"), word_key("1 2")
    (True, False, '1_2')
    """
    word = plain_word(text)
    if word.isalnum():
        return word
    return _JOINTS.sub("", _BETWEEN_DIGITS.sub("\0", word)).replace("\0", "_") or word


class Words(Mapping[str, Any]):
    """The meanings of one column's words: the county's ``own`` before the ``common`` ones.

    ``spelled`` words that mean nothing here stay as they are written (ids and notes); others are kept as
    :func:`plain_word` writes them. ``of_nothing`` is what an empty cell means, None where it is empty. A word
    that means ``""`` counts as an empty cell. ``otherwise`` reads what is no word, and ``dates`` says in
    which order the numbers of a date stand.

    >>> words = Words({"present": "present"}, own={"A": "absent", "a": "present", "": "present"})
    >>> words.meaning(" A"), words.meaning("a"), words.meaning("PRESENT"), words.meaning(None)
    ('absent', 'present', 'present', 'present')
    """

    def __init__(
        self,
        common: Mapping[str, Word],
        own: Mapping[str, Word] | None = None,
        *,
        spelled: bool = False,
        otherwise: Callable[[str], Word | None] | None = None,
        dates: tuple[str, ...] = (),
    ) -> None:
        self.own, self.spelled, self.otherwise, self.dates = dict(own or {}), spelled, otherwise, dates
        self._found: dict[str, Word | None] = {word_key(word): meaning for word, meaning in common.items()}
        self._exact: dict[str, Word] = {}
        self._read: dict[tuple[str, str | None], Any] = {}
        keys: dict[str, set[Word]] = {}
        for word, meaning in self.own.items():
            keys.setdefault(word_key(word), set()).add(meaning)
        for word, meaning in self.own.items():
            key = word_key(word)
            self._exact[word.strip()] = meaning
            self._found[key] = meaning if len(keys[key]) == 1 else None
        self.of_nothing: Word | None = self._exact.pop("", None)
        self._found.pop("", None)

    def meaning(self, text: str | None) -> Word | None:
        """Give what a cell means; None for a word without a meaning, and for an empty cell without one."""
        bare = "" if text is None else text.strip()
        if bare in self._exact:
            return self._exact[bare]
        if bare in _EMPTY:
            return self._found.get(word_key(bare)) if bare and self.of_nothing is None else self.of_nothing
        found = self._found.get(bare if bare in self._found else word_key(bare)) if self._found else None
        return self.otherwise(bare) if found is None and self.otherwise is not None else found

    def word_of(self, text: str | None) -> str | None:
        """Give the word under which a text is kept; None for nothing."""
        found = self.meaning(text)
        if found is not None:
            return str(found) or None
        bare = trimmed_text(text)
        return bare if bare is None or self.spelled else plain_word(bare) or bare

    def read_once(self, kind: str, text: str | None, read: Callable[[str | None], Result]) -> Result:
        """Keep what a short text is read as, of a few thousand of them."""
        key = (kind, text)
        if key in self._read:
            result: Result = self._read[key]
            return result
        result = read(text)
        if len(self._read) < _MOST_KEPT and len(text or "") <= _LONGEST:
            self._read[key] = result
        return result

    def __getitem__(self, word: str) -> Word:
        found = self.meaning(word)
        if found is None:
            raise KeyError(word)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


_DIGITS = {digit: value for value, digit in enumerate("一二三四五六七八九", start=1)}


def chinese_number(text: str) -> int:
    """Read a number up to 999 in Chinese, or in digits.

    >>> [chinese_number(text) for text in ("八", "十二", "八十五", "一百", "07")]
    [8, 12, 85, 100, 7]
    """
    if text.isdigit():
        return int(text)
    hundreds, hundred, rest = text.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    whole = 100 * _DIGITS.get(hundreds, 1) if hundred else 0
    return whole + (10 * _DIGITS.get(tens, 1) if ten else 0) + _DIGITS.get(ones, 0)
