"""Errors that name what was given, what was allowed and the way out.

Every class carries a stable ``code``. Codes are grouped: 1 and 9 records and rows, 2 catalogue
and features, 3 time and settings, 4 models and training, 5 bundles, 6 the endpoint, 7 installation, 8 the
case book.
No message ever holds a pupil's value.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Self


class DropoutRiskError(Exception):
    """Base class of every error raised on purpose by this library.

    Parameters
    ----------
    message : str
        What was given and what was allowed, without any pupil's value.
    hint : str, default=""
        The way out.

    Attributes
    ----------
    code : str
        A stable code such as ``"DR201"``, the same in messages, replies and docs.

    Examples
    --------
    >>> print(UnknownFeatureError("No feature is called 'absense_share_20d'.",
    ...                           hint="did you mean 'absence_share_20d'?"))
    [DR201] No feature is called 'absense_share_20d'.
    Hint: did you mean 'absence_share_20d'?
    """

    code = "DR000"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Give the code, the message and, where there is one, the hint."""
        text = f"[{self.code}] {self.message}"
        return f"{text}\nHint: {self.hint}" if self.hint else text


class RecordsError(DropoutRiskError, ValueError):
    """The school records cannot be read at all (a missing table or a required column)."""

    code = "DR100"


class TooMuchRefusedError(RecordsError):
    """Most rows of a table could not be used, so that nothing that rests on it would be true."""

    code = "DR185"

    @classmethod
    def of(cls, shares: Mapping[str, float], limit: float, days: int | None = None) -> Self:
        """Name the tables with the share of their rows that was set apart, and the limit.

        >>> print(TooMuchRefusedError.of({"grades": 0.75}, 0.5).message)
        Set apart: 75% of grades; the limit is 50% (missingness.family_share).
        """
        named = ", ".join(f"{share:.0%} of {name}" for name, share in shares.items())
        when = "" if days is None else f", of the last {days} school days"
        return cls(
            f"Set apart{when}: {named}; the limit is {limit:.0%} (missingness.family_share).",
            hint="SchoolRecords.check() names the rules and rows; mend the files or the mapping, leave the "
            "table out, or raise the limit in the settings if you know that the rest is right",
        )


class UnknownFeatureError(DropoutRiskError, KeyError):
    """A feature name that the catalogue does not declare."""

    code = "DR201"


class FeatureDeclarationError(DropoutRiskError, ValueError):
    """A feature declaration that contradicts itself or another one."""

    code = "DR202"


class FeatureInputError(DropoutRiskError, ValueError):
    """A table of features that does not fit the model (names, types, values out of range)."""

    code = "DR203"


class ForbiddenFeatureError(DropoutRiskError, ValueError):
    """An audit-only column (sex, ethnicity, residence, birth date) was handed in as a feature."""

    code = "DR204"


class UnknownInstrumentError(DropoutRiskError, KeyError):
    """A psychological instrument that the registry does not hold."""

    code = "DR205"


class ArgumentError(DropoutRiskError, TypeError):
    """An argument of another kind than is asked for, such as a path where records are."""

    code = "DR307"


def require_kind(value: Any, kinds: type | tuple[type, ...], name: str, hint: str) -> None:
    """Check what kind of object an argument is, before any work; ArgumentError if it is another.

    >>> require_kind("records/", dict, "records", "read them first")
    Traceback (most recent call last):
    ...
    dropout_risk.errors.ArgumentError: [DR307] records must be a dict, got a str.
    Hint: read them first
    """
    if not isinstance(value, kinds):
        allowed = kinds if isinstance(kinds, tuple) else (kinds,)
        words = " or ".join(kind.__name__ for kind in allowed)
        raise ArgumentError(f"{name} must be a {words}, got a {type(value).__name__}.", hint=hint)


class DateError(DropoutRiskError, ValueError):
    """A date that cannot be read, or an as-of date without any known school day."""

    code = "DR301"


class SettingsError(DropoutRiskError, ValueError):
    """Settings or a mapping file with unknown keys or values out of range."""

    code = "DR302"


class WatchListError(DropoutRiskError, ValueError):
    """A watch list that would not account for every pupil exactly once."""

    code = "DR303"


class UnknownRoleError(DropoutRiskError, KeyError):
    """A role that nobody has declared."""

    code = "DR304"


class UnknownPupilError(DropoutRiskError, LookupError):
    """A pupil or a school that was not scored on the date in question."""

    code = "DR306"


class TrainingError(DropoutRiskError, ValueError):
    """The data cannot carry a model (one class, too few dropouts, no labelled day)."""

    code = "DR401"


class SplitError(DropoutRiskError, ValueError):
    """A split in time that leaves a part empty."""

    code = "DR402"


class EvaluationError(DropoutRiskError, ValueError):
    """Outcomes and risks that cannot be compared (lengths, impossible values, nothing to compare)."""

    code = "DR403"


