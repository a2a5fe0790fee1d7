"""Why a risk changed between two dates: other data, another background, another model, adding up exactly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from dropout_risk.arrays import Floats, Positions
from dropout_risk.catalogue.feature import DOMAINS, Feature
from dropout_risk.errors import DateError
from dropout_risk.explanation.sentences import describe_value
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.cohort import Source, histories_of, members_on
from dropout_risk.features.missing import missing_states
from dropout_risk.records.days.calendar import DateLike, ordinal_of
from dropout_risk.records.tables import TABLES
from dropout_risk.scoring.model_parts import ModelParts
from dropout_risk.scoring.population import Population
from dropout_risk.scoring.score_rows import row_errors
from dropout_risk.scoring.scores import NOT_AT_SCHOOL, NOTHING_KNOWN, Answers, RowError, pupil_refusal
from dropout_risk.text import CLAUSES, Language, Text, date_in_words, percent_text

FACTS_TOLD = 3
WORTH_TELLING = 0.05

_ROSE = Text(zh="风险自{since}以来由{before}升至{now}", en="Risk rose from {before} to {now} since {since}")
_FELL = Text(zh="风险自{since}以来由{before}降至{now}", en="Risk fell from {before} to {now} since {since}")
_STAYED = Text(zh="风险自{since}以来保持在{now}", en="Risk has stayed at {now} since {since}")
_BECAUSE = Text(zh="。主要变化：{parts}", en=". Main changes: {parts}")
_COURSES = {
    "more": Text(zh="{label}增加", en="{label}: more"),
    "fewer": Text(zh="{label}减少", en="{label}: less"),
    "up": Text(zh="{label}上升", en="{label}: up"),
    "down": Text(zh="{label}下降", en="{label}: down"),
    "recorded": Text(zh="{label}有了新记录", en="{label}: newly on record"),
    "unrecorded": Text(zh="{label}不再有记录", en="{label}: no longer on record"),
    "same": Text(zh="{label}", en="{label}"),
}
_NEW_MODEL = Text(zh="模型换了新版本", en="a new version of the model")
_BACKGROUND = Text(zh="参照的学生群体变了", en="other pupils to compare with")
_REST = {
    0: Text(zh="其他变化不大", en="little else changed"),
    1: Text(zh="其他情况合计使风险升高", en="everything else together raises the risk"),
    -1: Text(zh="其他情况合计使风险降低", en="everything else together lowers the risk"),
}


@dataclass(frozen=True)
class ChangedFact:
    """What one fact added to a change, in log-odds; window variants of one fact are one.

    ``feature``, ``label`` and ``domain`` are those of the member that changed the score most; ``before`` and
    ``now`` say in words what its values mean, and ``course`` which way they went: ``more`` or ``fewer`` of
    what goes wrong, ``up`` or ``down``, ``recorded``, ``unrecorded`` or ``same``.
    """

    family: str
    feature: str
    label: str
    domain: str
    before: str
    now: str
    contribution: float
    course: str = "same"

    def to_dict(self) -> dict[str, Any]:
        """Write the fact as plain data."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Change:
    """Why one pupil's risk changed: ``log_odds_now - log_odds_before = background + sum of data + model``.

    Parameters
    ----------
    student_id : str or int
        As given.
    before, now : date
        The two as-of dates.
    risk_before, risk_now, log_odds_before, log_odds_now : float
        The scores; the earlier one by the former model, if there was one.
    data : mapping of str to float
        By feature, its contribution on the later date less that on the earlier one, both by the new model.
    model : float
        The new model's log-odds less the former model's, both of what was known on the earlier date.
    background : float
        Change of the base, where the pupil is compared with others than before.
    domains : mapping of str to float
        ``data`` summed by domain.
    facts : tuple of ChangedFact
        ``data`` summed by fact, the largest first.
    text : str
        The change in one sentence.
    language : {"zh", "en"}
        The language of all words.
    by_new_model : bool
        Whether the earlier score was another model's.
    """

    student_id: str | int
    before: dt.date
    now: dt.date
    risk_before: float
    risk_now: float
    log_odds_before: float
    log_odds_now: float
    data: Mapping[str, float]
    model: float
    background: float
    domains: Mapping[str, float]
    facts: tuple[ChangedFact, ...]
    text: str
    language: Language
    by_new_model: bool

    def to_dict(self) -> dict[str, Any]:
        """Write the change as plain data."""
        dates = {"before": self.before.isoformat(), "now": self.now.isoformat()}
        parts = {"data": dict(self.data), "domains": dict(self.domains)}
        return self.__dict__ | dates | parts | {"facts": [fact.to_dict() for fact in self.facts]}


