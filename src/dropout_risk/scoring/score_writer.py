"""From numbers to a pupil's score: risk, interval, band, reasons, alerts, what is missing, what help fits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.help import help_for
from dropout_risk.catalogue.feature import DOMAINS, FeatureCatalogue
from dropout_risk.explanation.contributions import Contributions
from dropout_risk.explanation.reasons import ReasonWriter, Row, describe, sums_by
from dropout_risk.features.missing import NOT_APPLICABLE, NOT_RECORDED
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.scoring.reference import Reference
from dropout_risk.scoring.scores import SYNTHETIC, PupilScore
from dropout_risk.settings import Settings
from dropout_risk.text import Language, Text

Floats = npt.NDArray[np.float64]
STALE_DAYS = 30
FEW_DAYS = 10

_NOTHING_KNOWN = Text(zh="{domain}：没有任何记录", en="{domain}: nothing recorded")
_ABSTAINS = Text(
    zh="既没有出勤记录也没有成绩，无法评估；最值得补的是出勤记录",
    en="Neither attendance nor marks are known: no judgement; attendance is most worth fetching",
)
_STALE = Text(zh="最近一条出勤记录是{days}天前的", en="The last attendance record is {days} days old")
_FEW = Text(
    zh="只有{days}天的出勤记录，各项比例仅供参考",
    en="Attendance is recorded for only {days} days: shares of so few say little",
)
_NO_CLASS = Text(
    zh="没有班级对照数据，需与同班比较的特征按缺失处理",
    en="No class context: features that compare with class-mates are missing",
)
_SYNTHETIC = Text(zh="本模型用模拟数据训练，不说明任何真实学生的情况", en=SYNTHETIC)


@dataclass(frozen=True)
class Scored:
    """Numbers of some pupils, one row each.

    Parameters
    ----------
    students : list of dict
        Rows of the students table.
    values : float64 array of shape (n, n_features)
        Features.
    states : int8 array of shape (n, n_features)
        Whether each is known, or why not.
    contributions : Contributions
        In log-odds.
    interval : float64 array of shape (n, 2)
        Lower and upper risk.
    classes : float64 array of shape (n, n_features)
        Class means; NaN where there is none.
    ages : dict of str to int array
        Days since the last record of each source; -1 where there is none.
    recorded_days : int array of shape (n,)
        Days with an attendance record in the school year; 0 where there are only totals, or none.
    alerts : list of tuple of Alert
        By rule.
    compared : bool
        Whether there was a class context.
    """

    students: list[dict[str, Any]]
    values: Floats
    states: npt.NDArray[np.int8]
    contributions: Contributions
    interval: Floats
    classes: Floats
    ages: dict[str, npt.NDArray[np.int64]]
    recorded_days: npt.NDArray[np.int64]
    alerts: list[tuple[Alert, ...]]
    compared: bool

    @cached_property
    def log_odds(self) -> Floats:
        """Base plus contributions, once for all pupils."""
        return self.contributions.log_odds

    @classmethod
    def of_features(cls, values: Floats, ids: list[Any], calibrated: CalibratedModel) -> Self:
        """Take ready features: no master data, no alerts, no ages, no classes."""
        return cls(
            students=[{"student_id": student} for student in ids],
            values=values,
            states=np.where(np.isnan(values), NOT_RECORDED, 0).astype(np.int8),
            contributions=calibrated.contributions(values),
            interval=calibrated.interval(values),
            classes=np.full(values.shape, np.nan),
            ages={},
            recorded_days=np.zeros(len(values), dtype=np.int64),
            alerts=[()] * len(values),
            compared=True,
        )


class ScoreWriter:
    """Writes the scores of pupils in one language."""

    def __init__(
        self,
        catalogue: FeatureCatalogue,
        reference: Reference,
        settings: Settings,
        synthetic: bool,
        language: Language,
    ) -> None:
        self.catalogue = catalogue
        self.settings = settings
        self.synthetic = synthetic
        self.language = language
        self.reasons = ReasonWriter(catalogue, reference.stayed(catalogue.names), language)
        self.features = tuple(catalogue.values())

    def write(self, scored: Scored, place: int, *, rank: int | None, notes: tuple[str, ...]) -> PupilScore:
        """Write one pupil's score."""
        student, values = scored.students[place], scored.values[place]
        log_odds = float(scored.log_odds[place])
        contributions = scored.contributions.values[place]
        ages = {name: int(age[place]) for name, age in scored.ages.items() if age[place] >= 0}
        row = Row(values, contributions, scored.states[place], scored.classes[place], ages)
        raising, lowering, other = self.reasons.write(row, log_odds)
        risk, abstains = float(expit(log_odds)), self._abstains(values)
        missing = self._missing(values, scored.states[place])
        return PupilScore(
            student_id=student["student_id"],
            school_id=student.get("school_id"),
            class_id=student.get("class_id"),
            responsible_id=student.get("responsible_id"),
            risk=risk,
            interval=(float(scored.interval[place, 0]), float(scored.interval[place, 1])),
            band="unknown" if abstains else self.settings.bands.of(risk),
            rank_in_school=rank,
            base_log_odds=float(scored.contributions.base),
            log_odds=log_odds,
            domains=sums_by(self.catalogue, contributions, "domain"),
            causes=sums_by(self.catalogue, contributions, "cause"),
            raising=raising,
            lowering=lowering,
            other=other,
            alerts=scored.alerts[place],
            missing=tuple(missing),
            warnings=(*notes, *self._warnings(scored, place, ages, abstains)),
            suggested_help=help_for(raising, scored.alerts[place], student.get("grade_level"), self.language),
            missing_sensitive=tuple(sentence for sentence, sensitive in missing.items() if sensitive),
        )

    def _abstains(self, values: Floats) -> bool:
        """Say whether neither attendance nor marks are known."""
        telling = [
            place for place, item in enumerate(self.features) if item.domain in ("attendance", "grades")
        ]
        return bool(np.isnan(values[telling]).all())

    def _missing(self, values: Floats, states: npt.NDArray[np.int8]) -> dict[str, bool]:
        """Say what is not known and could be, and whether it tells of a psychological test.

        A whole domain is told in one sentence, else feature by feature.
        """
        said: dict[str, bool] = {}
        for domain, label in DOMAINS.items():
            places = [place for place, item in enumerate(self.features) if item.domain == domain]
            gaps = [place for place in places if np.isnan(values[place])]
            if places and gaps == places and (states[places] == NOT_RECORDED).all():
                said[_NOTHING_KNOWN.fill(self.language, domain=label.to(self.language))] = False
                continue
            for place in gaps:
                if states[place] == NOT_APPLICABLE:
                    continue
                sentence = describe(self.features[place], np.nan, int(states[place]), self.language)
                said[sentence] = domain == "psychology"
        return said

    def _warnings(self, scored: Scored, place: int, ages: dict[str, int], abstains: bool) -> tuple[str, ...]:
        warnings = []
        if abstains:
            warnings.append(_ABSTAINS.to(self.language))
        if ages.get("attendance", 0) > STALE_DAYS:
            warnings.append(_STALE.fill(self.language, days=ages["attendance"]))
        if 0 < scored.recorded_days[place] < FEW_DAYS:
            warnings.append(_FEW.fill(self.language, days=int(scored.recorded_days[place])))
        if not scored.compared:
            warnings.append(_NO_CLASS.to(self.language))
        if self.synthetic:
            warnings.append(_SYNTHETIC.to(self.language))
        return tuple(warnings)
