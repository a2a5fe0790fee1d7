"""Rights to addresses: which role gets which parts of a reply of which address, of whose pupils.

Whatever is not granted here is denied, also to an address that somebody adds. What a reply tells of a pupil
is never more than what :mod:`dropout_risk.casebook.rights` lets the role see of a case.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from dropout_risk.access.reader import LOCAL, READER_ROLES
from dropout_risk.casebook.rights import CASE_PARTS
from dropout_risk.text import Language, Text

ANYONE = "anyone"
ASKERS: dict[str, Text] = {ANYONE: Text(zh="任何人", en="anyone"), **READER_ROLES}
"""Who may ask: whoever comes, and the roles of readers."""
REPLY_PARTS: dict[str, Text] = {
    "alive": Text(zh="是否运行", en="whether it runs"),
    "counts": Text(zh="运行计数", en="counts of requests"),
    "about": Text(zh="模型与接口说明", en="the model and the addresses"),
    "door": Text(zh="登录页", en="the way in"),
    **{str(name): text for name, text in CASE_PARTS.items()},
}
"""What a reply may hold: four parts of nobody, and the parts of a pupil's case."""
PupilsOf = Literal["nobody", "granted", "everybody"]
WHOSE: dict[PupilsOf, Text] = {
    "nobody": Text(zh="不涉及学生", en="of no pupil"),
    "granted": Text(zh="授权范围内的学生", en="of pupils within the grants"),
    "everybody": Text(zh="全部学生", en="of all pupils"),
}


class Granted(NamedTuple):
    """One cell: a role gets a part of an address's replies, of some pupils."""

    role: str
    route: str
    part: str
    whose: PupilsOf


_LETTERS = {
    "v": "alive", "c": "counts", "a": "about", "d": "door",
    "w": "where", "s": "signals", "p": "psychology", "l": "plan", "n": "notes", "o": "outcome",
}  # fmt: skip
_COLUMNS = (ANYONE, *READER_ROLES)
_NO_PUPIL = ("", "a", "a", "a", "a", "a", "a", "", "a", "a", "a")
_SCORES = ("", "ws", "ws", "wsp", "ws", "", "ws", "", "s", "", "wsp")
_PAGES = ("", "ws", "ws", "wsp", "ws", "", "ws", "", "", "", "wsp")
_STORED = _PAGES
"""Who asks by ids knows whom it asks about: so nobody does who must not, as auditors."""
_GRANTED: dict[str, tuple[str, ...]] = {
    # by address, in the order of ASKERS: anyone, class_teacher, principal, counsellor, township, village,
    # county, parent, auditor, operator, local
    "/livez": ("v", *[""] * 10),
    "/readyz": ("v", *[""] * 10),
    "/healthz": ("v", *[""] * 10),
    "/metrics": (*[""] * 9, "c", "c"),
    "/docs.json": _NO_PUPIL,
    "/model": _NO_PUPIL,
    "/catalogue": _NO_PUPIL,
    "/v2": _NO_PUPIL,
    "/v2/models": _NO_PUPIL,
    "/v2/models/infer": _SCORES,
    "/score": _SCORES,
    "/score_features": _SCORES,
    "/score_stored": _STORED,
    "/explain/change": _STORED,
    "/what_if": _STORED,
    "/feedback": ("", "n", "n", "n", "", "", "", "", "", "", ""),
    "/review": _PAGES,
    "/review/": _PAGES,
    "/review/cohort": _PAGES,
    "/review/model": _PAGES,
    "/review/pupil": _PAGES,
    "/review/pupils": _PAGES,
    "/review/school": _PAGES,
    "/desk": ("d", "wslno", "wslno", "wsplno", "wslo", "wl", "wslo", "", "slo", "", ""),
}
_PUPIL_PARTS = frozenset(CASE_PARTS)

ROUTE_RIGHTS: frozenset[Granted] = frozenset(
    Granted(role, route, part, _whose)
    for route, row in _GRANTED.items()
    for role, letters in zip(_COLUMNS, row, strict=True)
    for part in (_LETTERS[letter] for letter in letters)
    for _whose in (("nobody" if part not in _PUPIL_PARTS else "everybody" if role == LOCAL else "granted"),)
)
"""Every cell that is granted; there is nothing else."""
ROUTES = tuple(_GRANTED)
_PARTS = {
    (role, route): frozenset(cell.part for cell in ROUTE_RIGHTS if (cell.role, cell.route) == (role, route))
    for role in _COLUMNS
    for route in ROUTES
}
STRONGEST = (LOCAL, "counsellor", "principal", "class_teacher", "county", "township", "auditor")
"""Roles to which scores are told, whoever is told more first: of several, a pupil is read as the first."""


def parts_of(role: str, route: str) -> frozenset[str]:
    """Give the parts of an address's replies that a role gets; none, where nothing is declared.

    >>> sorted(parts_of("class_teacher", "/score")), sorted(parts_of("county", "/new"))
    (['signals', 'where'], [])
    """
    return _PARTS.get((role, route), frozenset())


def may_ask(roles: Iterable[str], route: str) -> bool:
    """Say whether somebody of some roles gets anything of an address.

    >>> may_ask(["village"], "/score"), may_ask([], "/livez")
    (False, True)
    """
    return any(parts_of(role, route) for role in (ANYONE, *roles))


def rights_rows(language: Language) -> list[tuple[str, str, str, str]]:
    """Give all cells as words: addresses, the roles that get the same of them, what they get, and of whom."""
    join = "、" if language == "zh" else ", "
    by_address: dict[str, list[tuple[str, str, str]]] = {}
    for route in ROUTES:
        alike: dict[tuple[str, str], list[str]] = {}
        for role, label in ASKERS.items():
            cells = [cell for cell in ROUTE_RIGHTS if (cell.role, cell.route) == (role, route)]
            parts = [text for name, text in REPLY_PARTS.items() if name in {cell.part for cell in cells}]
            whose = [text for name, text in WHOSE.items() if name in {cell.whose for cell in cells}]
            if cells:
                told = tuple(join.join(text.to(language) for text in texts) for texts in (parts, whose))
                alike.setdefault((told[0], told[1]), []).append(label.to(language))
        by_address[route] = [(join.join(roles), *told) for told, roles in alike.items()]
    same: dict[tuple[tuple[str, str, str], ...], list[str]] = {}
    for route, rows in by_address.items():
        same.setdefault(tuple(rows), []).append(route)
    return [(", ".join(routes), *row) for rows, routes in same.items() for row in rows]
