"""Settings: one frozen object, read at the edge from one TOML file, and passed on."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from dropout_risk.catalogue.alert_kinds import ALERT_KINDS
from dropout_risk.catalogue.facts import FACT_KINDS
from dropout_risk.errors import SettingsError, nearest
from dropout_risk.modelling.candidates import AUTO, CANDIDATES, default_candidates
from dropout_risk.text import Language, Text

if TYPE_CHECKING:
    from dropout_risk.modelling.tuning import Progress, Tuning

Share = Annotated[float, Field(ge=0, le=1)]
Word = Annotated[str, Field(min_length=1, pattern=r"\S")]
SchoolDays = Annotated[int, Field(ge=1, le=2000)]
SomeDays = Annotated[int, Field(ge=0, le=60)]


def _one_of(words: Collection[str], *others: str) -> BeforeValidator:
    """Take one of some words, which may be added to."""

    def check(value: object) -> object:
        allowed = [*others, *words]
        if value not in allowed:
            *most, last = map(repr, allowed)
            raise PydanticKnownError("literal_error", {"expected": f"{', '.join(most)} or {last}"})
        return value

    return BeforeValidator(check)


class Section(BaseModel):
    """A part of the settings: immutable, and no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_value_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and "bool" not in str(cls.model_fields[str(info.field_name)].annotation):
            raise ValueError(f"must not be the truth value {str(value).lower()}")
        return value