class LeakError(TrainingError):
    """The rows of a fit hold what nobody knew in time; all findings are listed."""

    code = "DR411"


class OneClassError(TrainingError):
    """All labels are the same, so there is nothing to tell apart."""

    code = "DR412"


class TooFewDropoutsError(TrainingError):
    """So few pupils drop out, or stay, before the test that no risk can be learned from them."""

    code = "DR413"


class EmptyColumnError(TrainingError):
    """Columns without a single value, which no catalogue declares."""

    code = "DR414"


class LabelError(TrainingError):
    """Labels that are not 0 and 1, or not of two classes."""

    code = "DR415"


class FamilyMissingError(TrainingError):
    """A family of features that hardly any training row has, although its tables were given."""

    code = "DR416"


class ModelKindError(DropoutRiskError, ValueError):
    """A model of a kind whose contributions cannot be computed (linear trees, several classes)."""

    code = "DR404"


class BackgroundError(DropoutRiskError, ValueError):
    """Rows that contributions cannot be measured against: none at all, or of other columns."""

    code = "DR409"


class BundleError(DropoutRiskError, ValueError):
    """A bundle that is incomplete or was changed after it was saved."""

    code = "DR501"


class NewerFormatError(BundleError):
    """A bundle or a store written by a newer version of this library."""

    code = "DR502"


class ScoresFolderError(DropoutRiskError, ValueError):
    """A folder of scores that was begun with other inputs, or that holds something else."""

    code = "DR503"


class StoreError(DropoutRiskError, OSError):
    """A store of histories that could not be written (a full disk, no rights); what it held is intact."""

    code = "DR504"


class StoreBusyError(StoreError):
    """A store of histories, or a folder of scores, to which another process is writing."""

    code = "DR505"


class PublishingError(DropoutRiskError, ValueError):
    """A model whose report does not allow it to be published: a required check is missing or not passed."""

    code = "DR506"


class OutputError(DropoutRiskError, OSError):
    """A file that could not be written (a full disk, no rights); what was in its place is intact."""

    code = "DR507"


class TrackingError(DropoutRiskError, OSError):
    """An MLflow store that cannot take a run: a name, a deleted experiment, no way to it, no room."""

    code = "DR508"


class UnloggedRunError(TrackingError):
    """A training that could not be logged; its model and report are on disk, and in ``run``.

    Parameters
    ----------
    message, hint : str
        See :class:`DropoutRiskError`.
    run : TrainingRun
        All that the training gave.
    """

    code = "DR509"

    def __init__(self, message: str, *, hint: str = "", run: Any = None) -> None:
        super().__init__(message, hint=hint)
        self.run = run


class SyntheticModelError(DropoutRiskError, ValueError):
    """Records that nobody marks as made up, scored with a model that was trained on made-up pupils."""

    code = "DR510"
    status = 403


