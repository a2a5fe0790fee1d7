"""Scores: what scoring gives back, the same for the library, the command line and the endpoint."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import pandas as pd

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.facts import Fact
from dropout_risk.alerts.help import Help
from dropout_risk.alerts.silence import RegisterQuestion
from dropout_risk.errors import FeatureInputError, UnknownPupilError
from dropout_risk.explanation.reason import Reason
from dropout_risk.files import write_whole
from dropout_risk.scoring.model_parts import SYNTHETIC
from dropout_risk.scoring.remarks.unlike_groups import UnlikeGroup
from dropout_risk.settings import UNKNOWN_BAND
from dropout_risk.text import Language, Text, fill_english, guarded_cell, language_of

if TYPE_CHECKING:
    from dropout_risk.scoring.explained_scores import ExplainedScores


REPEATED, NOT_AT_SCHOOL, SET_APART = "DR197", "DR198", "DR199"
NOTHING_KNOWN, NOT_FOR_ROLE = "DR195", "DR196"
PUPIL_ERRORS = {
    NOTHING_KNOWN: (
        Text(
            zh="该日期早于该学生的第一条记录，当时还什么都不知道",
            en="The date lies before the pupil's first record: nothing was known yet",
        ),
        Text(zh="换一个较晚的日期，或补录更早的记录", en="choose a later date, or add earlier records"),
    ),
    NOT_FOR_ROLE: (
        Text(
            zh="有一项记录无法使用，其内容不向该角色显示",
            en="Something that your role may not see could not be used",
        ),
        Text(zh="请向可查看全部信息的人员了解", en="ask somebody whose role sees all of it"),
    ),
    REPEATED: (
        Text(
            zh="同一学生在请求中出现多次，均未评估",
            en="The pupil is in the request more than once; none of them is scored",
        ),
        Text(zh="每个学生只发送一次", en="send each pupil once"),
    ),
    NOT_AT_SCHOOL: (
        Text(
            zh="学生在评估日不在校：入学在后，或已离校",
            en="The pupil was not at school on as_of: enrolled later, or left before",
        ),
        Text(zh="核对 enrolled_on、left_on 与评估日", en="compare enrolled_on and left_on with as_of"),
    ),
    SET_APART: (
        Text(
            zh="学生表中该学生的行未通过检查，因此未评估",
            en="The pupil's row in the students table was set apart by the checks",
        ),
        Text(zh="原因见隔离文件（quarantine）", en="see the quarantine for the reason"),
    ),
}


@dataclass(frozen=True)
class ToldReason:
    """A reason whose number is folded for a reader: its sentence, and whether it raises the risk.

    ``reason`` is what it tells of, its number gone; None where no more than its domain may be known.
    """

    text: str
    raises: bool
    reason: Reason | None


@dataclass(frozen=True)
class PupilScore:
    """The risk of one pupil with its reasons.

    Parameters
    ----------
    student_id : str or int
        As given.
    school_id, class_id, responsible_id : str or None
        From the students table.
    risk : float
        Probability of dropping out within the horizon.
    interval : tuple of float
        See ``model["interval"]`` of the scores for what it means.
    band : str
        ``low``, ``watch``, ``elevated``, ``high``, or ``unknown`` where too little is known.
    rank_in_school : int or None
        1 is the highest risk of the school; None where only a part of the school was scored.
    base_log_odds, log_odds, other : float
        ``base_log_odds + raising + lowering + other = log_odds``: see ``background`` for the base.
    domains, causes : dict of str to float
        The contributions summed by domain and by cause; each sums to ``log_odds - base_log_odds``.
    raising, lowering : tuple of Reason
        At most four each, the strongest first.
    alerts : tuple of Alert
        By rule, whatever the risk.
    missing : tuple of str
        What is not known, in words.
    warnings : tuple of str
        What the reader should know about the data behind this score.
    suggested_help : tuple of Help
        Kinds of help that recorded facts and alerts ask for; the reasons suggest none.
    missing_sensitive : tuple of str
        Those of ``missing`` that tell of a psychological test; a list for teachers leaves them out.
    other_points : float
        ``other`` in points of probability: with the points of all reasons it adds up to the risk less the
        risk of the base.
    background : str
        Whose mean log-odds the base is: ``"stayed, grade 8"`` for pupils of that grade level who stayed,
        ``"stayed"`` for all of them, ``"training"`` for all training rows.
    risk_within : tuple of float
        The risk within a third, two thirds and the whole of the horizon; the last one is ``risk``, and so is
        each that reaches beyond the graduation of a pupil of a final grade. Empty where the model has no
        timing. ``model["risk_within_days"]`` of the scores names the days.
    facts : tuple of Fact
        What is on record, whatever the model says of it.
    told : tuple of ToldReason
        For a reader of whom numbers are hidden: reasons that are told in words alone, those that raise the
        risk first. The reply has them among the warnings, as ``besides``.
    besides : tuple of str
        Those of ``warnings`` that say what ``told`` says.
    withheld : tuple of str
        Fields that replies and tables do not tell its reader, since a critical answer stands beside them.
    """

    student_id: str | int
    school_id: str | None
    class_id: str | None
    responsible_id: str | None
    risk: float
    interval: tuple[float, float]
    band: str
    rank_in_school: int | None
    base_log_odds: float
    log_odds: float
    domains: dict[str, float]
    causes: dict[str, float]
    raising: tuple[Reason, ...]
    lowering: tuple[Reason, ...]
    other: float
    alerts: tuple[Alert, ...]
    missing: tuple[str, ...]
    warnings: tuple[str, ...]
    suggested_help: tuple[Help, ...]
    missing_sensitive: tuple[str, ...] = ()
    other_points: float = 0.0
    background: str = "training"
    risk_within: tuple[float, ...] = ()
    facts: tuple[Fact, ...] = ()
    told: tuple[ToldReason, ...] = field(default=(), compare=False)
    besides: tuple[str, ...] = field(default=(), compare=False)
    withheld: tuple[str, ...] = field(default=(), compare=False)

    @property
    def told_band(self) -> str:
        """The band as a reply or a table tells it."""
        return UNKNOWN_BAND if "band" in self.withheld else self.band

    @property
    def told_rank(self) -> int | None:
        """The rank in the school as a reply or a table tells it."""
        return None if "rank_in_school" in self.withheld else self.rank_in_school

    @property
    def notes(self) -> tuple[str, ...]:
        """The warnings, without those that say what ``told`` says."""
        return tuple(text for text in self.warnings if text not in self.besides)

    def named(self, student_id: str | int) -> PupilScore:
        """Give the same score under another name of the pupil."""
        one = object.__new__(PupilScore)
        one.__dict__.update(self.__dict__, student_id=student_id)
        return one

    def to_dict(self) -> dict[str, Any]:
        """Write the score as one entry of the reply's ``results``."""
        return {
            "student_id": self.student_id,
            "risk": self.risk,
            "interval": list(self.interval),
            "risk_within": list(self.risk_within),
            "band": self.told_band,
            "rank_in_school": self.told_rank,
            "base_log_odds": self.base_log_odds,
            "background": self.background,
            "log_odds": self.log_odds,
            "domains": self.domains,
            "causes": self.causes,
            "raising": [reason.to_dict() for reason in self.raising],
            "lowering": [reason.to_dict() for reason in self.lowering],
            "other": self.other,
            "other_points": self.other_points,
            "facts": [fact.to_dict() for fact in self.facts],
            "alerts": [alert.to_dict() for alert in self.alerts],
            "missing": list(self.missing),
            "warnings": list(self.warnings),
            "suggested_help": [item.to_dict() for item in self.suggested_help],
            **({"withheld": list(self.withheld)} if self.withheld else {}),
        }


