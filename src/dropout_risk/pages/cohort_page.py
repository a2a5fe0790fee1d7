"""The page of the whole cohort: how risks are spread, where the lists end, and where risks come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.special import expit, logit

from dropout_risk.catalogue.feature import DOMAINS
from dropout_risk.evaluation.small_groups import FEWEST, WITHHELD, withheld_groups
from dropout_risk.pages.axes import RiskScale, Tick
from dropout_risk.pages.links import Links
from dropout_risk.pages.pupil_page import interval_text
from dropout_risk.pages.words import WORDS
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.score_rows import PupilHead, is_crisis, pupil_heads, take_pupils
from dropout_risk.scoring.scores import PupilScore, Scores
from dropout_risk.settings import BAND_WORDS, LOWEST_BAND, UNKNOWN_BAND, BandSettings
from dropout_risk.text import COMMA, Language, Text, percent_text
from dropout_risk.watchlist.group import count_pupils, id_order
from dropout_risk.watchlist.watch_list import WatchList
from dropout_risk.watchlist.wording import listed_reasons

BARS_HEIGHT, TOP, MOST_BARS = 190, 54, 24
_NEAREST = 1e-6


@dataclass(frozen=True)
class HistogramBar:
    """One bar; ``number`` is written above it."""

    x: float
    y: float
    width: float
    height: float
    number: str
    told: str


@dataclass(frozen=True)
class BandRow:
    """One band in numbers."""

    band: str
    word: str
    begins: str
    pupils: str
    share: str


@dataclass(frozen=True)
class RiskSpread:
    """The risks of those who were judged: bars on an axis in log-odds, with the limits of the bands.

    Places are on a field 100 wide; ``limits`` says where each band begins, ``rows`` holds the same in
    numbers, the highest band first, and ``said`` tells the picture in words.
    """

    bars: tuple[HistogramBar, ...]
    limits: tuple[tuple[float, str], ...]
    ticks: tuple[Tick, ...]
    rows: tuple[BandRow, ...]
    said: str

    @classmethod
    def of(
        cls, pupils: Sequence[PupilHead], bands: BandSettings, language: Language, *, withhold: bool = False
    ) -> Self:
        """Draw the distribution over everybody with a score; ``withhold`` leaves small groups out."""
        judged = [pupil.risk for pupil in pupils if pupil.band != UNKNOWN_BAND]
        rows = _band_rows(pupils, bands, language, withhold=withhold)
        counts = COMMA.join(
            language, (f"{row.word} {row.pupils}" for row in rows if row.band != UNKNOWN_BAND)
        )
        said = WORDS["spread_said"].fill(language, n=len(judged), counts=counts)
        if not judged:
            return cls((), (), (), rows, said)
        begins = list(bands.limits.values())
        log_odds = logit(np.clip(judged, _NEAREST, 1 - _NEAREST))
        scale = RiskScale.around([*log_odds.tolist(), *logit(begins).tolist()])
        limits = tuple(
            (scale(float(logit(begin))), BAND_WORDS[band].to(language))
            for band, begin in bands.limits.items()
        )
        bars = _histogram_bars(log_odds, scale, language, withhold=withhold)
        return cls(bars, limits, scale.ticks(8.0), rows, said)


def _histogram_bars(
    log_odds: np.ndarray, scale: RiskScale, language: Language, *, withhold: bool
) -> tuple[HistogramBar, ...]:
    counts, edges = np.histogram(log_odds, bins=_number_of_bars(len(log_odds)))
    if withhold:
        counts[withheld_groups(counts)] = 0
    room, bars = BARS_HEIGHT - TOP, []
    for count, low, high in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if count:
            height = max(round(room * count / counts.max(), 1), 1.0)
            ends = {"low": percent_text(float(expit(low))), "high": percent_text(float(expit(high)))}
            told = WORDS["bar_said"].fill(language, n=count, **ends)
            width = round(0.94 * (scale(high) - scale(low)), 3)
            bars.append(HistogramBar(scale(low), BARS_HEIGHT - height, width, height, str(count), told))
    return tuple(bars)


def _number_of_bars(n: int) -> int:
    return int(np.clip(2 * np.cbrt(n), 5, MOST_BARS))


def _told_counts(counts: Sequence[int], language: Language, *, withhold: bool) -> list[str]:
    """Tell numbers of pupils; where small groups are withheld, with them the next smallest."""
    hidden = withheld_groups(counts) if withhold else [False] * len(counts)
    return [
        WITHHELD.to(language) if small else str(number) for number, small in zip(counts, hidden, strict=True)
    ]


def _band_rows(
    pupils: Sequence[PupilHead], bands: BandSettings, language: Language, *, withhold: bool
) -> tuple[BandRow, ...]:
    counts = Counter(pupil.band for pupil in pupils)
    told = dict(
        zip(
            BAND_WORDS,
            _told_counts([counts[band] for band in BAND_WORDS], language, withhold=withhold),
            strict=True,
        )
    )
    *judged, unknown = BAND_WORDS.items()
    return tuple(
        BandRow(
            band=band,
            word=words.to(language),
            begins=percent_text(bands.limits[band]) if band in bands.limits else "",
            pupils=told[band],
            share=percent_text(counts[band] / len(pupils)) if pupils and told[band].isdigit() else "–",
        )
        for band, words in (*reversed(judged), unknown)
        if band != UNKNOWN_BAND or counts[band]
    )


MOST_SHOWN, REASONS_SHOWN, SHADES = 50, 8, 4
ON_A_PART = 20
"""How many schools, and how many of the highest risks, are on one part of the page."""
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
    name: str
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
    pupils: str
    cells: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class CohortPage:
    """A cohort as its page shows it.

    ``total`` is the sum of the schools' lists; ``tied`` says how many more risks equal the last one of
    ``highest``; ``domains`` heads the columns of ``heat``; ``not_scored`` says why pupils could not be
    judged, and how many. ``parts`` are the addresses of all parts of the page, of which this is number
    ``part``: it holds its share of the schools and of the highest risks, the first of which is ``start``.
    ``withheld`` says where small groups are left out.
    """

    spread: RiskSpread
    schools: tuple[SchoolRow, ...]
    total: dict[str, int]
    highest: tuple[HighRisk, ...]
    tied: str
    domains: tuple[str, ...]
    heat: tuple[HeatRow, ...]
    not_scored: tuple[tuple[str, str], ...]
    withheld: str = ""
    parts: tuple[str, ...] = ()
    part: int = 1
    start: int = 1

    def addresses(self, links: Links) -> tuple[str, ...]:
        """Give the addresses of all parts of the page."""
        number = max(1, *(-(-len(rows) // ON_A_PART) for rows in (self.schools, self.highest)))
        return (links.cohort, *(links.cohort_part(part) for part in range(2, number + 1)))

    def on_part(self, part: int, links: Links) -> CohortPage | None:
        """Give a part of the page, the first of which is 1; None where there is none."""
        parts = self.addresses(links)
        if part not in range(1, len(parts) + 1):
            return None
        start = (part - 1) * ON_A_PART
        held = slice(start, start + ON_A_PART)
        names = {school.name for school in self.schools[held]}
        return replace(
            self,
            schools=self.schools[held],
            heat=tuple(row for row in self.heat if row.name in names),
            highest=self.highest[held],
            tied=self.tied if part * ON_A_PART >= len(self.highest) > start else "",
            parts=parts,
            part=part,
            start=start + 1,
        )


def cohort_page(
    scores: Scores,
    watch_list: WatchList,
    bands: BandSettings,
    links: Links,
    *,
    directory: Directory | None = None,
    withhold: bool = False,
) -> CohortPage:
    """Lay out the page of a cohort; it reads scores and adds nothing to them.

    The scores are as the reader may read them; the list is made from the same ones. For readers who know no
    pupil by name small groups are withheld, but for the lists, which count whom they list.
    """
    language = scores.language
    names = Directory.empty() if directory is None else directory
    everybody = list(pupil_heads(scores.pupils))
    risen = sorted(
        (pupil for pupil in everybody if pupil.band not in (UNKNOWN_BAND, LOWEST_BAND)),
        key=lambda pupil: (-pupil.risk, id_order(pupil.student_id)),
    )
    shown, rest = risen[:MOST_SHOWN], risen[MOST_SHOWN:]
    tied = sum(pupil.risk == shown[-1].risk for pupil in rest) if shown else 0
    at_risk = list(take_pupils(scores.pupils, [pupil.row for pupil in risen]))
    columns = _domain_columns(at_risk)
    return CohortPage(
        spread=RiskSpread.of(everybody, bands, language, withhold=withhold),
        schools=tuple(_school_row(watch_list, school, links) for school in watch_list.schools),
        total=count_pupils(watch_list.groups),
        highest=tuple(_high_risk(pupil, links, names, language) for pupil in at_risk[: len(shown)]),
        tied=WORDS["more_tied"].fill(language, n=tied) if tied else "",
        domains=tuple(label.to(language) for label in columns.values()),
        heat=_heat_rows(risen, at_risk, tuple(columns), language, withhold=withhold),
        not_scored=_not_scored(watch_list, withhold=withhold),
        withheld=WORDS["small_withheld"].fill(language, fewest=FEWEST) if withhold else "",
    )


def _school_row(watch_list: WatchList, school: str | None, links: Links) -> SchoolRow:
    name = school or WORDS["no_school"].to(watch_list.language)
    return SchoolRow(name, links.school(school), count_pupils(watch_list.of_school(school)))


def _high_risk(pupil: PupilScore, links: Links, names: Directory, language: Language) -> HighRisk:
    return HighRisk(
        student_id=str(pupil.student_id),
        name=names.name_of(pupil.student_id),
        page=links.pupil(pupil.student_id),
        school=pupil.school_id or WORDS["no_school"].to(language),
        class_id=pupil.class_id or "",
        risk=percent_text(pupil.risk),
        interval=interval_text(pupil),
        band_word="" if is_crisis(pupil) else BAND_WORDS[pupil.band].to(language),
        reason=next((item.text for item in listed_reasons(pupil)), WORDS["no_open_reason"].to(language)),
    )


def _domain_columns(at_risk: Sequence[PupilScore]) -> dict[str, Text]:
    """Give the domains that the reader may see, and last what is folded."""
    there = {domain for pupil in at_risk for domain in pupil.domains}
    columns: dict[str, Text] = {domain: label for domain, label in DOMAINS.items() if domain in there}
    return columns | ({OTHER: WORDS["all_other"]} if there - {*columns} else {})


def _heat_rows(
    risen: Sequence[PupilHead],
    at_risk: Sequence[PupilScore],
    columns: Sequence[str],
    language: Language,
    *,
    withhold: bool,
) -> tuple[HeatRow, ...]:
    """Count by school the domain that raises each risk most."""
    strongest: dict[str | None, list[str | None]] = {}
    for head, pupil in zip(risen, at_risk, strict=True):
        domain = max(pupil.domains, key=lambda name: pupil.domains[name], default=None)
        raises = domain is not None and pupil.domains[domain] > 0
        strongest.setdefault(head.school_id, []).append(domain if raises else None)
    rows = []
    schools = sorted(strongest, key=lambda name: (name is None, name or ""))
    totals = _told_counts([len(strongest[school]) for school in schools], language, withhold=withhold)
    for school, total in zip(schools, totals, strict=True):
        counts = Counter(strongest[school])
        sizes = [counts[domain] for domain in (*columns, None)]
        told = _told_counts(sizes, language, withhold=withhold)[:-1]
        if not total.isdigit():
            told = [total] * len(told)
        shades = [
            _cell_shade(counts[domain] / sum(sizes)) if text.isdigit() else 0
            for domain, text in zip(columns, told, strict=True)
        ]
        rows.append(
            HeatRow(school or WORDS["no_school"].to(language), total, tuple(zip(told, shades, strict=True)))
        )
    return tuple(rows)


def _cell_shade(share: float) -> int:
    return min(SHADES, round(SHADES * share + 0.49)) if share else 0


def _not_scored(watch_list: WatchList, *, withhold: bool) -> tuple[tuple[str, str], ...]:
    language = watch_list.language
    reasons = Counter(item.reason for group in watch_list.groups for item in group.unscored)
    first, more = reasons.most_common(REASONS_SHOWN), len(reasons) - REASONS_SHOWN
    if more > 0:
        left = reasons.total() - sum(number for _, number in first)
        first.append((WORDS["other_reasons"].fill(language, n=more), left))
    told = _told_counts([number for _, number in first], language, withhold=withhold)
    return tuple(zip((reason for reason, _ in first), told, strict=True))
