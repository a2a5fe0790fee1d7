"""The page of the whole cohort: how risks are spread, where the lists end, and where risks come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dropout_risk.catalogue.feature import DOMAINS
from dropout_risk.pages.cohort_charts import Spread
from dropout_risk.pages.pupil_page import interval
from dropout_risk.pages.rendering import Links
from dropout_risk.pages.watch_list_page import counts_of
from dropout_risk.pages.words import WORDS
from dropout_risk.scoring.score_rows import PupilHead, pupil_heads, take_pupils
from dropout_risk.scoring.scores import PupilScore, Scores
from dropout_risk.settings import BandSettings
from dropout_risk.text import Language, Text, percent
from dropout_risk.watchlist.group import LOWEST_BAND, UNKNOWN, id_order
from dropout_risk.watchlist.watch_list import WatchList

MOST_SHOWN, REASONS_SHOWN, SHADES = 50, 8, 4
OTHER = "other"


@dataclass(frozen=True)
class SchoolRow:
    """One school's list in numbers."""

    name: str
    page: str
    counts: dict[str, int]


@dataclass(frozen=True)
class HighRisk:
    """One of the highest risks."""

    student_id: str
    page: str
    school: str
    class_id: str
    risk: str
    interval: str
    band_word: str
    reason: str


@dataclass(frozen=True)
class HeatRow:
    """One school's pupils whose risk is not low, by the domain that raises it most.

    ``cells`` are numbers with their shade from 0 to 4.
    """

    name: str
    pupils: int
    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class CohortPage:
    """A cohort as its page shows it.

    Parameters
    ----------
    spread : Spread
        How risks are spread.
    schools : tuple of SchoolRow
        The lists by capacity; ``total`` is their sum.
    highest : tuple of HighRisk
        The highest risks of all schools; ``tied`` says how many more are equal to the last one.
    domains : tuple of str
        The heads of the columns of ``heat``.
    not_scored : tuple of (str, int)
        Why pupils could not be judged, and how many.
    """

    spread: Spread
    schools: tuple[SchoolRow, ...]
    total: dict[str, int]
    highest: tuple[HighRisk, ...]
    tied: str
    domains: tuple[str, ...]
    heat: tuple[HeatRow, ...]
    not_scored: tuple[tuple[str, int], ...]


def cohort_page(
    scores: Scores,
    watch_list: WatchList,
    bands: BandSettings,
    links: Links,
    seen: Callable[[PupilScore], PupilScore],
) -> CohortPage:
    """Lay out the page of a cohort; it reads scores and adds nothing to them.

    Parameters
    ----------
    scores : Scores
        Of everybody.
    watch_list : WatchList
        Made from them.
    bands : BandSettings
        Where the bands begin.
    links : Links
        Where the other pages lie.
    seen : callable
        Gives a score as the reader may see it.
    """
    language = scores.language
    everybody = list(pupil_heads(scores.pupils))
    risen = sorted(
        (pupil for pupil in everybody if pupil.band not in (UNKNOWN, LOWEST_BAND)),
        key=lambda pupil: (-pupil.risk, id_order(pupil.student_id)),
    )
    shown, rest = risen[:MOST_SHOWN], risen[MOST_SHOWN:]
    tied = sum(pupil.risk == shown[-1].risk for pupil in rest) if shown else 0
    at_risk = [seen(pupil) for pupil in take_pupils(scores.pupils, [pupil.place for pupil in risen])]
    columns = _columns(at_risk)
    return CohortPage(
        spread=Spread.of(everybody, bands, language),
        schools=tuple(_school(watch_list, school, links) for school in watch_list.schools),
        total=counts_of(watch_list.groups),
        highest=tuple(_high(pupil, links, language) for pupil in at_risk[: len(shown)]),
        tied=WORDS["more_tied"].fill(language, n=tied) if tied else "",
        domains=tuple(label.to(language) for label in columns.values()),
        heat=_heat(risen, at_risk, tuple(columns), language),
        not_scored=_not_scored(watch_list),
    )


def _school(watch_list: WatchList, school: str | None, links: Links) -> SchoolRow:
    name = school or WORDS["no_school"].to(watch_list.language)
    return SchoolRow(name, links.school(school), counts_of(watch_list.of_school(school)))


def _high(pupil: PupilScore, links: Links, language: Language) -> HighRisk:
    return HighRisk(
        student_id=str(pupil.student_id),
        page=links.pupil(pupil.student_id),
        school=pupil.school_id or WORDS["no_school"].to(language),
        class_id=pupil.class_id or "",
        risk=percent(pupil.risk),
        interval=interval(pupil),
        band_word=WORDS[f"band_{pupil.band}"].to(language),
        reason=pupil.raising[0].text if pupil.raising else WORDS["no_open_reason"].to(language),
    )


def _columns(at_risk: Sequence[PupilScore]) -> dict[str, Text]:
    """Give the domains that the reader may see, and last what is folded."""
    there = {domain for pupil in at_risk for domain in pupil.domains}
    columns: dict[str, Text] = {domain: label for domain, label in DOMAINS.items() if domain in there}
    return columns | ({OTHER: WORDS["all_other"]} if there - {*columns} else {})


def _heat(
    risen: Sequence[PupilHead], at_risk: Sequence[PupilScore], columns: Sequence[str], language: Language
) -> tuple[HeatRow, ...]:
    """Count by school the domain that raises each risk most."""
    most: dict[str | None, Counter[str]] = {}
    pupils: Counter[str | None] = Counter()
    for head, pupil in zip(risen, at_risk, strict=True):
        counts = most.setdefault(head.school_id, Counter())
        pupils[head.school_id] += 1
        strongest = max(pupil.domains, key=lambda domain: pupil.domains[domain], default=None)
        if strongest is not None and pupil.domains[strongest] > 0:
            counts[strongest] += 1
    rows = []
    for school in sorted(most, key=lambda name: (name is None, name or "")):
        of = most[school]
        cells = tuple((of[domain], _shade(of[domain] / pupils[school])) for domain in columns)
        rows.append(HeatRow(school or WORDS["no_school"].to(language), pupils[school], cells))
    return tuple(rows)


def _shade(share: float) -> int:
    return min(SHADES, round(SHADES * share + 0.49)) if share else 0


def _not_scored(watch_list: WatchList) -> tuple[tuple[str, int], ...]:
    reasons = Counter(item.reason for group in watch_list.groups for item in group.unscored)
    first, more = reasons.most_common(REASONS_SHOWN), len(reasons) - REASONS_SHOWN
    if more <= 0:
        return tuple(first)
    left = reasons.total() - sum(number for _, number in first)
    return (*first, (WORDS["other_reasons"].fill(watch_list.language, n=more), left))