class TomlFile(Section):
    """What one TOML file holds: all that is wrong in it is said at once."""

    called: ClassVar[str] = "Settings"
    they_have: ClassVar[str] = "The settings have"

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            problems = _all_problems(self.they_have, error)
            raise SettingsError(problems, hint=_nearest_keys(type(self), error)) from error

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read them from a TOML file; SettingsError with every unknown key and every value out of range."""
        file = f"{cls.called} file {path}"
        try:
            data = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise SettingsError(f"{file} cannot be read: {error.strerror}.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{file} is not TOML in UTF-8: {error}.") from error
        try:
            return cls(**data)
        except SettingsError as error:
            raise SettingsError(f"{file}: {error.message}", hint=error.hint) from error


class OutcomeSettings(Section):
    """What counts as dropping out, and how far ahead the model looks.

    Pupils of the ``final_grades`` leave with the school year, about the day of ``graduation`` (month and
    day): what is said of the days ahead ends then.
    """

    horizon_days: SchoolDays = 90
    events: Annotated[tuple[str, ...], Field(min_length=1)] = ("dropout",)
    final_grades: tuple[int, ...] = (9, 12)
    graduation: Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|30)$")] = "06-30"

    @field_validator("graduation")
    @classmethod
    def _a_day_of_every_year(cls, value: str) -> str:
        dt.date.fromisoformat(f"2025-{value}")
        return value


class SplitSettings(Section):
    """Monthly snapshots, and how many of the last ones are kept for the test.

    ``kind="random"`` tests on a fifth of the pupils on all days instead: no forecast, and the report says so.
    """

    kind: Literal["temporal", "random"] = "temporal"
    min_history_days: SchoolDays = 20
    test_snapshots: Annotated[int, Field(ge=1)] = 2
    calibration_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.2
    fewest_dropouts: Annotated[int, Field(ge=20)] = 50


class ModelSettings(Section):
    """One candidate, or the choice between some of them; over how many folds, from which seed.

    ``trials`` and ``seconds`` are the budget of tuning, for each candidate: without both, none is spent.
    ``tuning_file`` (SQLite) lets a search that was broken off go on.
    """

    candidate: Annotated[str, _one_of(CANDIDATES, AUTO)] = AUTO
    candidates: tuple[Annotated[str, _one_of(CANDIDATES)], ...] = Field(
        default_factory=default_candidates, min_length=1
    )
    trials: Annotated[int, Field(ge=1)] | None = None
    seconds: Annotated[float, Field(gt=0)] | None = None
    tuning_file: str | None = None
    folds: Annotated[int, Field(ge=2, le=20)] = 4
    seed: int = 0

    def tuning(self, progress: Progress | None = None) -> Tuning | None:
        """Give the budget of tuning; None where there is none."""
        from dropout_risk.modelling.tuning import Tuning

        if self.trials is None and self.seconds is None:
            return None
        return Tuning(self.trials, self.seconds, self.tuning_file, progress)


class LeakSettings(Section):
    """Findings of the leak checks that are honest after all, by column or check of rows, with the reason."""

    allowed: dict[str, Annotated[str, Field(min_length=10)]] = {}


UNKNOWN_BAND = "unknown"
BAND_WORDS: dict[str, Text] = {
    "low": Text(zh="低", en="low"),
    "watch": Text(zh="关注", en="worth watching"),
    "elevated": Text(zh="较高", en="elevated"),
    "high": Text(zh="高", en="high"),
    UNKNOWN_BAND: Text(zh="信息不足，暂不评估", en="to be verified"),
}
"""The bands by rising risk, and at last where nobody can say, as all pages, files and reports word them."""
BANDS = tuple(band for band in BAND_WORDS if band != UNKNOWN_BAND)
LOWEST_BAND = BANDS[0]


class BandSettings(Section):
    """The lowest risk of each band; what lies below ``watch`` is low."""

    watch: Share = 0.05
    elevated: Share = 0.15
    high: Share = 0.30

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.watch < self.elevated < self.high:
            raise ValueError("bands must rise: watch < elevated < high")
        return self

    @property
    def limits(self) -> dict[str, float]:
        """Where each band but the lowest begins, by rising risk.

        >>> BandSettings().limits
        {'watch': 0.05, 'elevated': 0.15, 'high': 0.3}
        """
        return self.model_dump()

    def of(self, risk: float) -> str:
        """Name the band of a risk.

        >>> BandSettings().of(0.2)
        'elevated'
        """
        return BANDS[sum(risk >= limit for limit in self.limits.values())]


class WatchListSettings(Section):
    """How many pupils one teacher can see in a morning, and what counts as a change."""

    capacity: Annotated[int, Field(ge=1)] = 5
    changed_points: Share = 0.05


class AlertSettings(Section):
    """The ladder of unexplained absence (school days running) and the other rules.

    The steps follow published school rules (class teacher on the first day, principal on the second,
    written report on the third; about a week is suspected dropout, about four weeks is dropout); local
    rules differ, so every step is a setting.
    """

    unexplained_days: tuple[SchoolDays, ...] = (1, 2, 3, 5, 20)
    marks_fall: Share = 0.10
    marks_fall_absences: Annotated[int, Field(ge=1)] = 2
    marks_fall_window: SchoolDays = 20
    critical_window: SchoolDays = 60


class FactSettings(Section):
    """From where recorded facts count.

    ``far_km`` makes a day pupil's way to school far; days missed are told of the last ``absence_days`` school
    days; a mark below ``pass_mark`` is no pass, and one older than ``marks_school_days`` says nothing of it.
    """

    far_km: Annotated[float, Field(gt=0)] = 5.0
    absence_days: Annotated[int, Field(ge=1, le=60)] = 20
    pass_mark: Share = 0.6
    marks_school_days: SchoolDays = 100


class RegisterSettings(Section):
    """What counts as silence of a register, and as recent attendance.

    Parameters
    ----------
    silent_days : int, default=3
        Days on which class-mates have a row, and the pupil none, after which it is verified where the child
        is.
    missing_days : int, default=3
        School days after which a class whose register has stopped is asked about; ``presumed_missing_days``
        where registers name absences only, so that a class in which nobody is absent writes nothing.
    whole_class_pupils, whole_class_share : int and float, default=5 and 0.9
        A day on which so many of at least so many pupils of a class are absent is a question about the
        register. Where all but a twentieth are, it is that alone, and no alert about each of them.
    recent_school_days, recent_days : int, default=10 and 30
        A score is judged only by attendance that is at most so old: in school days as long as the calendar
        tells them, else in days.
    recent_totals_days : int, default=120
        The same for totals of a period, in days since its end.
    """

    silent_days: SchoolDays = 3
    missing_days: SchoolDays = 3
    presumed_missing_days: SchoolDays = 10
    whole_class_pupils: Annotated[int, Field(ge=2)] = 5
    whole_class_share: Annotated[float, Field(gt=0.5, le=1)] = 0.9
    recent_school_days: SchoolDays = 10
    recent_days: Annotated[int, Field(ge=1, le=400)] = 30
    recent_totals_days: Annotated[int, Field(ge=1, le=400)] = 120


class Wording(Section):
    """One wording in both languages."""

    zh: Word
    en: Word

    @property
    def text(self) -> Text:
        """The wording."""
        return Text(zh=self.zh, en=self.en)


class HelpSettings(Section):
    """One line of the table of help: a kind of help, and what is on record for it to be suggested.

    One of the ``facts`` (see ``catalogue.facts``) or one alert of a kind of ``alerts`` is enough; ``because``
    says in words why they ask for it. ``min_grade`` is the lowest grade level it is for. Vocational routes
    are a person's choice, and no line may suggest them.
    """

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    text: Wording
    because: Wording
    facts: tuple[str, ...] = ()
    alerts: tuple[Annotated[str, _one_of(ALERT_KINDS)], ...] = ()
    min_grade: Annotated[int, Field(ge=0, le=13)] = 0

    @model_validator(mode="after")
    def _on_record(self) -> Self:
        if not (self.facts or self.alerts):
            raise ValueError("help needs a fact or an alert that it follows")
        unknown = [name for name in self.facts if name not in FACT_KINDS]
        if unknown:
            raise ValueError(f"no fact is called {unknown[0]!r}. {nearest(unknown[0], FACT_KINDS)}")
        if any(word in f"{self.kind} {self.text.zh} {self.text.en}".casefold() for word in _NEVER_SUGGESTED):
            raise ValueError("a vocational route is a person's choice and never suggested by a machine")
        return self


_NEVER_SUGGESTED = ("vocational", "职业教育", "普职", "职教", "中职", "职高", "技校")


class MinutesSettings(Section):
    """How many minutes a contact of each way takes, the way there and the writing down included."""

    call: Annotated[int, Field(ge=0)] = 10
    home_visit: Annotated[int, Field(ge=0)] = 90
    talk_at_school: Annotated[int, Field(ge=0)] = 20
    counselling: Annotated[int, Field(ge=0)] = 45
    aid_check: Annotated[int, Field(ge=0)] = 20
    written_report: Annotated[int, Field(ge=0)] = 30
    home_teaching: Annotated[int, Field(ge=0)] = 120


class CaseSettings(Section):
    """The ladder of cases: in school days, as one school's published rule has it; local rules differ.

    Parameters
    ----------
    principal_days, township_days : int, default=5 and 20
        From so many days of unexplained absence a case is the principal's, and the township's: about a week
        and about a month.
    above_days : tuple of int, default=(0, 0, 1, 2)
        Within how many days after it went up a case is due with class teacher, principal, township, county.
    listed_days : int, default=5
        Within how many days a pupil on the watch list without an alert is talked to; ``listed_opens`` says
        whether a place on the list opens a case at all.
    most_moves : int, default=2
        How often in a row a day may be put off, or somebody else be asked, each time by at most
        ``longest_move``; whoever writes a contact or a return names no day beyond it either.
    meet_again : int, default=5
        After how many days a case is due again where whoever wrote of a contact named no day; ``care_again``
        (default 1) is that of what only counsellors know of.
    staying_days : int, default=20
        How long a pupil who came back stays under watch; ``staying_check`` is how often that is looked at.
    first_days, first_cases : int, default=10 and 5
        In a school's first days with the book each person gets at most so many new cases a day, the most
        urgent first: a backlog opens over several days. What a counsellor acts on is never held back.
    listed_again : int, default=20
        For how many days after a case was closed a place on the list alone opens none.
    week : {"weekdays", "china"}, default="weekdays"
        Which days are school days ahead of the calendar.
    minutes : MinutesSettings
        How long a contact of each way takes, for the report on the work.
    """

    principal_days: SchoolDays = 5
    township_days: SchoolDays = 20
    above_days: Annotated[tuple[SomeDays, ...], Field(min_length=4, max_length=4)] = (0, 0, 1, 2)
    listed_opens: bool = True
    listed_days: SchoolDays = 5
    most_moves: Annotated[int, Field(ge=0)] = 2
    longest_move: SchoolDays = 10
    meet_again: SchoolDays = 5
    care_again: SchoolDays = 1
    staying_days: SchoolDays = 20
    staying_check: SchoolDays = 5
    first_days: Annotated[int, Field(ge=0)] = 10
    first_cases: Annotated[int, Field(ge=1)] = 5
    listed_again: SchoolDays = 20
    week: Literal["weekdays", "china"] = "weekdays"
    minutes: MinutesSettings = MinutesSettings()

    @property
    def longest_wait(self) -> int:
        """How many school days ahead the next day of a case may be, whoever names it."""
        asked = (self.listed_days, self.meet_again, self.care_again, self.staying_check)
        return max(self.longest_move, *asked)


class NoticeSettings(Section):
    """When and how people are told that pupils wait for them; a notice holds two counts and a link.

    Parameters
    ----------
    quiet_from, quiet_until : time, default=21:00 and 07:00
        Between them, by the clock of ``zone``, nothing is sent; the same twice means no quiet hours.
    most_tries, backoff_minutes : int, default=5 and 5
        After a failure it is tried again: after so many minutes, then twice as many, until it has failed so
        often. What may have arrived is never tried again.
    most_bytes : int, default=2048
        The longest message, in bytes of UTF-8: WeCom's robots take no more.
    link : str, default=""
        The address of the desk, the same for everybody.
    text : Wording
        ``{n}`` pupils wait, the longest for ``{d}`` school days; and the ``{link}``.
    """

    quiet_from: dt.time = dt.time(21)
    quiet_until: dt.time = dt.time(7)
    zone: Word = "Asia/Shanghai"
    most_tries: Annotated[int, Field(ge=1, le=20)] = 5
    backoff_minutes: Annotated[int, Field(ge=1, le=1440)] = 5
    most_bytes: Annotated[int, Field(ge=100)] = 2048
    link: Annotated[str, Field(pattern=r"^\S*$")] = ""
    text: Wording = Wording(
        zh="{n} 名学生等您处理，最久已等 {d} 个上学日 {link}",
        en="{n} pupil(s) wait for you, the longest for {d} school day(s) {link}",
    )

    @field_validator("zone")
    @classmethod
    def _a_zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("no such time zone; such as Asia/Shanghai") from error

    @field_validator("text")
    @classmethod
    def _only_counts(cls, value: Wording) -> Wording:
        try:
            value.text.filled(n=1, d=1, link="")
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise ValueError("a notice tells {n}, {d} and {link}, and nothing else") from error
        return value

    def is_quiet(self, moment: dt.datetime) -> bool:
        """Say whether nothing is sent at a moment, given in UTC without a zone.

        >>> NoticeSettings().is_quiet(dt.datetime(2025, 3, 3, 14)), NoticeSettings().is_quiet(
        ...     dt.datetime(2025, 3, 3, 23))
        (True, False)
        """
        clock = moment.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(self.zone)).time()
        first, last = self.quiet_from, self.quiet_until
        return first <= clock < last if first <= last else clock >= first or clock < last


class MissingnessSettings(Section):
    """How much may be refused or missing before nobody is judged, or nothing is learned.

    A pupil is not judged, and teaches nothing, of whom ``pupil_share`` of the last ``window_days`` school
    days' attendance, or ``family_share`` of the marks, were set apart. Scoring stops where more than
    ``family_share`` of the attendance or marks of as many pupils were, training where more than that of the
    rows of any table were, or where more than ``missing_share`` of its rows have no feature of a table that
    was given.
    """

    window_days: SchoolDays = 60
    pupil_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    family_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    missing_share: Share = 0.8


class ReasonSettings(Section):
    """What contributions are measured against, and whether reasons tell of a pupil's own past.

    ``background`` is whom a pupil is compared with: pupils of the same grade level who stayed, all who
    stayed, or all training rows. ``own_past`` computes the features of twelve weeks earlier as well.
    """

    background: Literal["stayed_in_grade", "stayed", "training"] = "stayed_in_grade"
    own_past: bool = True


class TrackingSettings(Section):
    """Where MLflow keeps runs, and under which name models are registered.

    What is left open is what MLflow's user has chosen (``MLFLOW_TRACKING_URI``, ``mlflow.set_tracking_uri``,
    ``set_experiment``, an active run), else ``mlflow.db`` in the current folder with the files of runs in
    ``mlartifacts`` beside it, and the experiment ``dropout_risk``.
    """

    uri: Word | None = None
    artifacts: Word | None = None
    experiment: Word | None = None
    model_name: Word = "dropout_risk"


class CapacitySettings(Section):
    """The share of the cohort that can be seen, at which precision and recall are reported."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.05