class RequestError(DropoutRiskError, ValueError):
    """A request that cannot be answered as a whole.

    ``field`` says where it is, such as ``students[3].grades[2].date``; ``status`` is the HTTP status of the
    answer.
    """

    code = "DR600"
    status = 400

    def __init__(self, message: str, *, hint: str = "", field: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class BodyTooLargeError(RequestError):
    """A request body over the limit."""

    code = "DR601"
    status = 413


class ContentTypeError(RequestError):
    """A request body that is not declared as JSON in UTF-8."""

    code = "DR602"
    status = 415


class NotJsonError(RequestError):
    """A request body that is not JSON."""

    code = "DR603"


class DuplicateKeyError(RequestError):
    """A JSON object that names a field twice."""

    code = "DR604"


class JsonBombError(RequestError):
    """JSON that is nested too deeply, or an object with too many fields."""

    code = "DR605"


class NotFiniteError(RequestError):
    """A number that is NaN, infinite or too large to be a number of the machine."""

    code = "DR606"


class UnknownFieldError(RequestError):
    """A field that the contract does not have."""

    code = "DR607"


class MissingFieldError(RequestError):
    """A field that the contract requires."""

    code = "DR608"


class WrongTypeError(RequestError):
    """A value of another type than the contract's."""

    code = "DR609"


class NotAllowedValueError(RequestError):
    """A value of the right type outside what the contract allows."""

    code = "DR610"


class WrongDateError(RequestError):
    """A date that is not a day of the calendar written as YYYY-MM-DD."""

    code = "DR611"


class FutureDateError(RequestError):
    """An as-of date that has not come yet."""

    code = "DR612"


class EmptyListError(RequestError):
    """A list that needs at least one entry."""

    code = "DR613"


class TooManyRowsError(RequestError):
    """More pupils or rows than one request may hold."""

    code = "DR614"


class UnknownRouteError(RequestError):
    """An address that the service does not have."""

    code = "DR615"
    status = 404


class MethodError(RequestError):
    """An address that is not asked in this way."""

    code = "DR616"
    status = 405


class BusyError(RequestError):
    """Too many requests at once."""

    code = "DR617"
    status = 429
    retry_after = 1


class TooSlowError(RequestError):
    """A request that took longer than the service waits."""

    code = "DR618"
    status = 504


class ServiceError(RequestError):
    """A fault of the service, not of the request."""

    code = "DR619"
    status = 500


class NotSignedInError(RequestError):
    """A request of which nobody knows who asks: without a token or key, or with one that is no good."""

    code = "DR620"
    status = 401


class NotGrantedError(RequestError):
    """An address that is not for the reader's roles."""

    code = "DR621"
    status = 403


class NotYoursError(RequestError):
    """A pupil who is not there, or not one of the reader's: the answer is the same."""

    code = "DR622"
    status = 404


class NotAnsweredError(RequestError):
    """What a reply needs beside the model is away: the audit, the people, or the keys of readers."""

    code = "DR623"
    status = 503


class NotAttachedError(RequestError):
    """An address that needs a store or a case book, and the service has none."""

    code = "DR625"
    status = 404


class AuditError(DropoutRiskError, RuntimeError):
    """The audit cannot be opened or written, or is not as it was written."""

    code = "DR624"


class RefusedReplyError(DropoutRiskError, RuntimeError):
    """The service refused what its client asked for, or could not be reached.

    ``status`` is that of the reply, 0 without one; ``problems`` is all that it named.
    """

    code = "DR626"
    status = 0
    request_id = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems: list[dict[str, str]] = []


class CaseBookError(DropoutRiskError, OSError):
    """The case book cannot be opened, or is not of a form that this version reads."""

    code = "DR800"


class CaseRefusedError(DropoutRiskError, ValueError):
    """An entry that the case, as it stands, does not take."""

    code = "DR801"


class CaseConflictError(DropoutRiskError, RuntimeError):
    """Somebody else wrote to the case first."""

    code = "DR802"


class CaseRightError(DropoutRiskError, PermissionError):
    """Something that a person may not do, or a case that the person has nothing to do with."""

    code = "DR803"


class PeopleError(DropoutRiskError, ValueError):
    """A file of people that cannot be used; all that is wrong in it is said at once."""

    code = "DR804"


class NoteKeyError(DropoutRiskError, ValueError):
    """Keys of notes that are missing, too short or not those with which a note was written."""

    code = "DR805"


class LawBrokenError(DropoutRiskError, RuntimeError):
    """A law of the case book does not hold; the message names it and counts whom it concerns.

    ``pupils`` names of whom law 5 does not hold: for the screen of who runs the morning, in no message.
    """

    code = "DR806"

    def __init__(self, message: str, *, hint: str = "", pupils: Iterable[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.pupils = tuple(pupils)


class TrialError(DropoutRiskError, ValueError):
    """A trial that may not be declared, or that is not as it was declared."""

    code = "DR815"


class NoticeError(DropoutRiskError, ValueError):
    """A file of channels that cannot be used, or a notice that is not as it would have to be."""

    code = "DR831"


class MissingExtraError(DropoutRiskError, ImportError):
    """An optional library that is not installed."""

    code = "DR701"


class VisitError(DropoutRiskError, ValueError):
    """Stops, visitors or a calendar of visits that contradict themselves."""

    code = "DR821"


class VisitNotesError(DropoutRiskError, ValueError):
    """A form of visits that cannot be taken as it was filled in; nothing of it was taken."""

    code = "DR822"


def nearest_of(given: str, allowed: Iterable[str]) -> str | None:
    """Give the allowed word nearest to the given one; None where none is near.

    >>> nearest_of("atendance", ["attendance", "grades"])
    'attendance'
    """
    if len(given) > MOST_SHOWN:
        return None
    return next(iter(difflib.get_close_matches(given, list(allowed), n=1)), None)


MOST_SHOWN = 120
"""The characters of a foreign name that a message repeats."""


def cut_name(given: str) -> str:
    """Cut a name that somebody else wrote to what a message may repeat of it.

    >>> len(cut_name("x" * 1000))
    121
    """
    return given if len(given) <= MOST_SHOWN else f"{given[:MOST_SHOWN]}…"


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Suggest the allowed word nearest to the given one, or list the allowed words when none is near.

    >>> nearest("atendance", ["attendance", "grades"])
    "did you mean 'attendance'?"
    >>> nearest("zzz", ["attendance", "grades"])
    "allowed: 'attendance', 'grades'"
    """
    words = sorted(allowed)
    close = nearest_of(given, words)
    if close is not None:
        return f"did you mean {close!r}?"
    return "allowed: " + ", ".join(repr(word) for word in words)
