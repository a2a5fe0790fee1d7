"""From numbers to columns: risk, interval, band, reasons, alerts, what is missing, what help fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout_risk.alerts.facts import FACT
from dropout_risk.alerts.help import help_table
from dropout_risk.alerts.register_facts import RegisterFacts
from dropout_risk.alerts.silence import WARNINGS_OF_REGISTERS
from dropout_risk.arrays import Bools, Floats, Longs
from dropout_risk.catalogue.feature import CAUSES, DOMAINS
from dropout_risk.explanation.backgrounds import NO_LEVEL
from dropout_risk.explanation.columns import (
    Column,
    Given,
    Listed,
    NamedNumbers,
    Numbers,
    Objects,
    Picked,
)
from dropout_risk.explanation.reason import REASON, SIDES
from dropout_risk.explanation.reasons import ReasonWriter, ScoredRows
from dropout_risk.explanation.sentences import describe_value
from dropout_risk.features.missing import NOT_APPLICABLE, NOT_RECORDED, STATES
from dropout_risk.records.days.calendar import date_of
from dropout_risk.records.tables import INCIDENTS
from dropout_risk.scoring.model_parts import SYNTHETIC, ModelParts
from dropout_risk.scoring.readers.roles import CLASS_TEACHER
from dropout_risk.scoring.remarks.abstention import ABSTAINS, FetchAdvice, judged_by, too_little_known
from dropout_risk.scoring.remarks.graduation import GRADUATES, days_to_graduation, graduation_note
from dropout_risk.scoring.remarks.help_column import HELP, HelpColumn
from dropout_risk.scoring.risks import Evidence, Risks, grade_levels
from dropout_risk.scoring.score_rows import as_pupil
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.scoring.shared_lists import SharedLists
from dropout_risk.settings import BAND_WORDS, BANDS
from dropout_risk.text import Language, Text

# --- The columns in which scores are written: one row per pupil, with everything that the reply holds ---

IDS = ("student_id", "school_id", "class_id", "responsible_id")
NUMBERS = ("risk", "low", "high", "band", "rank_in_school", "base_log_odds", "background", "log_odds")
_TEXT = pa.string()
ALERT = pa.struct({
    "rule": _TEXT, "since": pa.date32(), "text": _TEXT, "route": _TEXT, "days": pa.int64(),
    "report_to": _TEXT, "known": pa.date32(),
})  # fmt: skip
GAP = pa.struct({"text": _TEXT, "sensitive": pa.bool_()})
ERROR = pa.struct(dict.fromkeys(("code", "field", "message", "hint"), _TEXT))


def score_schema(model: ModelParts, sentences: bool = True, *, student_id: Any = None) -> pa.Schema:
    """Give the schema of a model's scores; ``student_id`` is the type of the pupils' ids, by default strings.

    ``student_id, school_id, class_id, responsible_id``; ``risk, low, high, band``; ``rank_in_school`` (null
    until everyone of the school is scored); ``base_log_odds``, ``background`` (whose mean the base is),
    ``log_odds`` and ``contributions``, a struct with one number per feature: base and contributions, added in
    their order, are the log-odds, bit by bit. With sentences also ``domains, causes, raising, lowering,
    other, other_points, risk_within, facts, alerts, missing, warnings, suggested_help``, as in the reply.
    ``error`` says why a pupil could not be scored; all other columns but the ids are null then.
    """
    number = pa.float64()
    fields: dict[str, pa.DataType] = {"student_id": _TEXT if student_id is None else student_id}
    fields |= dict.fromkeys(IDS[1:], _TEXT) | dict.fromkeys(NUMBERS, number)
    fields |= {"band": _TEXT, "rank_in_school": pa.int32(), "background": _TEXT}
    fields["contributions"] = numbers_of(model.catalogue.names)
    if sentences:
        fields |= {"domains": numbers_of(DOMAINS), "causes": numbers_of(CAUSES)}
        fields |= dict.fromkeys(SIDES, pa.list_(REASON))
        fields |= {"other": number, "other_points": number, "risk_within": pa.list_(number)}
        fields |= {
            "facts": pa.list_(FACT),
            "alerts": pa.list_(ALERT),
            "missing": pa.list_(GAP),
            "warnings": pa.list_(_TEXT),
        }
        fields["suggested_help"] = pa.list_(HELP)
    return pa.schema(fields | {"error": ERROR})


def numbers_of(names: Any) -> pa.DataType:
    """Give the type of a struct of numbers."""
    return pa.struct({str(name): pa.float64() for name in names})


Notes = Sequence[tuple[str, ...]]
STALE_DAYS = 30
FEW_DAYS = 10

_BANDS = list(BAND_WORDS)
_DOMAINS, _CAUSES = list(numbers_of(DOMAINS)), list(numbers_of(CAUSES))
NOTHING_RECORDED = Text(zh="{domain}：没有任何记录", en="{domain}: nothing recorded")
_STALE = Text(zh="最近一条出勤记录是{days}天前的", en="The last attendance record is {days} days old")
_FEW = Text(
    zh="只有{days}天的出勤记录，各项比例仅供参考",
    en="Attendance is recorded for only {days} days: shares of so few say little",
)
NOT_RECENT = Text(
    zh="信息不足，暂不评估：近期没有出勤记录，请先核实孩子是否在校",
    en="No recent attendance: not judged; to be verified first whether the child is at school",
)
NO_CLASS = Text(
    zh="没有班级对照数据，需与同班比较的特征按缺失处理",
    en="No class context: features that compare with class-mates are missing",
)
UNLEARNED = Text(
    zh="{domain}：有缺失项，而模型训练时这类项从未缺失（或学校都有这类记录）：按其他情况相似的学生通常的取值估计，"
    "不按零计算",
    en="{domain}: something is missing that the model never saw missing: what pupils alike in the rest "
    "usually have stands in for it, never zero",
)
NEVER_MISSING = Text(
    zh="{text}（模型训练时从未缺失，按相似学生通常的取值估计）",
    en="{text} (never missing in training: what pupils alike usually have stands in)",
)
_SYNTHETIC = Text(zh="本模型用模拟数据训练，不说明任何真实学生的情况", en=SYNTHETIC)
WARNINGS_OF_MODEL = (NO_CLASS, _SYNTHETIC)
EVERYBODYS_WARNINGS = (*WARNINGS_OF_MODEL, GRADUATES)
WARNINGS_OF_ATTENDANCE = (ABSTAINS, NOT_RECENT, _STALE, _FEW, *WARNINGS_OF_REGISTERS)


@dataclass(frozen=True, eq=False)
class WrittenScores:
    """Scores as they were written: a batch of them for many pupils, or objects for a few.

    Without sentences there are only numbers, and no objects.
    """

    columns: Mapping[str, Column]
    n: int
    schema: Callable[[pa.DataType], pa.Schema]

    def batch(self) -> pa.RecordBatch:
        """Give rows of :func:`score_schema`."""
        arrays = {name: column.arrow() for name, column in self.columns.items()}
        arrays["error"] = pa.nulls(self.n, ERROR)
        schema = self.schema(arrays["student_id"].type)
        return pa.RecordBatch.from_arrays([arrays[name] for name in schema.names], schema=schema)

    def pupils(self) -> list[PupilScore]:
        """Give the scores: what :func:`dropout_risk.scoring.score_rows.pupil_scores` reads from the batch."""
        told = [name for name in self.columns if name not in _NOT_TOLD]
        rows = zip(*(self.columns[name].rows() for name in told), strict=True)
        return [as_pupil(dict(zip(told, row, strict=True))) for row in rows]


_NOT_TOLD = ("contributions",)


class ScoreWriter:
    """Writes the scores of pupils in one language, as rows of :func:`score_schema`.

    What many pupils share is worded once: the sentences of a value, the list of what is missing, the
    warnings, the help. Which thread writes which pupils changes nothing but the time.
    """

    def __init__(self, model: ModelParts, language: Language) -> None:
        self.model, self.language = model, language
        names, backgrounds = model.catalogue.names, model.calibrated.backgrounds
        levels = (None, *backgrounds.levels)
        stayed = np.array([model.reference.stayed(names, level) for level in levels])
        self.reasons = ReasonWriter(model.catalogue, stayed, language)
        self._backgrounds = backgrounds.names
        self.features = tuple(model.catalogue.values())
        self._missing, self._warnings = SharedLists(pa.list_(GAP)), SharedLists(pa.list_(pa.string()))
        self._help = HelpColumn(help_table(model.settings), language)
        self._advice = FetchAdvice(model.catalogue, model.swings, model.settings.bands)
        self._schemas: dict[Any, pa.Schema] = {}
        self._judged_by = judged_by(model.catalogue)
        self._by_domain = [
            np.array([item.domain == domain for item in self.features], np.bool_) for domain in DOMAINS
        ]

    def write(
        self,
        risks: Risks,
        evidence: Evidence | None = None,
        notes: Notes | None = None,
        *,
        facts: RegisterFacts | None = None,
        judged: Bools | None = None,
        strange: Bools | None = None,
    ) -> WrittenScores:
        """Write some pupils' scores; without evidence, their numbers alone.

        ``notes`` are warnings to add to each pupil's score, before all others; ``facts`` say of whom nothing
        recent is known, and ``judged`` of whom what is known may be trusted: nobody else is judged, nor is
        who is ``strange``, of a class unlike any that the model has seen.
        """
        abstaining = too_little_known(risks.values, self._judged_by)
        unjudged = abstaining | self._not_recent(facts, abstaining)
        if judged is not None:
            unjudged = unjudged | ~judged
        columns = self._numbers(risks, unjudged if strange is None else unjudged | strange)
        if evidence is not None:
            columns |= self._words(risks, evidence, abstaining, unjudged, notes)
        return WrittenScores(columns, len(risks), partial(self._schema, sentences=evidence is not None))

    def _not_recent(self, facts: RegisterFacts | None, abstaining: Bools) -> Bools:
        """Say of whom nothing recent is known of what a model of attendance judges by."""
        if facts is None or "attendance" not in self.model.catalogue.sources:
            return np.zeros(len(abstaining), np.bool_)
        return facts.stale

    @cached_property
    def _of_features(self) -> list[pa.Field]:
        return list(numbers_of(self.model.catalogue.names))

    def _schema(self, student_id: pa.DataType, sentences: bool) -> pa.Schema:
        key = (student_id, sentences)
        if key not in self._schemas:
            self._schemas[key] = score_schema(self.model, sentences, student_id=student_id)
        return self._schemas[key]

    def _numbers(self, risks: Risks, abstaining: npt.NDArray[np.bool_]) -> dict[str, Column]:
        n, bands = len(risks), self.model.settings.bands
        band = np.searchsorted([*bands.limits.values()], risks.risk, side="right")
        ids: dict[str, Column] = {name: _id_column(risks.students, name, n) for name in IDS}
        return ids | {
            "risk": Numbers(risks.risk),
            "low": Numbers(risks.interval[:, 0]),
            "high": Numbers(risks.interval[:, 1]),
            "band": Picked(_BANDS, np.where(abstaining, len(BANDS), band)),
            "rank_in_school": Given(pa.nulls(n, pa.int32())),
            "base_log_odds": Numbers(risks.contributions.bases),
            "background": Picked(self._backgrounds, risks.backgrounds),
            "log_odds": Numbers(risks.log_odds),
            "contributions": NamedNumbers(self._of_features, risks.contributions.values),
        }

    def _words(
        self,
        risks: Risks,
        evidence: Evidence,
        abstaining: Bools,
        unjudged: Bools,
        notes: Notes | None,
    ) -> dict[str, Column]:
        rows = ScoredRows(
            values=risks.values,
            contributions=risks.contributions.values,
            states=evidence.states,
            classes=evidence.classes,
            past=np.full(risks.values.shape, np.nan),
            base=risks.contributions.bases,
            log_odds=risks.log_odds,
            backgrounds=risks.backgrounds,
            doubted=evidence.doubted,
            footings=evidence.footings,
            ordinal=evidence.ordinal,
            alerted=evidence.alerted,
        )
        chosen = self.reasons.choose(rows)
        if evidence.past is not None:
            rows = replace(rows, past=evidence.past(chosen.features))
        raising, lowering = self.reasons.write(chosen, rows)
        return {
            "domains": NamedNumbers(_DOMAINS, chosen.domains),
            "causes": NamedNumbers(_CAUSES, chosen.causes),
            "raising": raising,
            "lowering": lowering,
            "other": Numbers(chosen.other),
            "other_points": Numbers(chosen.other * rows.slope),
            "risk_within": self._within(risks, evidence.ordinal),
            "facts": _no_facts(len(risks)) if evidence.facts is None else evidence.facts.column,
            "alerts": _alerts_of(evidence),
            "missing": self._gaps(risks.values, evidence.states, risks.unlearned),
            "warnings": self._warned(risks, evidence, abstaining, unjudged, notes),
            "suggested_help": self._helped(risks, evidence),
        }

    def _within(self, risks: Risks, ordinal: int) -> Listed:
        """Give the risk within each third of the horizon; of who graduates before, all of it until then."""
        timing = self.model.timing
        days = () if timing is None else timing.thirds
        ends = self._ends(risks, ordinal) if ordinal else None
        within = np.empty((len(risks), 0)) if timing is None else timing.within(risks.risk, days, ends)
        return Listed(Numbers(within.ravel()), np.full(len(risks), len(days)))

    def _ends(self, risks: Risks, ordinal: int) -> Longs:
        """Give the school days in which each risk lies: the horizon's, or those until graduation."""
        as_of, outcome = date_of(ordinal), self.model.settings.outcome
        levels, code = np.unique(grade_levels(risks.students), return_inverse=True)
        left = (days_to_graduation(level, as_of, outcome) for level in levels.tolist())
        return np.array([outcome.horizon_days if days is None else days for days in left], np.int64)[code]

    def _helped(self, risks: Risks, evidence: Evidence) -> Picked:
        grades = risks.students["grade_level"] if "grade_level" in risks.students.column_names else None
        return self._help.of(evidence.facts, evidence.alerts, grades)

    def _gaps(self, values: Floats, states: npt.NDArray[np.int8], unlearned: Bools) -> Picked:
        kinds = np.ascontiguousarray(np.where(unlearned, states + len(STATES), states).astype(np.int8))
        keys = kinds.view(f"S{kinds.shape[1]}")[:, 0].tolist() if kinds.size else [b""] * len(states)
        return self._missing.take(keys, lambda row: self._gaps_of(values[row], states[row], unlearned[row]))

    def _gaps_of(
        self, values: Floats, states: npt.NDArray[np.int8], unlearned: Bools
    ) -> list[dict[str, Any]]:
        """Say what is not known and could be, and whether it tells of a psychological test.

        A whole domain is told in one sentence, else feature by feature.
        """
        said: dict[str, bool] = {}
        for domain, label in DOMAINS.items():
            indices = [index for index, item in enumerate(self.features) if item.domain == domain]
            gaps = [index for index in indices if np.isnan(values[index])]
            whole = [index for index in indices if self.features[index].source not in INCIDENTS]
            if whole and set(whole) <= set(gaps) and (states[whole] == NOT_RECORDED).all():
                said[NOTHING_RECORDED.fill(self.language, domain=label.to(self.language))] = (
                    domain in CLASS_TEACHER.hidden
                )
                continue
            for index in gaps:
                if states[index] == NOT_APPLICABLE:
                    continue
                sentence = describe_value(self.features[index], np.nan, int(states[index]), self.language)
                if unlearned[index]:
                    sentence = NEVER_MISSING.fill(self.language, text=sentence)
                said[sentence] = domain in CLASS_TEACHER.hidden
        return [{"text": sentence, "sensitive": sensitive} for sentence, sensitive in said.items()]

    def _warned(
        self,
        risks: Risks,
        evidence: Evidence,
        abstaining: Bools,
        unjudged: Bools,
        notes: Notes | None,
    ) -> Picked:
        age = (
            evidence.attendance_age
            if "attendance" in self.model.catalogue.sources
            else np.zeros(len(abstaining), dtype=np.int64)
        )
        stale = np.where(age > STALE_DAYS, age, 0).tolist()
        few = np.where(evidence.recorded_days < FEW_DAYS, evidence.recorded_days, 0).tolist()
        added = notes or [()] * len(abstaining)
        asked = evidence.registers or [()] * len(abstaining)
        graduating = self._graduating(risks, evidence, unjudged)
        asked = [(*note, *own) for note, own in zip(graduating, asked, strict=True)]
        verify = (unjudged & ~abstaining).tolist()
        worth = self._advice.of(risks, evidence.states, abstaining)
        advice = self._advice.told(worth, risks, abstaining, self.language)
        keys = [
            (evidence.compared, *key)
            for key in zip(added, advice, asked, verify, self._lacking(risks), stale, few, strict=True)
        ]
        return self._warnings.take(keys, lambda row: self._warnings_of(*keys[row]))

    def _graduating(self, risks: Risks, evidence: Evidence, unjudged: Bools) -> list[tuple[str, ...]]:
        """Say of whom the risk ends at graduation, before the horizon does."""
        notes: dict[int, tuple[str, ...]] = {NO_LEVEL: ()}
        if evidence.ordinal:
            as_of, outcome = date_of(evidence.ordinal), self.model.settings.outcome
            for level in np.unique(grade_levels(risks.students)).tolist():
                note = graduation_note(level, as_of, outcome, self.language)
                notes[level] = (note,) if note else ()
        levels = np.where(unjudged, NO_LEVEL, grade_levels(risks.students)).tolist()
        return [notes.get(level, ()) for level in levels]

    def _lacking(self, risks: Risks) -> list[tuple[Text, ...]]:
        """Give the domains of each pupil in which likely values stand in: who sees one is told of it."""
        if not risks.unlearned.any():
            return [()] * len(risks)
        by_domain = [risks.unlearned[:, own].any(axis=1).tolist() for own in self._by_domain]
        return [tuple(compress(DOMAINS.values(), row)) for row in zip(*by_domain, strict=True)]

    def _warnings_of(  # noqa: PLR0917
        self,
        compared: bool,
        notes: tuple[str, ...],
        advice: tuple[str, ...],
        asked: tuple[str, ...],
        verify: bool,
        lacks: tuple[Text, ...],
        stale: int,
        few: int,
    ) -> list[str]:
        warnings = [*notes, *([NOT_RECENT.to(self.language)] if verify else ()), *asked, *advice]
        warnings += [UNLEARNED.fill(self.language, domain=label.to(self.language)) for label in lacks]
        if stale:
            warnings.append(_STALE.fill(self.language, days=stale))
        if few:
            warnings.append(_FEW.fill(self.language, days=few))
        if not compared:
            warnings.append(NO_CLASS.to(self.language))
        if self.model.synthetic:
            warnings.append(_SYNTHETIC.to(self.language))
        return warnings


def writer_of(model: ModelParts, language: Language) -> ScoreWriter:
    """Give the writer of a model in one language, made once: what it has worded is not worded again."""
    key = (ScoreWriter, language)
    if key not in model.kept:
        model.kept[key] = ScoreWriter(model, language)
    writer: ScoreWriter = model.kept[key]
    return writer


def _id_column(students: pa.Table, name: str, n: int) -> Given:
    if name not in students.column_names:
        return Given(pa.nulls(n, pa.string()))
    column = whole_array(students[name].combine_chunks())
    return Given(column if name == "student_id" else column.cast(pa.string()))


def whole_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Lay the chunks of a column together."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _no_facts(n: int) -> Picked:
    return Picked([[]], np.zeros(n, np.int32), pa.list_(FACT))


def _alerts_of(evidence: Evidence) -> Listed:
    told = [alert for alerts in evidence.alerts for alert in alerts]
    return Listed(Objects(told, ALERT), np.array([len(alerts) for alerts in evidence.alerts], np.int64))