@dataclass(frozen=True)
class RowError:
    """One thing that could not be used, or one pupil that could not be scored.

    ``index`` is the position of the pupil in what was given, from 0; ``code`` is ``DR`` and three digits,
    which the errors page explains; ``field`` says where, such as ``grades[2].score``; ``message`` and
    ``hint`` never hold the pupil's value.
    """

    index: int
    student_id: str | int | None
    code: str
    field: str
    message: str
    hint: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Write the error as one entry of the reply's ``errors``."""
        return dict(self.__dict__)


@dataclass(frozen=True, repr=False)
class Scores:
    """Risks with their reasons: what :meth:`RiskModel.score` gives back.

    Parameters
    ----------
    as_of : date or None
        None where ready features were scored.
    request_id : str
        Names this reply.
    model : dict
        Name, version, catalogue hash, explainer, background, meaning of the interval, and so on.
    language : {"zh", "en"}
        The language of the sentences.
    pupils : sequence of PupilScore
        In the order in which they were given; those of a population become objects only when asked for.
    errors : tuple of RowError
        Pupils that were not scored and rows that were not used.
    registers : tuple of RegisterQuestion
        Questions about the registers of classes: one for all of their pupils.
    unlike : tuple of UnlikeGroup
        Classes, schools and dates unlike those of the training, where a whole population was scored.
    explained : callable, optional
        Makes the features and contributions of these pupils again.
    read_by : str or None
        The role that may read them; None where they are complete.
    """

    as_of: dt.date | None
    request_id: str
    model: dict[str, Any]
    language: Language
    pupils: Sequence[PupilScore]
    errors: tuple[RowError, ...] = field(default=())
    explained: Callable[[], ExplainedScores] | None = field(default=None, compare=False)
    registers: tuple[RegisterQuestion, ...] = field(default=(), kw_only=True)
    unlike: tuple[UnlikeGroup, ...] = field(default=(), kw_only=True)
    read_by: str | None = field(default=None, compare=False, kw_only=True)

    def __len__(self) -> int:
        return len(self.pupils)

    def __iter__(self) -> Iterator[PupilScore]:
        """Go through the pupils in the order in which they were given."""
        return iter(self.pupils)

    def __getitem__(self, student_id: str | int) -> PupilScore:
        """Give the score of one pupil by its id; UnknownPupilError if it has none."""
        from dropout_risk.scoring.score_rows import pupil_heads

        for head in pupil_heads(self.pupils):
            if head.student_id == student_id:
                return self.pupils[head.row]
        raise UnknownPupilError(
            "No pupil of this id was scored.",
            hint="ids are texts or whole numbers as in the records; scores.errors says who was not scored",
        )

    def to_csv(self, path: str | Path) -> Path:
        """Write :meth:`frame` as a CSV file that its owner alone may read; OutputError if it cannot be.

        Cells that a spreadsheet would run as a formula have a quote in front.
        """
        return write_whole(path, self.frame().map(guarded_cell).to_csv(index=False), encoding="utf-8-sig")

    def to_parquet(self, path: str | Path) -> Path:
        """Write :meth:`frame` as Parquet that its owner alone may read; OutputError if it cannot be."""
        return write_whole(path, lambda beside: self.frame().to_parquet(beside, index=False))

    def __repr__(self) -> str:
        """Count; a pupil's risk does not belong into a log."""
        about = fill_english("{n} pupils, {lost} not used", n=len(self), lost=len(self.errors))
        return f"<Scores of {self.as_of or 'features'} by {self.model.get('version')}: {about}>"

    def to_dict(self) -> dict[str, Any]:
        """Write the reply of the endpoint."""
        asked = {"registers": [item.to_dict() for item in self.registers]} if self.registers else {}
        asked |= {"unlike": [item.to_dict() for item in self.unlike]} if self.unlike else {}
        return {
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "request_id": self.request_id,
            "language": self.language,
            "model": self.model,
            "results": [pupil.to_dict() for pupil in self.pupils],
            **asked,
            "errors": [error.to_dict() for error in self.errors],
        }

    def explanation(self, labels: Language | None = None) -> Any:
        """Split the log-odds of all ``pupils`` over the features, as a ``shap.Explanation``.

        Base and values, added in their order, are the pupils' log-odds bit by bit; data are the features.
        They are made anew, from the histories that were scored.

        Parameters
        ----------
        labels : {"zh", "en"}, optional
            Name the features by the catalogue's labels in this language, by default by their names.

        Raises
        ------
        FeatureInputError
            If what was scored is no longer at hand, or the pupils are no longer those that were scored.
        MissingExtraError
            If shap is not installed.
        """
        found = None if self.explained is None else self.explained()
        if found is None or found.contributions.log_odds.tolist() != log_odds_of(self.pupils):
            raise FeatureInputError(
                "What these scores were made from is not at hand any more.",
                hint="ask for the explanation of the scores as RiskModel.score gave them",
            )
        return found.as_shap(None if labels is None else language_of(labels))

    def frame(self) -> pd.DataFrame:
        """Give one row per pupil, the highest risk first."""
        rows: list[dict[str, Any]] = [
            {
                "student_id": pupil.student_id,
                "school_id": pupil.school_id,
                "class_id": pupil.class_id,
                "responsible_id": pupil.responsible_id,
                "risk": pupil.risk,
                "low": pupil.interval[0],
                "high": pupil.interval[1],
                "band": pupil.told_band,
                "rank_in_school": pupil.told_rank,
                "log_odds": pupil.log_odds,
                "reasons": "; ".join(reason.text for reason in pupil.raising),
                "alerts": "; ".join(alert.text for alert in pupil.alerts),
                "suggested_help": "; ".join(item.text for item in pupil.suggested_help),
                "warnings": "; ".join(pupil.warnings),
            }
            for pupil in self.pupils
        ]
        rows.sort(key=lambda row: row["risk"], reverse=True)
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        about = (
            f"{self.model['name']} {self.model['version']}, {self.as_of or 'features'}: {len(self)} scored"
        )
        about += f", {len(self.errors)} not used" if self.errors else ""
        synthetic = f"<p><strong>{SYNTHETIC}</strong></p>" if self.model.get("synthetic") else ""
        table: str = self.frame().head(20).to_html(index=False, float_format="%.3f", escape=True)
        return f"<p>{html.escape(about)}</p>{synthetic}{table}"


