"""School days as words of 64 bits, and the loops that measures run over them.

The words of a pupil and a kind are read like one long number: its highest bit is the last school day
before the date, the bit below it the school day before that, whatever the calendar of the school. A day's
*age* counts back from the date: 1 is the last school day. The ``ages`` that a loop looks at come as an array
of shape (2, n_pupils): days older than the first number, and at most as old as the second.
"""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Bytes, Floats, Ints, Longs, Words
from dropout_risk.kernels import kernel

_NONE, _ONE, _ALL = np.uint64(0), np.uint64(1), np.uint64(0xFFFFFFFFFFFFFFFF)
_PAIRS, _FOURS, _EIGHTS = (np.uint64(number * (2**64 // 255)) for number in (0x55, 0x33, 0x0F))
_BYTES = np.uint64(2**64 // 255)


@kernel
def lay_over(planes: Bytes, n_bytes: int, pupil: Ints, day: Ints, flags: Bytes) -> None:
    """Write states of single days into planes; of several states of one day the last one stays."""
    for row in range(len(pupil)):
        if 0 <= day[row] < 8 * n_bytes:
            at = pupil[row] * n_bytes + (day[row] >> 3)
            bit = 1 << (day[row] & 7)
            for plane in range(planes.shape[0]):
                if flags[row] >> plane & 1:
                    planes[plane, at] |= bit
                else:
                    planes[plane, at] &= 255 - bit


@kernel
def close_gaps(planes: Bytes, n_bytes: int, calendar_row: Ints, kept: Ints, lengths: Ints) -> None:
    """Move the days that a calendar keeps together: ``kept`` names them, per calendar, rising."""
    for pupil in range(len(calendar_row)):
        row = calendar_row[pupil]
        for plane in range(planes.shape[0]):
            for day in range(lengths[row]):
                old = kept[row, day]
                if old == day:
                    continue
                # a kept day never lies before its new place, so nothing unread is written over
                bit = planes[plane, pupil * n_bytes + (old >> 3)] >> (old & 7) & 1
                at = pupil * n_bytes + (day >> 3)
                planes[plane, at] = planes[plane, at] & (255 - (1 << (day & 7))) | bit << (day & 7)


@kernel
def align_days(planes: Words, n_bytes: int, known: Ints, n_words: int) -> Words:
    """Give the first ``known`` days of every pupil as words, the last of them in the highest bit.

    The planes hold the bits of pupil after pupil, ``8 * n_bytes`` each, and at least one word more; the words
    have the shape (n_planes, n_pupils, n_words). Each word is 64 days that begin at ``first``, cut out of the
    two words of the plane in which they lie; a pupil's first word is filled with zeros below its first day (a
    shift to the left by ``-first``).
    """
    words = np.zeros((planes.shape[0], len(known), n_words), dtype=np.uint64)
    for plane in range(planes.shape[0]):
        for pupil in range(len(known)):
            for word in range(n_words):
                first = known[pupil] - 64 * (n_words - word)
                if first <= -64:
                    continue
                at = pupil * 8 * n_bytes + max(first, 0)
                shift = np.uint64(at & 63)
                bits = planes[plane, at >> 6] >> shift
                if shift != _NONE:
                    bits |= planes[plane, (at >> 6) + 1] << (np.uint64(64) - shift)
                words[plane, pupil, word] = bits << np.uint64(max(-first, 0))
    return words


@kernel
def weekday_words(days: Ints, calendar_row: Ints, known: Ints, weekdays: int, n_words: int) -> Words:
    """Mark the school days on some weekdays (bit 0 is Monday) in the words of every pupil."""
    of_calendar = np.zeros((len(days), n_words), dtype=np.uint64)
    made = np.zeros(len(days), dtype=np.uint8)
    words = np.empty((len(calendar_row), n_words), dtype=np.uint64)
    for pupil in range(len(calendar_row)):
        row = calendar_row[pupil]
        if not made[row]:
            made[row] = 1
            for day in range(known[pupil]):
                # day 0 of the epoch was a Thursday
                if weekdays >> ((days[row, day] + 3) % 7) & 1:
                    place = 64 * n_words - known[pupil] + day
                    of_calendar[row, place >> 6] |= _ONE << np.uint64(place & 63)
        words[pupil] = of_calendar[row]
    return words


@kernel
def _seen_days(ages: Ints, pupil: int, word: int, n_words: int) -> np.uint64:
    """Mark the days of one word that a loop looks at."""
    above = 64 * (n_words - 1 - word)
    newest, oldest = max(ages[0, pupil] - above, 0), min(ages[1, pupil] - above, 64)
    if newest >= oldest:
        return _NONE
    return _ALL >> np.uint64(newest) & _ALL << np.uint64(64 - oldest)


@kernel
def _count_bits(bits: np.uint64) -> int:
    """Count the bits of a word: of pairs, of fours, of bytes, then of all bytes at once."""
    bits = bits - (bits >> _ONE & _PAIRS)
    bits = (bits & _FOURS) + (bits >> np.uint64(2) & _FOURS)
    bits = bits + (bits >> np.uint64(4)) & _EIGHTS
    return int(bits * _BYTES >> np.uint64(56))


@kernel
def _highest_bit(bits: np.uint64) -> int:
    """Give the place of the highest bit of a word that is not zero."""
    place = 0
    for step in (32, 16, 8, 4, 2, 1):
        if bits >> np.uint64(step) != _NONE:
            bits >>= np.uint64(step)
            place += step
    return place


@kernel
def count_days(words: Words, ages: Ints) -> Longs:
    """Count each pupil's days."""
    n_words = words.shape[1]
    found = np.zeros(len(words), dtype=np.int64)
    for pupil in range(len(words)):
        for word in range(n_words):
            found[pupil] += _count_bits(words[pupil, word] & _seen_days(ages, pupil, word, n_words))
    return found


@kernel
def share_of_days(chosen: Words, recorded: Words, ages: Ints) -> Floats:
    """Divide days of a kind by days recorded; missing where none is recorded."""
    n_words = chosen.shape[1]
    share = np.empty(len(chosen), dtype=np.float64)
    for pupil in range(len(chosen)):
        above, below = 0, 0
        for word in range(n_words):
            seen = _seen_days(ages, pupil, word, n_words)
            above += _count_bits(chosen[pupil, word] & seen)
            below += _count_bits(recorded[pupil, word] & seen)
        share[pupil] = above / below if below > 0 else np.nan
    return share


@kernel
def newest_and_oldest(words: Words, ages: Ints) -> Ints:
    """Give the ages of each pupil's last and first day; 0 where there is none."""
    n_words = words.shape[1]
    found = np.zeros((2, len(words)), dtype=np.int32)
    for pupil in range(len(words)):
        for word in range(n_words):
            bits = words[pupil, word] & _seen_days(ages, pupil, word, n_words)
            if bits != _NONE:
                above = 64 * (n_words - word)
                found[0, pupil] = above - _highest_bit(bits)
                if found[1, pupil] == 0:
                    found[1, pupil] = above - _highest_bit(bits & (~bits + _ONE))
    return found


@kernel
def longest_and_number(chosen: Words, recorded: Words, ages: Ints) -> Floats:
    """Walk over the days: the longest run of a kind, and the number of its runs.

    A day without a record neither adds nor breaks. Words come oldest first, and in each word the days of the
    kind from the lowest bit up (``left & -left``). ``running`` is the length of the run up to the last day
    walked; ``others`` holds the recorded days of another kind that have not been passed. One of them below
    the next day of the kind ends the run, and so does one above the last; whole counts, so exact.
    """
    n_words = chosen.shape[1]
    found = np.zeros((2, len(chosen)), dtype=np.float64)
    for pupil in range(len(chosen)):
        running = 0
        for word in range(n_words):
            seen = _seen_days(ages, pupil, word, n_words)
            left = chosen[pupil, word] & seen
            others = recorded[pupil, word] & ~chosen[pupil, word] & seen
            while left != _NONE:
                first = left & (~left + _ONE)
                earlier = first - _ONE
                if others & earlier != _NONE:
                    running = 0
                    others &= ~earlier
                running += 1
                if running == 1:
                    found[1, pupil] += 1.0
                found[0, pupil] = max(found[0, pupil], running)
                left ^= first
            if others != _NONE:
                running = 0
    return found


@kernel
def current_run(chosen: Words, recorded: Words, ages: Ints, silence: int) -> Ints:
    """Walk back from the last day for as long as recorded days are of a kind.

    A day without a record neither adds nor breaks, but more than ``silence`` days between two days of the run
    do. Words are walked newest first, and recorded days from the highest bit down, until the first of another
    kind: what is older is never looked at. The rows of the result are the length of the run, and the ages of
    its first and its last day; 0 where there is no run.
    """
    n_words = chosen.shape[1]
    found = np.zeros((3, len(chosen)), dtype=np.int32)
    for pupil in range(len(chosen)):
        running = True
        for word in range(n_words - 1, -1, -1):
            seen = _seen_days(ages, pupil, word, n_words)
            left = recorded[pupil, word] & seen
            while running and left != _NONE:
                place = _highest_bit(left)
                bit = _ONE << np.uint64(place)
                age, since = 64 * (n_words - word) - place, found[1, pupil]
                running = chosen[pupil, word] & bit != _NONE
                if running and found[0, pupil] > 0 and age - since > silence + 1:
                    running = False
                if running:
                    found[0, pupil] += 1
                    found[1, pupil] = age
                    if found[0, pupil] == 1:
                        found[2, pupil] = age
                left ^= bit
            if not running:
                break
    return found
