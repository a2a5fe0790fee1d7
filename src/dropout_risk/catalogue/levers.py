"""Levers: what people at school can change in a pupil's record, by which steps and how far.

A lever changes the record, never a feature: from a changed record all features follow, so that absence
over 10, 20 and 60 days, its streaks and the gap to the class always fit together. Every lever points to the
side of help: less absence, less lateness, higher marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from dropout_risk.catalogue.feature import DOMAINS, Domain
from dropout_risk.catalogue.grades import CORE_SUBJECTS
from dropout_risk.errors import FeatureDeclarationError, nearest
from dropout_risk.text import Text

Kind = Literal["present", "on_time", "marks"]


@dataclass(frozen=True)
class Lever:
    """One thing that people at school can change; a role that does not see its domain is not told of it.

    ``present``: days missed become days at school; ``on_time``: days late or left early become whole days;
    ``marks``: the latest mark of each subject rises. ``step`` and ``most`` are the smallest and the largest
    change, of which only whole steps are offered: the last school days, or a share of full marks. No mark
    rises above full marks; ``subjects`` are those whose marks rise (empty: all) or, with ``besides``, those
    that do not.

    The sentence stands after "if"; fields: ``{days}`` and ``{changed}`` (how many of them change), or
    ``{points}`` (percentage points of full marks).

    >>> [lever.name for lever in LEVERS]
    ['attendance', 'punctuality', 'core_marks', 'other_marks']
    >>> LEVERS[0].levels
    (5, 10, 15, 20)
    """

    name: str
    domain: Domain
    kind: Kind
    step: float
    most: float
    label: Text
    sentence: Text
    subjects: tuple[str, ...] = ()
    besides: bool = False

    def __post_init__(self) -> None:
        """Check that the declaration does not contradict itself."""
        for given, allowed in ((self.kind, get_args(Kind)), (self.domain, DOMAINS)):
            if given not in allowed:
                raise FeatureDeclarationError(
                    f"Lever {self.name!r} does not know {given!r}.", hint=nearest(given, allowed)
                )
        if not 0 < self.step <= self.most:
            raise FeatureDeclarationError(
                f"Lever {self.name!r}: 0 < step <= most, got {self.step} and {self.most}."
            )

    @property
    def levels(self) -> tuple[float, ...]:
        """The changes that are offered: one step, two steps, up to the most."""
        number = int(self.most / self.step + 1e-9)
        return tuple(round(self.step * (level + 1), 9) for level in range(number))

    def moves(self, subject: str) -> bool:
        """Say whether the marks of a subject rise."""
        return not self.subjects or (subject in self.subjects) != self.besides


LEVERS: tuple[Lever, ...] = (
    Lever(
        name="attendance",
        domain="attendance",
        kind="present",
        step=5,
        most=20,
        label=Text(zh="每天到校", en="At school every day"),
        sentence=Text(
            zh="近{days}个教学日天天到校（其中{changed}天实际缺课）",
            en="no day had been missed of the last {days} school days ({changed} were)",
        ),
    ),
    Lever(
        name="punctuality",
        domain="attendance",
        kind="on_time",
        step=5,
        most=20,
        label=Text(zh="不迟到不早退", en="Neither late nor leaving early"),
        sentence=Text(
            zh="近{days}个教学日没有迟到早退（其中{changed}天实际有）",
            en="the pupil had neither been late nor left early in the last {days} school days (it was so on "
            "{changed})",
        ),
    ),
    Lever(
        name="core_marks",
        domain="grades",
        kind="marks",
        step=0.05,
        most=0.20,
        label=Text(zh="语数英成绩提高", en="Higher marks in Chinese, maths and English"),
        sentence=Text(
            zh="语数英最近一次成绩各高{points}分（按满分100计）",
            en="the latest marks in Chinese, maths and English were {points} points of 100 higher",
        ),
        subjects=CORE_SUBJECTS,
    ),
    Lever(
        name="other_marks",
        domain="grades",
        kind="marks",
        step=0.05,
        most=0.20,
        label=Text(zh="语数英以外各科成绩提高", en="Higher marks in the other subjects"),
        sentence=Text(
            zh="语数英以外各科最近一次成绩各高{points}分（按满分100计）",
            en="the latest marks besides Chinese, maths and English were {points} points of 100 higher",
        ),
        subjects=CORE_SUBJECTS,
        besides=True,
    ),
)
