"""Scores as a role may read them: what it may not see is folded into ``other``, and the sum still holds.

Of what a ``Reader`` is told, this makes scores, changes, what-ifs and replies.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from itertools import compress
from operator import not_
from typing import Any, TypeVar

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.facts import Fact
from dropout_risk.alerts.help import Help
from dropout_risk.catalogue.alert_kinds import CRITICAL_ITEM
from dropout_risk.catalogue.feature import CAUSES, FeatureCatalogue
from dropout_risk.errors import SettingsError
from dropout_risk.explanation.reason import SIDES, Reason
from dropout_risk.scoring.changes.change import Change, with_text
from dropout_risk.scoring.changes.what_if import WhatIf, with_options
from dropout_risk.scoring.readers.read_pupils import ReadPupils
from dropout_risk.scoring.readers.reader import Folded, Reader
from dropout_risk.scoring.readers.roles import ROLES, Role, Telling, role_named
from dropout_risk.scoring.score_rows import BESIDE_CRISIS, is_crisis, pupil_heads
from dropout_risk.scoring.scores import (
    NOT_FOR_ROLE,
    Answers,
    PupilScore,
    RowError,
    Scores,
    pupil_refusal,
)
from dropout_risk.text import Language

OTHER = "other"
Given = TypeVar("Given", Scores, PupilScore, Change, WhatIf, Answers[Any], dict[str, Any])
Item = TypeVar("Item", PupilScore, RowError)


def redact(
    given: Given,
    role: str | Role,
    *,
    catalogue: FeatureCatalogue | None = None,
    roles: Mapping[str, Role] = ROLES,
    language: Language | None = None,
) -> Given:
    """Give scores as a role may read them, in the form in which they were given.

    Parameters
    ----------
    given : Scores, PupilScore, Change, WhatIf, Answers or dict
        Answers are many changes or options, with their errors and notes. A dict is a reply, or one of its
        results.
    role : str or Role
        Who reads.
    catalogue : FeatureCatalogue, optional
        The model's. Without it nobody knows which causes a folded domain speaks for, so all are folded, and
        of what is missing only the sentences of the default catalogue are kept.
    roles : mapping of str to Role, optional
        The roles that there are; by default :data:`dropout_risk.scoring.readers.roles.ROLES`.
    language : {"zh", "en"}, optional
        Of the sentences that are added to a single score, by default Chinese; scores and replies say their
        own.

    Returns
    -------
    the same form
        ``domains`` and ``causes`` keep what is open, and the rest as one entry ``other``; folded reasons are
        in ``other``; values, sentences, alerts, warnings, errors and suggested help that would tell of a
        hidden domain are left out. Sentences of a folded domain that the role may read are among the
        warnings. Who may not know names gets pupils and errors numbered in an order of their own.

    Raises
    ------
    UnknownRoleError
        If there is no such role, with the nearest right name.
    SettingsError
        If the language is unknown, or what is given is none of these forms.
    """
    redaction = _Redaction(Reader(role_named(role, roles), catalogue, "zh" if language is None else language))
    made: Any
    if isinstance(given, dict):
        made = redaction.reply(given)
    elif isinstance(given, Scores):
        made = redaction.scores(given)
    elif isinstance(given, PupilScore):
        made = redaction.pupil(given, 0)
    elif isinstance(given, Answers):
        made = redaction.answers(given)
    elif isinstance(given, Change | WhatIf):
        made = redaction.answer(given)
    else:
        raise _no_form(type(given).__name__)
    redacted: Given = made
    return redacted


@dataclass(frozen=True, eq=False)
class _Redaction:
    """Makes what one reader is told."""

    reader: Reader

    @property
    def role(self) -> Role:
        """Who reads."""
        return self.reader.role

    def reply(self, given: dict[str, Any]) -> dict[str, Any]:
        """Read a reply or one of its results, redact it, and write it again; what is not known is dropped."""
        if "results" not in given:
            return self.pupil(self._read_pupil(given), 0).to_dict()
        _check_keys(given, _REPLY)
        pupils = tuple(self._read_pupil(result) for result in given["results"])
        errors = tuple(_read_fields(RowError, error) for error in given["errors"])
        about = {"as_of": None, "request_id": given["request_id"], "model": given["model"]}
        language = given.get("language", self.reader.language)
        scores = Scores(**about, language=language, pupils=pupils, errors=errors)
        asked = (
            {"registers": given["registers"]} if self._hears_of_registers and given.get("registers") else {}
        )
        unlike = [item for item in given.get("unlike", ()) if self._hears_of_groups(item["domain"])]
        asked |= {"unlike": unlike} if unlike else {}
        return self.scores(scores).to_dict() | {"as_of": given["as_of"]} | asked

    def _read_pupil(self, result: Mapping[str, Any]) -> PupilScore:
        """Read a result; what one reader was not told beside an alert would tell another of that alert."""
        pupil = _read_pupil(result)
        if pupil.withheld and not self.reader.hears_alert(CRITICAL_ITEM):
            raise SettingsError(
                "This reply was made for another reader: not all of it was told.",
                hint="redact the complete reply, as the service gives it without a role",
            )
        return pupil

    @property
    def _hears_of_registers(self) -> bool:
        return self.role.names and "attendance" in self.role.sees

    def _hears_of_groups(self, domain: str) -> bool:
        return self.role.names and domain in self.role.sees

    def scores(self, scores: Scores) -> Scores:
        """Redact all pupils and the errors, in their own language; what this role has read already stays."""
        if scores.read_by == self.role.name:
            return scores
        own = _Redaction(replace(self.reader, language=scores.language))
        scored = {pupil.student_id for pupil in pupil_heads(scores.pupils)} if scores.errors else set()
        pupils: Sequence[PupilScore] = ReadPupils(scores.pupils, own.named_pupil, own.reader.hears_alert)
        found = self.reader.open_errors(scores.errors, scored)
        errors = tuple(own.error(error, is_open=is_open) for error, is_open in found)
        if not self.role.names:
            pupils = _shuffle_pupils(
                tuple(own.pupil(pupil, index) for index, pupil in enumerate(scores.pupils))
            )
            errors = tuple(replace(error, index=index) for index, error in enumerate(_by_content(errors)))
        everything = self.role.names and not self.role.hidden
        explained = scores.explained if everything else None  # it makes the features of all domains again
        asked = scores.registers if own._hears_of_registers else ()
        return replace(
            scores,
            pupils=pupils,
            errors=errors,
            explained=explained,
            registers=asked,
            unlike=tuple(item for item in scores.unlike if own._hears_of_groups(item.domain)),
            read_by=self.role.name,
        )

    def named_pupil(self, pupil: PupilScore) -> PupilScore:
        """Redact one score for a role that knows names."""
        return self.pupil(pupil, 0)

    def pupil(self, pupil: PupilScore, index: int) -> PupilScore:
        """Redact one score; ``index`` stands in for its name where names are hidden."""
        if not self.role.names:
            pupil = replace(pupil, student_id=index, class_id=None, responsible_id=None)
        if not self.role.staff:
            pupil = replace(pupil, rank_in_school=None)
        withheld = BESIDE_CRISIS if is_crisis(pupil) and self.reader.hears_alert(CRITICAL_ITEM) else ()
        if withheld != pupil.withheld:
            pupil = replace(pupil, withheld=withheld)
        if self.role.reads_all:
            return pupil
        alerts = tuple(alert for alert in pupil.alerts if self.reader.hears_alert(alert.rule))
        folded = self.reader.folded(pupil.domains)
        raising, lowering = (self._parted(side, folded) for side in (pupil.raising, pupil.lowering))
        away = (raising[1], lowering[1])
        missing = self.reader.open_gaps(pupil.missing, pupil.missing_sensitive)
        told = self.reader.told(away)
        besides = self.reader.besides(told)
        return replace(
            pupil,
            domains=_with_other(pupil.domains, pupil.domains.keys() - folded.domains),
            causes=_with_other(pupil.causes, CAUSES.keys() - folded.causes),
            raising=raising[0],
            lowering=lowering[0],
            other=pupil.other + sum(_sum_of_field("contribution", side) for side in away),
            other_points=pupil.other_points + sum(_sum_of_field("points", side) for side in away),
            alerts=alerts,
            missing=missing,
            missing_sensitive=tuple(text for text in pupil.missing_sensitive if text in missing),
            warnings=(*self.reader.open_warnings(pupil.warnings), *besides),
            suggested_help=self.reader.open_help(pupil.suggested_help, alerts),
            facts=tuple(fact for fact in pupil.facts if self.reader.reads_fact(fact.name)),
            told=told,
            besides=besides,
        )

    def _parted(
        self, reasons: tuple[Reason, ...], folded: Folded
    ) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
        """Part reasons whose numbers are open from those that are folded."""
        tells = [self.reader.tells(reason.domain, reason.feature, folded) for reason in reasons]
        is_open = [telling == Telling.NUMBER for telling in tells]
        return tuple(compress(reasons, is_open)), tuple(compress(reasons, map(not_, is_open)))

    def error(self, error: RowError, *, is_open: bool) -> RowError:
        """Redact one error; a hidden one still accounts for its pupil."""
        if not self.role.names:
            error = replace(error, student_id=None)
        if is_open:
            return error
        hidden = pupil_refusal(NOT_FOR_ROLE, error.index, "", "", self.reader.language)
        return replace(hidden, student_id=error.student_id)

    def answers(self, given: Answers[Any]) -> Answers[Any]:
        """Redact answers, the errors beside them and what is said of their records."""
        answered = {answer.student_id for answer in given}
        found = self.reader.open_errors(given.errors, answered)
        errors = [self.error(error, is_open=is_open) for error, is_open in found]
        notes = given.notes
        if not self.role.reads_all:
            notes = {name: self.reader.open_warnings(said) for name, said in notes.items()}
        return Answers(map(self.answer, given), errors, notes if self.role.names else {})

    def answer(self, given: Change | WhatIf) -> Change | WhatIf:
        """Redact one answer, whichever it is."""
        return self.change(given) if isinstance(given, Change) else self.what_if(given)

    def change(self, change: Change) -> Change:
        """Redact a change: its data by feature, by domain and by fact."""
        if not self.role.names:
            change = replace(change, student_id=0)
        if not self.role.hidden:
            return change
        folded, features = self.reader.folded(change.domains), self.reader.features
        open_features = {
            name for name in change.data
            if name in features and not folded.holds(features[name].domain, name)
        }  # fmt: skip
        return with_text(
            replace(
                change,
                data=_with_other(change.data, open_features),
                domains=_with_other(change.domains, change.domains.keys() - folded.domains),
                facts=tuple(fact for fact in change.facts if not folded.holds(fact.domain, fact.feature)),
            )
        )

    def what_if(self, made: WhatIf) -> WhatIf:
        """Redact options: those that change something of a hidden domain are left out."""
        if not self.role.names:
            made = replace(made, student_id=0)
        hidden = self.role.hidden
        kept = tuple(
            option for option in made.options if not any(part.domain in hidden for part in option.changes)
        )
        return with_options(made, kept, complete=False) if len(kept) < len(made.options) else made


def _shuffle_pupils(pupils: tuple[PupilScore, ...]) -> tuple[PupilScore, ...]:
    """Give pupils without names an order made from what is told of them, not from the list of names."""
    ordered = _by_content(tuple(replace(pupil, student_id=0) for pupil in pupils))
    return tuple(replace(pupil, student_id=index) for index, pupil in enumerate(ordered))


def _by_content(items: tuple[Item, ...]) -> list[Item]:
    def digest(item: Item) -> bytes:
        told = item.to_dict() | {"index": 0}
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).digest()

    return sorted(items, key=digest)


def _with_other(parts: Mapping[str, float], kept: Collection[str]) -> dict[str, float]:
    """Keep some entries, and add the others up."""
    rest = sum(size for name, size in parts.items() if name not in kept)
    return {name: size for name, size in parts.items() if name in kept} | {OTHER: rest}


def _sum_of_field(name: str, reasons: Sequence[Reason]) -> float:
    return sum((float(getattr(reason, name)) for reason in reasons), 0.0)


_REPLY = frozenset({"as_of", "request_id", "model", "results", "errors"})
_RESULT = frozenset(item.name for item in fields(PupilScore) if item.default is MISSING) - {
    "school_id",
    "class_id",
    "responsible_id",
}


def _check_keys(given: Mapping[str, Any], needed: frozenset[str]) -> None:
    if not isinstance(given, Mapping):
        raise _no_form(f"a list with {type(given).__name__}")
    lacking = sorted(needed - given.keys())
    if lacking:
        raise _no_form(f"a dict without {', '.join(lacking)}")


def _no_form(what: str) -> SettingsError:
    return SettingsError(
        f"Nothing that can be redacted: {what}.",
        hint="give Scores, a PupilScore, a Change, a WhatIf, Answers, the endpoint's reply or its results",
    )


def _read_pupil(result: Mapping[str, Any]) -> PupilScore:
    _check_keys(result, _RESULT)
    sides = {side: tuple(_read_fields(Reason, item) for item in result[side]) for side in SIDES}
    alerts = tuple(
        _read_fields(Alert, item | _read_dates(item, "since", "known")) for item in result["alerts"]
    )
    helps = tuple(
        _read_fields(Help, item | {"because": tuple(item["because"])}) for item in result["suggested_help"]
    )
    facts = tuple(_read_fields(Fact, item | _read_dates(item, "since")) for item in result.get("facts", ()))
    lists = {name: tuple(result[name]) for name in ("interval", "missing", "warnings")}
    lists["withheld"] = tuple(result.get("withheld", ()))
    made = {"alerts": alerts, "suggested_help": helps, "facts": facts}
    made["missing_sensitive"] = lists["missing"]  # a reply does not say which are
    score: PupilScore = _read_fields(PupilScore, dict(result) | sides | lists | made)
    return score


def _read_dates(item: Mapping[str, Any], *names: str) -> dict[str, dt.date]:
    return {name: dt.date.fromisoformat(item[name]) for name in names if item.get(name)}


def _read_fields(kind: type[Any], given: Mapping[str, Any]) -> Any:
    known = [item for item in fields(kind) if item.name in given or item.default is MISSING]
    return kind(**{item.name: given.get(item.name) for item in known})