def change(
    model: ModelParts,
    records: Source,
    before: DateLike,
    now: DateLike,
    pupils: npt.ArrayLike | None = None,
    *,
    former: ModelParts | None = None,
    contexts: tuple[ClassContext | None, ClassContext | None] = (None, None),
    language: Language | None = None,
) -> Answers[Change]:
    """Say why risks changed between two dates: by feature, by background and by model, adding up exactly.

    Parameters
    ----------
    model : ModelParts
        The model of the later score.
    records : SchoolRecords or Histories
        Of all pupils that a class context may be made from.
    before, now : date
        Two as-of dates; of each only what was known before it is seen.
    pupils : array of int, or sequence of str, optional
        Row numbers or ids of the pupils; by default everyone at school on the date ``now``.
    former : ModelParts, optional
        The model of the earlier score; by default this one, and nothing comes from the model.
    contexts : pair of ClassContext, optional
        What is known of classes on the one date and on the other; by default made from the records.
    language : {"zh", "en"}, optional
        The language of the sentences; by default that of the settings.

    Returns
    -------
    tuple of Change
        With ``errors``: pupils who were not at school on one of the dates, and pupils of whom nothing was
        known on the earlier one.

    Raises
    ------
    UnknownPupilError
        If a pupil asked for is not in the histories.
    DateError
        If the dates are the wrong way round, or nobody was at school.
    SettingsError
        If the language is unknown.
    """
    language = model.settings.language if language is None else language
    _NEW_MODEL.to(language)  # an unknown language is an error before any work
    if ordinal_of(before) > ordinal_of(now):
        raise DateError("The date before lies after the date now.", hint="give the earlier date first")
    histories = histories_of(records)
    then = Population.of(model, histories, before, context=contexts[0], language=language)
    today = Population.of(model, histories, now, context=contexts[1], language=language)
    chosen = today.chosen(pupils)
    refused = _refuse_pupils(then, today, chosen)
    scored = [_ScoreNumbers.of(then, chosen), _ScoreNumbers.of(today, chosen)]
    old = scored[0]
    if former is not None:
        old = _ScoreNumbers.of(Population.of(former, histories, before, context=contexts[0]), chosen)
    for part in (*scored, old):
        refused = part.errors | refused
    changes = _Changes(then, today, scored[0], scored[1], old if former is not None else None)
    kept = [index for index in range(len(chosen)) if index not in refused]
    return Answers(changes.write(chosen, kept), [refused[index] for index in sorted(refused)])


def _refuse_pupils(then: Population, today: Population, chosen: Positions) -> dict[int, RowError]:
    """Find the pupils who were not at school on one of the dates, or of whom nothing was known yet."""
    snapshot, ids = then.table.snapshot, then.table.snapshot.histories.students["student_id"]
    sources = dict.fromkeys(table.source for table in TABLES.values() if table.source)
    nothing = np.all([snapshot.last_record(name) == -1 for name in sources], axis=0)
    found = (
        ("before", NOTHING_KNOWN, nothing),
        ("before", NOT_AT_SCHOOL, ~members_on(snapshot)),
        ("now", NOT_AT_SCHOOL, ~members_on(today.table.snapshot)),
    )
    refused: dict[int, RowError] = {}
    for field, code, whom in found:
        for index in np.flatnonzero(whom[chosen]).tolist():
            pupil = ids[int(chosen[index])].as_py()
            refused.setdefault(index, pupil_refusal(code, index, pupil, field, then.language))
    return refused


@dataclass(frozen=True, eq=False)
class _ScoreNumbers:
    """Scores of some pupils in numbers; NaN where there is none."""

    base: Floats
    contributions: Floats
    log_odds: Floats
    errors: dict[int, RowError]

    @classmethod
    def of(cls, population: Population, chosen: Positions) -> _ScoreNumbers:
        rows = population.numbers(chosen)
        columns = rows["contributions"].combine_chunks().flatten()
        contributions = np.column_stack([_column_numbers(column) for column in columns])
        base, log_odds = (_column_numbers(rows[name]) for name in ("base_log_odds", "log_odds"))
        return cls(base, contributions, log_odds, {error.index: error for error in row_errors(rows)})


def _column_numbers(column: Any) -> Floats:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Changes:
    """Two scorings of the same pupils, and the former model's of the earlier date."""

    then: Population
    today: Population
    old: _ScoreNumbers
    new: _ScoreNumbers
    former: _ScoreNumbers | None

    def write(self, chosen: Positions, kept: list[int]) -> Iterator[Change]:
        features = tuple(self.today.model.catalogue.values())
        whose = chosen[np.array(kept, dtype=np.intp)]
        words = [_ValueWords(population, whose) for population in (self.then, self.today)]
        ids = self.today.table.snapshot.histories.students["student_id"]
        for row, index in enumerate(kept):
            data = self.new.contributions[index] - self.old.contributions[index]
            facts = tuple(_changed_facts(features, data, words[0], words[1], row))
            yield self._one(index, ids[int(chosen[index])].as_py(), features, data, facts)

    def _one(
        self,
        index: int,
        student_id: str | int,
        features: tuple[Feature, ...],
        data: Floats,
        facts: tuple[ChangedFact, ...],
    ) -> Change:
        former = self.old if self.former is None else self.former
        log_odds = float(former.log_odds[index]), float(self.new.log_odds[index])
        by_domain = dict.fromkeys(DOMAINS, 0.0)
        for feature, size in zip(features, data.tolist(), strict=True):
            by_domain[feature.domain] += size
        made = Change(
            student_id=student_id,
            before=self.then.table.snapshot.as_of,
            now=self.today.table.snapshot.as_of,
            risk_before=float(expit(log_odds[0])),
            risk_now=float(expit(log_odds[1])),
            log_odds_before=log_odds[0],
            log_odds_now=log_odds[1],
            data=dict(zip((feature.name for feature in features), data.tolist(), strict=True)),
            model=float(self.old.log_odds[index]) - log_odds[0],
            background=float(self.new.base[index] - self.old.base[index]),
            domains={str(name): size for name, size in by_domain.items()},
            facts=facts,
            text="",
            language=self.today.language,
            by_new_model=self.former is not None,
        )
        return with_text(made)