class RoleSettings(Section):
    """What a role of the county's own may see of a score: names of domains; see ``scoring.readers.roles``.

    ``reads_of_directory`` names what pages show it of the directory: name, seat, guardian, phone, village,
    address; nothing where nothing is said.
    """

    sees: tuple[str, ...]
    hears_of: tuple[str, ...] = ()
    names: bool = True
    staff: bool = True
    reads_of_directory: tuple[str, ...] = ()


class EvaluationSettings(Section):
    """What the report is made from: last year's bundle, draws of schools, the learning curve, refits.

    The learning curve is drawn by default with fewer than 50,000 training rows. ``refits`` says how often
    a model is refitted to see whether its reasons stay the same; 0 leaves that out.
    """

    last_model: str | None = None
    learning_curve: bool | None = None
    replicates: Annotated[int, Field(ge=100, le=5000)] = 400
    refits: Annotated[int, Field(ge=0, le=100)] = 5


class Settings(TomlFile):
    """Every choice of one county, in one immutable object.

    Lengths of time are in school days, shares and risks between 0 and 1.

    Parameters
    ----------
    language : {"zh", "en"}, default="zh"
        The language of sentences and pages.
    outcome, split, models, leaks, capacity, evaluation, bands, watch_list, alerts, registers, facts, cases,
    notices, missingness, reasons, tracking
        The sections, each with defaults.
    help : list of HelpSettings
        The county's own table of help, in place of the shipped one; empty for that.
    roles : dict of str to RoleSettings
        Roles beside, or in place of, those of the library, by name.

    Examples
    --------
    >>> Settings().outcome.horizon_days
    90
    >>> Settings(outcome={"horizon_days": 60}).outcome.horizon_days
    60
    """

    language: Language = "zh"
    outcome: OutcomeSettings = OutcomeSettings()
    split: SplitSettings = SplitSettings()
    models: ModelSettings = Field(default_factory=ModelSettings)  # whose candidates may be added to
    leaks: LeakSettings = LeakSettings()
    capacity: CapacitySettings = CapacitySettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    bands: BandSettings = BandSettings()
    watch_list: WatchListSettings = WatchListSettings()
    alerts: AlertSettings = AlertSettings()
    registers: RegisterSettings = RegisterSettings()
    facts: FactSettings = FactSettings()
    help: tuple[HelpSettings, ...] = ()
    cases: CaseSettings = CaseSettings()
    notices: NoticeSettings = NoticeSettings()
    missingness: MissingnessSettings = MissingnessSettings()
    reasons: ReasonSettings = ReasonSettings()
    tracking: TrackingSettings = TrackingSettings()
    roles: dict[str, RoleSettings] = {}

    def __init__(self, **data: Any) -> None:  # takes dicts for sections, which a type checker would not
        super().__init__(**data)


def _all_problems(they_have: str, error: ValidationError) -> str:
    lines = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
    return f"{they_have} {len(lines)} problem(s): " + "; ".join(lines) + "."


def _nearest_keys(model: type[BaseModel], error: ValidationError) -> str:
    hints = []
    for item in error.errors():
        if item["type"] != "extra_forbidden":
            continue
        section: type[BaseModel] = model
        for part in item["loc"][:-1]:
            known = getattr(section, "model_fields", None)  # a table of sections by name has none
            section = (
                known[str(part)].annotation
                if known
                else get_args(section)[0 if isinstance(part, int) else -1]
            )
        hints.append(nearest(str(item["loc"][-1]), section.model_fields))
    return " ".join(hints)
