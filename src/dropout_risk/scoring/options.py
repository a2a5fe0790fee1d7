"""Answers to what would change a score, in words: options, each with the risk that the model gives."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Self

from dropout_risk.text import Language, Text, percent

NOTE = Text(
    zh="这只是模型按另一种记录重新计算的结果，不是承诺，也不能保证学生因此留下来。",
    en="This is the model's arithmetic on another record and not a promise: nobody knows whether the change "
    "would keep the pupil at school.",
)
_IF = Text(zh="如果{changes}，风险为{risk}（现为{now}）", en="If {changes}: {risk} instead of {now}")
_END, _OR = Text(zh="。", en=". "), Text(zh="或者，", en="Or: ")
_AND = Text(zh="，并且", en=", and ")
_NOT_ENOUGH = Text(zh="，仍未低于{target}", en=", still not below {target}")
_NOTHING = Text(
    zh="在可以改变的出勤和成绩里，没有哪一项会降低这个分数",
    en="Nothing in attendance or marks that can be changed would lower this score",
)
_BELOW = Text(zh="风险已低于{target}", en="The risk is below {target} already")


@dataclass(frozen=True)
class LeverChange:
    """One change of the record.

    Parameters
    ----------
    lever, domain, label : str
        From the catalogue's levers.
    size : float
        The last school days, or the share of full marks.
    text : str
        What is changed, to stand after "if".
    """

    lever: str
    domain: str
    label: str
    size: float
    text: str


@dataclass(frozen=True)
class Option:
    """Changes that belong together, and the risk that the model gives with them.

    Parameters
    ----------
    changes : tuple of LeverChange
        All of them are needed.
    risk : float
        With them.
    reached : bool
        Whether that is below the target.
    text : str
        The option in one sentence.
    """

    changes: tuple[LeverChange, ...]
    risk: float
    reached: bool
    text: str

    @classmethod
    def of(
        cls, changes: tuple[LeverChange, ...], risk: float, now: float, target: float, language: Language
    ) -> Self:
        """Word changes with the risk that comes of them, and say so where it does not reach the target."""
        joined = _AND.to(language).join(part.text for part in changes)
        shown = percent(risk)
        if risk >= target and shown == percent(target):
            shown = f"{risk:.1%}"  # "5%, still not below 5%" would be no sentence
        text = _IF.fill(language, changes=joined, risk=shown, now=percent(now))
        if risk >= target:
            text += _NOT_ENOUGH.fill(language, target=percent(target))
        return cls(changes, risk, bool(risk < target), text)


@dataclass(frozen=True)
class WhatIf:
    """What would change one pupil's score.

    Parameters
    ----------
    student_id : str or int
        As given.
    as_of : date
        The date of the score.
    risk, target : float
        The risk as it is, and the one that options should lie below.
    options : tuple of Option
        At most three, the smallest first; where nothing reaches the target, the one that lowers the risk
        most; none where nothing lowers it or it is below the target.
    note : str
        What this is, and what it is not.
    text : str
        All options and the note.
    language : {"zh", "en"}
        The language of all words.
    """

    student_id: str | int
    as_of: dt.date
    risk: float
    target: float
    options: tuple[Option, ...]
    note: str
    text: str
    language: Language

    def to_dict(self) -> dict[str, Any]:
        """Write the answer as plain data."""
        options = [
            item.__dict__ | {"changes": [dict(part.__dict__) for part in item.changes]}
            for item in self.options
        ]
        return self.__dict__ | {"as_of": self.as_of.isoformat(), "options": options}


def with_options(made: WhatIf, options: tuple[Option, ...], *, complete: bool = True) -> WhatIf:
    """Give an answer with other options, and its text written from them.

    Where they are not complete, nothing is said of there being none.
    """
    end = _END.to(made.language)
    said = (end + _OR.to(made.language)).join(option.text for option in options)
    if not said and complete:
        below = made.risk < made.target
        said = (_BELOW if below else _NOTHING).fill(made.language, target=percent(made.target))
    return replace(made, options=options, text=said + end + made.note if said else made.note)
