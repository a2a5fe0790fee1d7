"""The numbers of some pupils' scores, and what is known of the pupils besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import expit

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.critical import critical_answers
from dropout_risk.alerts.facts import FactRows
from dropout_risk.alerts.register_facts import RegisterFacts
from dropout_risk.alerts.rules import alerts_on
from dropout_risk.alerts.silence import register_warnings
from dropout_risk.arrays import Bools, Floats, Longs
from dropout_risk.catalogue.alert_kinds import kind_of_rule
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.explanation.backgrounds import NO_LEVEL
from dropout_risk.explanation.contributions import Contributions
from dropout_risk.explanation.reason_choice import alert_bits
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.footings import Footings
from dropout_risk.features.inputs import Inputs
from dropout_risk.features.missing import NOT_RECORDED, missing_states
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.scoring.remarks.coverage import KnownDays
from dropout_risk.settings import Settings
from dropout_risk.text import Language


@dataclass(frozen=True, eq=False)
class Risks:
    """Scores in numbers, one row per pupil: contributions in log-odds, and the lower and upper risk.

    ``students`` are the pupils' rows of the students table; ``backgrounds`` says against which of the model's
    backgrounds each pupil's contributions are measured; ``unlearned`` marks missing values for which likely
    ones stand in, since the model never saw them missing.
    """

    students: pa.Table
    values: Floats
    contributions: Contributions
    interval: Floats
    backgrounds: npt.NDArray[np.int64]
    unlearned: Bools

    @classmethod
    def of(
        cls,
        calibrated: CalibratedModel,
        values: Floats,
        students: pa.Table,
        unrecorded: Bools | None = None,
    ) -> Self:
        """Score some rows of features, each against the background of its pupil's grade level.

        ``unrecorded`` marks values of tables that the pupil's school records of nobody.
        """
        levels = grade_levels(students)
        contributions, interval = calibrated.with_interval(values, grade_levels=levels, unrecorded=unrecorded)
        likely = calibrated.likely
        unlearned = np.zeros(values.shape, np.bool_) if likely is None else likely.missing(values, unrecorded)
        positions = calibrated.backgrounds.indices(levels)
        return cls(students, values, contributions, interval, positions, unlearned)

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def log_odds(self) -> Floats:
        """Base plus contributions, once for all pupils."""
        return self.contributions.log_odds

    @cached_property
    def risk(self) -> Floats:
        """Probability of dropping out within the horizon."""
        return np.asarray(expit(self.log_odds))


PastOf = Callable[[Longs], Floats]
"""Gives the pupils' own values of twelve weeks before, of the features at some positions; NaN of others."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the words about a score are made from besides its numbers, one row per pupil.

    By feature: ``states``, whether the value is known or why not; ``classes``, means of the class-mates, the
    pupil left out (NaN where there is none); ``past`` gives, of features that are told, the pupil's own value
    of twelve weeks before.
    ``attendance_age`` are days since the last record of attendance, -1 where there is none.
    ``recorded_days`` counts days with an attendance record in the school year; 0 where there are only totals,
    or none. ``compared`` says whether there was a class context. ``doubted`` are the values that rest on few
    days, ``registers`` warnings about the pupil's register, ``facts`` what is on record, ``footings`` the
    rows that values came from, as known on a date (``ordinal``).
    """

    states: npt.NDArray[np.int8]
    classes: Floats
    past: PastOf | None
    attendance_age: npt.NDArray[np.int64]
    recorded_days: npt.NDArray[np.int64]
    alerts: list[tuple[Alert, ...]]
    compared: bool
    doubted: KnownDays | None = None
    registers: list[tuple[str, ...]] | None = None
    facts: FactRows | None = None
    footings: Footings | None = None
    ordinal: int = 0

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        values: Floats,
        past: PastOf | None,
        context: ClassContext,
        *,
        catalogue: FeatureCatalogue,
        instruments: InstrumentRegistry,
        settings: Settings,
        facts: RegisterFacts,
        language: Language,
    ) -> Self:
        """Read what was known on a date of the pupils of a snapshot."""
        answers = critical_answers(snapshot, instruments, settings.alerts.critical_window)
        return cls(
            states=missing_states(values, snapshot, catalogue, instruments),
            classes=context.means_of_others(snapshot, catalogue.names, values),
            past=past,
            attendance_age=_record_age(snapshot.last_record("attendance"), snapshot.ordinal),
            recorded_days=snapshot.count("recorded", "year"),
            alerts=alerts_on(
                snapshot,
                settings.alerts,
                instruments,
                language,
                facts=facts,
                registers=settings.registers,
                answers=answers,
            ),
            compared=len(context) > 0,
            doubted=KnownDays.of(snapshot, catalogue),
            registers=register_warnings(snapshot, facts, settings.registers, language),
            facts=FactRows.of(snapshot, settings.facts, instruments, answers, language, context=context),
            footings=Footings(Inputs(snapshot, context, instruments), catalogue, values),
            ordinal=snapshot.ordinal,
        )

    @classmethod
    def of_features(cls, values: Floats) -> Self:
        """Take ready features: no alerts, no ages, no classes."""
        return cls(
            states=np.where(np.isnan(values), NOT_RECORDED, 0).astype(np.int8),
            classes=np.full(values.shape, np.nan),
            past=None,
            attendance_age=np.zeros(len(values), dtype=np.int64),
            recorded_days=np.zeros(len(values), dtype=np.int64),
            alerts=[()] * len(values),
            compared=True,
        )

    @property
    def alerted(self) -> Longs:
        """The bits of each pupil's alerts, for what they belie."""
        bits = [alert_bits(kind_of_rule(alert.rule) for alert in own) if own else 0 for own in self.alerts]
        return np.array(bits, np.int64)


def grade_levels(students: pa.Table) -> npt.NDArray[np.int64]:
    """Read the pupils' grade levels; ``NO_LEVEL`` where there is none.

    >>> grade_levels(pa.table({"grade_level": [8, None]})).tolist()
    [8, -1]
    """
    if "grade_level" not in students.column_names:
        return np.full(students.num_rows, NO_LEVEL, dtype=np.int64)
    return np.asarray(pc.fill_null(students["grade_level"].cast(pa.int64()), NO_LEVEL).to_numpy())


def _record_age(last: npt.NDArray[np.int32], ordinal: int) -> npt.NDArray[Any]:
    return np.where(last >= 0, ordinal - last, -1).astype(np.int64)
