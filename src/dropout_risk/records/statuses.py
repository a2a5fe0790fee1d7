"""The statuses of a register: each declared once, with its words and the kinds of day it makes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from dropout_risk.text import Text

MOST_STATUSES = 126  # a cell of the day grid keeps one bit for itself
MOST_KINDS = 8  # a day's flags are a byte
_OWN_RULES = ("recorded", "absent", "unexcused")


@dataclass(frozen=True)
class Status:
    """One status: its word in the contract, the Chinese words understood, and the kinds of day that it makes.

    Every status makes a day ``recorded``; with ``absent`` among its kinds it counts as absent.
    """

    word: str
    zh: tuple[str, ...]
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class DayKind:
    """One kind of day: its name for measures and, where a day is shown by it, the state and its word.

    >>> DayKind("remote", Text(zh="网课", en="remote")).state
    'remote'
    """

    name: str
    label: Text | None = None
    shown_as: str = ""

    @property
    def state(self) -> str:
        """What a day of this kind is shown as, where no other kind says more of it."""
        return self.shown_as or self.name


@dataclass(frozen=True)
class Statuses:
    """All statuses in the order of their codes, and the kinds of day that histories keep one bit each of.

    The first three kinds have rules of their own, any other holds of a day with one session of that kind.
    Stores keep their order, so a new kind comes last. Refused with ValueError are a word that means two
    things, a kind that is not known, and more than there is room for.

    >>> STATUSES.words
    ('present', 'absent', 'excused', 'late', 'left_early', 'suspended')
    >>> STATUSES.zh_words["病假"], STATUSES.code("excused"), STATUSES.flags[2]
    ('excused', 2, 3)
    """

    day_kinds: tuple[DayKind, ...]
    entries: tuple[Status, ...]

    def __post_init__(self) -> None:
        """Refuse what could not be told apart."""
        words = [word for status in self.entries for word in (status.word, *status.zh)]
        twice = {word for word in words if words.count(word) > 1}
        unknown = {kind for status in self.entries for kind in status.kinds} - {*self.kinds[1:]}
        if twice or unknown:
            raise ValueError(f"Words of two statuses: {sorted(twice)}; unknown kinds: {sorted(unknown)}.")
        if len(self.entries) > MOST_STATUSES or len(self.kinds) > MOST_KINDS:
            raise ValueError(f"There is room for {MOST_STATUSES} statuses and {MOST_KINDS} kinds of day.")
        if self.kinds[: len(_OWN_RULES)] != _OWN_RULES:
            raise ValueError(f"The first kinds of day must be {', '.join(_OWN_RULES)}.")
        if self.absence & self.presence:
            raise ValueError("A kind of day goes with absence or with presence, not with both.")
        if nameless := [kind.name for kind in self.day_kinds[1:] if kind.label is None]:
            raise ValueError(f"Kinds of day without a word for pages: {', '.join(nameless)}.")

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The name of each kind of day."""
        return tuple(kind.name for kind in self.day_kinds)

    @cached_property
    def shown_kinds(self) -> tuple[DayKind, ...]:
        """The kinds that days are shown by, as a legend lists them: those of absence, then the others."""
        unexcused, absent = (self.day_kinds[_OWN_RULES.index(name)] for name in ("unexcused", "absent"))
        others = self.day_kinds[len(_OWN_RULES) :]
        away = [kind for kind in others if self.bits[kind.name] & self.absence]
        return (unexcused, absent, *away, *(kind for kind in others if kind not in away))

    @cached_property
    def telling_kinds(self) -> tuple[DayKind, ...]:
        """The same, with what says most of a day of several kinds first: absence alone says least of it."""
        unexcused, absent, *others = self.shown_kinds
        away = [kind for kind in others if self.bits[kind.name] & self.absence]
        return (*away, unexcused, absent, *(kind for kind in others if kind not in away))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The word of each status."""
        return tuple(status.word for status in self.entries)

    @cached_property
    def zh_words(self) -> dict[str, str]:
        """The Chinese words, with the status that each means."""
        return {zh: status.word for status in self.entries for zh in status.zh}

    def code(self, word: str) -> int:
        """Give the number under which tables keep a status."""
        return self.words.index(word)

    @cached_property
    def bits(self) -> dict[str, int]:
        """The bit of each kind of day."""
        return {kind: 1 << position for position, kind in enumerate(self.kinds)}

    @cached_property
    def flags(self) -> tuple[int, ...]:
        """The bits of a day with one session, for each status."""
        return tuple(1 + sum(self.bits[kind] for kind in status.kinds) for status in self.entries)

    @cached_property
    def absence(self) -> int:
        """The bits of the kinds that make a day one of absence."""
        return self._bits_of(absent=True)

    @cached_property
    def presence(self) -> int:
        """The bits of the kinds that a day has on which the pupil was there."""
        return self._bits_of(absent=False)

    def _bits_of(self, absent: bool) -> int:
        kinds = {k for status in self.entries if ("absent" in status.kinds) is absent for k in status.kinds}
        return sum(self.bits[kind] for kind in kinds)


STATUSES = Statuses(
    day_kinds=(
        DayKind("recorded"),
        DayKind("absent", Text(zh="请假", en="excused"), shown_as="excused"),
        DayKind("unexcused", Text(zh="无故缺课", en="absent, unexplained")),
        DayKind("late", Text(zh="迟到或早退", en="late or left early")),
        DayKind("suspended", Text(zh="停课", en="suspended")),
    ),
    entries=(
        Status("present", ("出勤", "正常", "到校", "到")),
        Status("absent", ("缺勤", "缺席", "旷课", "旷学", "无故缺勤"), ("absent", "unexcused")),
        Status("excused", ("请假", "事假", "病假", "公假"), ("absent",)),
        Status("late", ("迟到",), ("late",)),
        Status("left_early", ("早退",), ("late",)),
        Status("suspended", ("停课", "停学"), ("absent", "suspended")),
    ),
)