def log_odds_of(pupils: Sequence[PupilScore]) -> list[float]:
    """Give the score of each pupil, from a column where they lie in columns."""
    column = getattr(pupils, "log_odds", None)
    return [pupil.log_odds for pupil in pupils] if column is None else column


def set_apart_errors(students: Iterable[str | int], language: Language) -> tuple[RowError, ...]:
    """Name the pupils whose own row could not be used, so that nobody is missing in silence."""
    return tuple(
        pupil_refusal(SET_APART, index, pupil, "students", language) for index, pupil in enumerate(students)
    )


# --- Answers for some pupils, beside the reasons why others have none ---

Answer = TypeVar("Answer")


class Answers(tuple[Answer, ...], Generic[Answer]):
    """A tuple with one answer for each pupil that has one, in the order in which the pupils were given.

    ``errors`` are the pupils without an answer, by their index in what was given, with the reason; ``notes``
    are what is said of the records of pupils with an answer, by their ids.

    >>> Answers(["a", "b"]), Answers(["a", "b"]).errors
    (('a', 'b'), ())
    """

    errors: tuple[RowError, ...]
    notes: Mapping[str | int, tuple[str, ...]]

    def __new__(
        cls,
        answers: Iterable[Answer],
        errors: Iterable[RowError] = (),
        notes: Mapping[str | int, tuple[str, ...]] | None = None,
    ) -> Self:
        """Take the answers and, apart from them, the errors and the notes."""
        made = super().__new__(cls, answers)
        made.errors, made.notes = tuple(errors), notes or {}
        return made


def pupil_refusal(
    code: str, index: int, student_id: str | int, field: str, language: Language, **words: str
) -> RowError:
    """Say why a pupil has no answer, from :data:`dropout_risk.scoring.scores.PUPIL_ERRORS`."""
    message, hint = (text.fill(language, **words) for text in PUPIL_ERRORS[code])
    return RowError(index, student_id, code, field, message, hint)
