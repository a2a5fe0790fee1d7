"""What a score says of rows that could not be used, and when they are too many for a judgement."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from dropout_risk.arrays import Bools, Positions
from dropout_risk.errors import TooMuchRefusedError
from dropout_risk.features.refused_shares import Refusals, limit_of_table
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.records.refused_rows import REFUSED_TABLES
from dropout_risk.records.tables import TABLES
from dropout_risk.settings import MissingnessSettings
from dropout_risk.text import LANGUAGES, Language, Text


def _of_each_table(text: Text) -> dict[str, Text]:
    """Name each table in a text that has a place for it; its other places stay."""
    return {
        name: Text(
            zh=text.zh.replace("[table]", TABLES[name].title.zh),
            en=text.en.replace("[table]", TABLES[name].title.en),
        )
        for name in REFUSED_TABLES
    }


NOT_USED = _of_each_table(
    Text(
        zh="[table]有{number}条记录未使用：无法读取，或互相矛盾",
        en="{number} row(s) of [table] were not used: they could not be read, or contradict others",
    )
)
TOO_MANY = _of_each_table(
    Text(
        zh="最近{days}个教学日的[table]记录有{share}未使用（上限{limit}）",
        en="{share} of the last {days} school days' [table] was not used (limit {limit})",
    )
)
NOT_JUDGED = Text(
    zh="信息不足，暂不评估：太多记录无法使用，请先核实",
    en="Not judged: too much of what was recorded could not be used; verify it first",
)


def warnings_of_domains(domains: tuple[str, ...]) -> tuple[Text, ...]:
    """Give the sentences that count rows of tables of some domains."""
    named = [name for name in REFUSED_TABLES if TABLES[name].domain in domains]
    return tuple(texts[name] for texts in (NOT_USED, TOO_MANY) for name in named)


@lru_cache(maxsize=1 << 12)
def tells_of_refused(sentence: str, tables: tuple[str, ...]) -> bool:
    """Say whether a warning counts refused rows of one of some tables, in whichever language."""
    return any(pattern.fullmatch(sentence) for name in tables for pattern in _PATTERNS[name])


_PATTERNS = {
    name: [text.pattern(language) for text in (NOT_USED[name], TOO_MANY[name]) for language in LANGUAGES]
    for name in REFUSED_TABLES
}


@dataclass(frozen=True, eq=False)
class RefusedNotes:
    """What is said of refused rows, by pupil, and who is not judged for them."""

    told: dict[int, tuple[str, ...]] = field(default_factory=dict)
    not_judged: Bools | None = None

    @classmethod
    def of(cls, snapshot: Snapshot, limits: MissingnessSettings, language: Language) -> Self:
        """Word what was refused of the pupils of a snapshot, as known on its date."""
        if not snapshot.histories.refused.offsets[-1]:
            return cls()
        found = Refusals.of(snapshot, limits.window_days)
        over = found.over(limits.pupil_share, limits.family_share)
        told = {
            pupil: _refused_sentences(counts, shares, marks, limits, language)
            for pupil, counts, shares, marks in zip(
                found.pupils.tolist(),
                found.counts.tolist(),
                found.shares.tolist(),
                over.tolist(),
                strict=True,
            )
        }
        return cls(told, found.not_judged(limits.pupil_share, limits.family_share))


def _refused_sentences(
    counts: list[int], shares: list[float], marks: list[bool], limits: MissingnessSettings, language: Language
) -> tuple[str, ...]:
    said = [NOT_JUDGED.to(language)] if any(marks) else []
    for name, number, share, is_over in zip(REFUSED_TABLES, counts, shares, marks, strict=True):
        if number:
            said.append(NOT_USED[name].fill(language, number=number))
        if is_over:
            limit = limit_of_table(name, limits.pupil_share, limits.family_share)
            percent = {"share": f"{share:.0%}", "limit": f"{limit:.0%}"}
            said.append(TOO_MANY[name].fill(language, days=limits.window_days, **percent))
    return tuple(said)


def refuse_broken_families(snapshot: Snapshot, members: Positions, limits: MissingnessSettings) -> None:
    """Stop where most of the last days' attendance or marks of most pupils were refused.

    The TooMuchRefusedError names the tables with their shares and the limit.
    """
    if not snapshot.histories.refused.offsets[-1]:
        return
    found = Refusals.of(snapshot, limits.window_days)
    broken = found.broken_families(members, limits.family_share)
    if broken:
        raise TooMuchRefusedError.of(broken, limits.family_share, limits.window_days)
