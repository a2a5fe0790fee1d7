"""Rights: which role may do what with which part of a case; whatever is not granted here is denied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from dropout_risk.casebook.machine import Line
from dropout_risk.errors import CaseRightError
from dropout_risk.text import Language, Text

Act = Literal["see", "write", "hand_over", "close"]
ACTS: dict[Act, Text] = {
    "see": Text(zh="查看", en="see"),
    "write": Text(zh="登记", en="write"),
    "hand_over": Text(zh="转交", en="hand over"),
    "close": Text(zh="销号", en="close"),
}
Part = Literal["where", "signals", "psychology", "plan", "notes", "outcome"]
CASE_PARTS: dict[Part, Text] = {
    "where": Text(zh="姓名、班级、住址", en="who and where"),
    "signals": Text(zh="预警和原因", en="signals and reasons"),
    "psychology": Text(zh="心理", en="psychology"),
    "plan": Text(zh="联系和安排", en="contacts and plan"),
    "notes": Text(zh="备注", en="notes"),
    "outcome": Text(zh="结果", en="outcome"),
}
CASE_ROLES: dict[str, Text] = {
    "class_teacher": Text(zh="班主任（包保责任人）", en="class teacher, or who is responsible"),
    "principal": Text(zh="校长", en="principal"),
    "counsellor": Text(zh="心理教师", en="counsellor"),
    "township": Text(zh="乡镇（街道）", en="township"),
    "village": Text(zh="村（社区）", en="village"),
    "county": Text(zh="县教育局", en="county"),
    "parent": Text(zh="家长", en="parent"),
    "auditor": Text(zh="审计人员", en="auditor"),
}

_LETTERS: dict[str, Act] = {"s": "see", "w": "write", "h": "hand_over", "c": "close"}
_GRANTED: dict[str, tuple[str, str, str, str, str, str]] = {
    #                 where signals psychology plan  notes outcome
    "class_teacher": ("s", "s", "", "swh", "sw", "swc"),
    "principal": ("s", "s", "", "swh", "sw", "swc"),
    "counsellor": ("s", "s", "swhc", "sw", "sw", "s"),
    "township": ("s", "s", "", "swh", "", "swc"),
    "village": ("s", "", "", "sw", "", ""),
    "county": ("s", "s", "", "swh", "", "swc"),
    "parent": ("", "", "", "", "", ""),
    "auditor": ("", "s", "", "s", "", "s"),
}
"""By role, the acts that it may do with each part, in the order of :data:`CASE_PARTS`."""

RIGHTS: frozenset[tuple[str, Part, Act]] = frozenset(
    (role, part, _LETTERS[letter])
    for role, granted in _GRANTED.items()
    for part, letters in zip(CASE_PARTS, granted, strict=True)
    for letter in letters
)
"""Every act that is granted; there is nothing else."""


def may(roles: Iterable[str], act: Act, part: Part, line: Line = "school") -> bool:
    """Say whether somebody of some roles may do something with a part of a case.

    A case of the line *care* is psychology in all of its parts: who may not see psychology does not learn
    that there is one.

    >>> may(["class_teacher"], "see", "plan"), may(["class_teacher"], "see", "plan", "care")
    (True, False)
    >>> may(["parent"], "see", "where")
    False
    """
    parts = {part} if line == "school" else {"psychology"}
    return any((role, needed, act) in RIGHTS for role in roles for needed in parts)


def require_right(roles: Iterable[str], act: Act, part: Part, line: Line = "school") -> None:
    """Refuse what may not be done, in words that tell nothing of the case."""
    if not may(roles, act, part, line):
        raise CaseRightError(
            "That is not for you to do.", hint="ask the person who acts on this pupil's case"
        )


def rights_table(language: Language) -> list[list[str]]:
    """Give the table as rows of words, a role each; the first row is the heading."""
    rows = [["角色" if language == "zh" else "role", *(text.to(language) for text in CASE_PARTS.values())]]
    for role, label in CASE_ROLES.items():
        cells = (
            [ACTS[act].to(language) for act in ACTS if (role, part, act) in RIGHTS] for part in CASE_PARTS
        )
        rows.append(
            [
                label.to(language),
                *("、".join(acts) if language == "zh" else ", ".join(acts) for acts in cells),
            ]
        )
    return rows