class _ValueWords:
    """What the values of some pupils mean on one date."""

    def __init__(self, population: Population, pupils: Positions) -> None:
        model, snapshot = population.model, population.table.snapshot
        self.language = population.language
        self.values = population.table.values[pupils]
        taken = snapshot.histories.take(pupils).on(snapshot.as_of)
        self.states = missing_states(self.values, taken, model.catalogue, model.instruments)

    def of(self, feature: Feature, row: int, index: int) -> str:
        value, state = float(self.values[row, index]), int(self.states[row, index])
        return describe_value(feature, value, state, self.language)


def _changed_facts(
    features: tuple[Feature, ...], data: Floats, then: _ValueWords, now: _ValueWords, row: int
) -> list[ChangedFact]:
    """Add features of one family up; the one that changed the sum most words it."""
    members: dict[str, list[int]] = {}
    for index, feature in enumerate(features):
        members.setdefault(feature.family, []).append(index)
    facts = []
    for family, indices in members.items():
        total = float(sum(data[index] for index in indices))
        if total == 0.0:
            continue
        side = np.sign(total)
        speaker = max(indices, key=lambda index: (_value_differs(then, now, row, index), side * data[index]))
        feature = features[speaker]
        said = then.of(feature, row, speaker), now.of(feature, row, speaker)
        label = feature.label.to(now.language)
        course = _course_of(feature, float(then.values[row, speaker]), float(now.values[row, speaker]))
        facts.append(ChangedFact(family, feature.name, label, feature.domain, *said, total, course))
    return sorted(facts, key=lambda fact: -abs(fact.contribution))


def _course_of(feature: Feature, before: float, now: float) -> str:
    """Say which way a value went."""
    if np.isnan(before) or np.isnan(now):
        return "same" if np.isnan(now) and np.isnan(before) else "unrecorded" if np.isnan(now) else "recorded"
    if before == now:
        return "same"
    ways = ("more", "fewer") if feature.faults else ("up", "down")
    return ways[0] if now > before else ways[1]


def _value_differs(then: _ValueWords, now: _ValueWords, row: int, index: int) -> bool:
    return not np.array_equal(then.values[row, index], now.values[row, index], equal_nan=True)


def with_text(made: Change) -> Change:
    """Give a change with its sentence written from its own numbers."""
    return Change(**(made.__dict__ | {"text": _change_sentence(made)}))


def _change_sentence(made: Change) -> str:
    language, before, now = made.language, percent_text(made.risk_before), percent_text(made.risk_now)
    course = _STAYED if before == now else _ROSE if made.risk_now > made.risk_before else _FELL
    text = course.fill(language, before=before, now=now, since=date_in_words(made.before, language))
    if course is _STAYED and not made.by_new_model:
        return text
    parts = _told_parts(made)
    return text + _BECAUSE.fill(language, parts=CLAUSES.join(language, parts)) if parts else text


def _told_parts(made: Change) -> list[str]:
    """Choose what is told: the largest facts, the background, the model if it is new, and then the rest."""
    language = made.language
    changed = [fact for fact in made.facts if fact.course != "same"]
    facts = [fact for fact in changed if abs(fact.contribution) >= WORTH_TELLING][:FACTS_TOLD]
    told = [_COURSES[fact.course].fill(language, label=_label_inside(fact.label)) for fact in facts]
    if abs(made.background) >= WORTH_TELLING:
        told.append(_BACKGROUND.to(language))
    if made.by_new_model:
        told.append(_NEW_MODEL.to(language))
    if not told:
        return []
    rest = sum(made.data.values()) - sum(fact.contribution for fact in facts)
    return [*told, _REST[int(np.sign(rest)) if abs(rest) >= WORTH_TELLING else 0].to(language)]


def _label_inside(label: str) -> str:
    """Write a label as it stands inside a sentence; an abbreviation and the name of a day stay as they are.

    >>> _label_inside("Exams missed"), _label_inside("MHT total"), _label_inside("Monday and Friday absence")
    ('exams missed', 'MHT total', 'Monday and Friday absence')
    """
    keeps = not label[1:2].islower() or label.startswith("Monday")
    return label if keeps else label[:1].lower() + label[1:]
