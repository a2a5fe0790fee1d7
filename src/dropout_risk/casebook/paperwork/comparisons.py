"""四查三比对: the county's lists laid beside each other, pupil by pupil."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dropout_risk.casebook.paperwork.county_list import CountyList
from dropout_risk.casebook.paperwork.workbook import Sheet, write_sheets
from dropout_risk.errors import RecordsError
from dropout_risk.text import CLAUSES, NO_WORDS, Language, Text

ListName = Literal["residents", "enrolled", "attending", "poor"]
COUNTY_LISTS: dict[ListName, Text] = {
    "residents": Text(zh="户籍", en="residents"),
    "enrolled": Text(zh="学籍", en="enrolled"),
    "attending": Text(zh="在校", en="attending"),
    "poor": Text(zh="脱贫户", en="poor households"),
}
"""The four lists that are looked through."""
ENROLMENTS: dict[tuple[bool, bool], Text] = {
    (True, True): Text(zh="在籍在校", en="enrolled and at school"),
    (True, False): Text(zh="在籍不在校", en="enrolled, not at school"),
    (False, True): Text(zh="在校不在籍", en="at school, not enrolled"),
    (False, False): Text(zh="不在籍不在校", en="neither enrolled nor at school"),
}
"""What a pupil is, by whether it is on the lists of the enrolled and of those at school."""
_NOT_ENROLLED = Text(zh="有户籍、无学籍", en="resident, not enrolled")
_NOT_RESIDENT = Text(zh="有学籍、无本县户籍", en="enrolled, not resident")
_POOR_DROPOUT = Text(zh="脱贫户子女辍学", en="dropout of a poor household")
_AGREE = Text(zh="一致", en="the lists agree")


@dataclass(frozen=True)
class Compared:
    """On which lists a pupil is (None where a list was not given), and whether in the dropouts' ledger.

    >>> compared = Compared({"residents": True, "enrolled": True, "attending": False}, dropout=True)
    >>> compared.enrolment.zh, compared.findings.zh
    ('在籍不在校', '在籍不在校')
    """

    on: Mapping[ListName, bool]
    dropout: bool = False

    @property
    def enrolment(self) -> Text | None:
        """Enrolled and at school or not; None without both lists."""
        pair = self.on.get("enrolled"), self.on.get("attending")
        return None if None in pair else ENROLMENTS[bool(pair[0]), bool(pair[1])]

    @property
    def findings(self) -> Text:
        """What the three comparisons found."""
        resident, enrolled, attending = (self.on.get(name) for name in ("residents", "enrolled", "attending"))
        found = [_NOT_ENROLLED] if resident and enrolled is False else []
        found += [_NOT_RESIDENT] if enrolled and resident is False else []
        nowhere = not (resident or enrolled or attending)
        found += [self.enrolment] if self.enrolment and (nowhere or enrolled != attending) else []
        found += [_POOR_DROPOUT] if self.dropout and self.on.get("poor") else []
        return CLAUSES.joined(found) if found else _AGREE


def compare_lists(
    lists: Mapping[ListName, CountyList],
    at_school: Collection[str],
    dropouts: Collection[str],
    away: Collection[str] = (),
) -> dict[str, Compared]:
    """Lay lists beside each other, by the id that records have for each pupil.

    Parameters
    ----------
    lists : mapping of str to CountyList
        Some of :data:`COUNTY_LISTS`.
    at_school : collection of str
        Who is at school by the records; but for who is ``away``, it stands in for the list of those attending
        where that was not given.
    dropouts : collection of str
        Who stands in the dropouts' ledger.
    away : collection of str, default=()
        Who stands in a ledger and has not come back.

    Raises
    ------
    RecordsError
        If a list shares no pupil with the others: it names them by another id.

    Examples
    --------
    >>> lists = {name: CountyList({pupil: {} for pupil in pupils})
    ...          for name, pupils in (("residents", "abc"), ("enrolled", "ab"))}
    >>> [(pupil, found.findings.en) for pupil, found in compare_lists(lists, {"a"}, ()).items()]
    [('a', 'the lists agree'), ('b', 'enrolled, not at school'), ('c', 'resident, not enrolled')]
    """
    given: dict[ListName, Collection[str]] = {name: rows.rows.keys() for name, rows in lists.items()}
    compared: dict[ListName, Collection[str]] = {"attending": {*at_school} - {*away}, **given}
    for name, pupils in given.items():
        others = {pupil for other, rows in given.items() if other != name for pupil in rows}
        require_shared(COUNTY_LISTS[name], pupils, others.union(at_school))
    everybody = {pupil for pupils in compared.values() for pupil in pupils}.union(dropouts, away)
    return {
        pupil: Compared({name: pupil in pupils for name, pupils in compared.items()}, pupil in dropouts)
        for pupil in sorted(everybody)
    }


def require_shared(name: Text, pupils: Collection[str], others: Collection[str]) -> None:
    """Refuse a list that shares no pupil with others: it names them by another id."""
    if pupils and others and {*others}.isdisjoint(pupils):
        raise RecordsError(
            f"The list of {name.en} shares no pupil with the others, or with the case book.",
            hint="give every list the id that records have; for keyed pseudonyms the key file: --key FILE",
        )


# --- On paper ---

_TITLE = Text(zh="四查三比对", en="comparison of lists")
_HEADINGS = {
    Text(zh="序号", en="no."): 6,
    Text(zh="姓名", en="name"): 12,
    Text(zh="学号", en="id"): 22,
    **dict.fromkeys(COUNTY_LISTS.values(), 8),
    Text(zh="辍学台账", en="dropouts' ledger"): 9,
    Text(zh="学籍状态", en="enrolment"): 14,
    Text(zh="比对结果", en="comparison"): 30,
}
_APART = Text(zh="名单待核对", en="lists to be mended")
_APART_HEADINGS = {
    Text(zh="名单", en="list"): 30,
    Text(zh="行", en="row"): 8,
    Text(zh="问题", en="what is wrong"): 60,
}
_YES, _NO = Text(zh="是", en="yes"), Text(zh="否", en="no")


def _name_on(lists: Mapping[ListName, CountyList], pupil: str) -> str:
    names = (rows.of_pupil(pupil).get("name", "") for rows in lists.values())
    return next(filter(None, names), "")


def yes_or_no(said: bool | None) -> Text:
    """Say whether a pupil is on a list; nothing where there is no list."""
    return NO_WORDS if said is None else _YES if said else _NO


def _answers_of(found: Compared) -> list[Text]:
    on = [found.on.get(name) for name in COUNTY_LISTS]
    return [*map(yes_or_no, (*on, found.dropout)), found.enrolment or NO_WORDS, found.findings]


def write_comparison(
    compared: Mapping[str, Compared],
    lists: Mapping[ListName, CountyList],
    out: str | Path,
    day: dt.date,
    language: Language = "zh",
) -> dict[str, int]:
    """Write of whom the lists differ, and what of them could not be used; give the rows of both, by title."""
    rows = [
        (_name_on(lists, pupil), pupil, *(text.to(language) for text in _answers_of(found)))
        for pupil, found in compared.items()
        if found.findings != _AGREE
    ]
    apart = [
        (f"{COUNTY_LISTS[name].to(language)}: {item.source}", str(item.row), item.why.to(language))
        for name, listed in lists.items()
        for item in listed.problems
    ]
    numbered = [(str(number), *row) for number, row in enumerate(rows, start=1)]
    counts = {}
    for title, headings, cells in ((_TITLE, _HEADINGS, numbered), (_APART, _APART_HEADINGS, apart)):
        name = title.to(language)
        texts = tuple(text.to(language) for text in headings)
        sheet = Sheet(name, (name, ""), texts, tuple(headings.values()), cells)
        write_sheets(Path(out, name), [sheet], day, language)
        counts[name] = len(cells)
    return counts
