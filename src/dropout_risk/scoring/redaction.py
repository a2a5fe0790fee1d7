"""Scores as a role may read them: what it may not see is folded into ``other``, and the sum still holds.

**The rule.** Fold at least two domains or none. Every number that is left is made from the score as a whole
(risk, log-odds, base) and from domains whose numbers the role sees completely. So of the folded domains
nothing but their sum can be had from one score, by whatever combination of numbers. Where a role lacks one
domain or two, one that it may read is folded with them: it keeps the words and loses the numbers.

**What it cannot do.** The risk is told. Who has two scores of one pupil has the change of the sum, and where
only one of the folded domains changed between them, that is its change: over a week, when no new marks came,
nearly always.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from typing import Any, TypeVar

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.help import Help
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import SettingsError
from dropout_risk.explanation.reasons import Reason
from dropout_risk.scoring.answers import refusal
from dropout_risk.scoring.change import Change, with_text
from dropout_risk.scoring.hidden_words import (
    gaps_of,
    open_alert,
    open_causes,
    open_errors,
    open_help,
    open_warnings,
    tainted,
    told_besides,
)
from dropout_risk.scoring.options import WhatIf, with_options
from dropout_risk.scoring.roles import ROLES, Role, role_named
from dropout_risk.scoring.scores import NOT_FOR_ROLE, PupilScore, RowError, Scores
from dropout_risk.text import Language

OTHER = "other"
Given = TypeVar("Given", Scores, PupilScore, Change, WhatIf, dict[str, Any])

Told = TypeVar("Told", PupilScore, RowError)


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
    given : Scores, PupilScore, Change, WhatIf or dict
        A dict is a reply, or one of its results.
    role : str or Role
        Who reads.
    catalogue : FeatureCatalogue, optional
        The model's. Without it nobody knows which causes a folded domain speaks for, so all are folded, and
        of what is missing only the sentences of the default catalogue are kept.
    roles : mapping of str to Role, optional
        The roles that there are; by default :data:`dropout_risk.scoring.roles.ROLES`.
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
    reader = _Reader(role_named(role, roles), catalogue, language)
    made: Any
    if isinstance(given, dict):
        made = _redacted_dict(reader, given)
    elif isinstance(given, Scores):
        made = reader.scores(given)
    elif isinstance(given, PupilScore):
        made = reader.pupil(given, 0)
    elif isinstance(given, (Change, WhatIf)):
        made = reader.change(given) if isinstance(given, Change) else reader.what_if(given)
    else:
        raise _no_form(type(given).__name__)
    redacted: Given = made
    return redacted


class _Reader:
    """One role, reading one model's scores."""

    def __init__(self, role: Role, catalogue: FeatureCatalogue | None, language: Language | None) -> None:
        self.role, self.catalogue = role, catalogue
        self.words = default_catalogue() if catalogue is None else catalogue
        self.gaps = gaps_of(self.words, role)
        self.language: Language = "zh" if language is None else language
        role.label.to(self.language)  # an unknown language is an error before any work

    def scores(self, scores: Scores) -> Scores:
        """Redact all pupils and the errors."""
        self.language = scores.language
        scored = {pupil.student_id for pupil in scores.pupils}
        pupils = tuple(self.pupil(pupil, place) for place, pupil in enumerate(scores.pupils))
        found = open_errors(scores.errors, self.role, self.words, scored)
        errors = tuple(self.error(error, is_open=is_open) for error, is_open in found)
        if not self.role.names:
            pupils = _shuffled(pupils)
            errors = tuple(replace(error, index=place) for place, error in enumerate(_by_content(errors)))
        everything = self.role.names and not self.role.hidden
        explained = scores.explained if everything else None  # it makes the features of all domains again
        return replace(scores, pupils=pupils, errors=errors, explained=explained)

    def pupil(self, pupil: PupilScore, place: int) -> PupilScore:
        """Redact one score; ``place`` stands in for its name where names are hidden."""
        if not self.role.names:
            pupil = replace(pupil, student_id=place, class_id=None, responsible_id=None)
        if not self.role.staff:
            pupil = replace(pupil, rank_in_school=None)
        if not self.role.hidden:
            return pupil
        folded = self.role.folds(pupil.domains)
        alerts = tuple(alert for alert in pupil.alerts if open_alert(alert.rule, self.role))
        raising, lowering = (self._parted(side, folded) for side in (pupil.raising, pupil.lowering))
        away = [[(reason.domain, reason.text) for reason in side[1]] for side in (raising, lowering)]
        domains = {reason.feature: reason.domain for reason in pupil.raising}
        missing = tuple(text for text in pupil.missing if text in self.gaps)
        kept = replace(
            pupil,
            domains=_folded(pupil.domains, [name for name in pupil.domains if name not in folded]),
            causes=_folded(pupil.causes, open_causes(self.catalogue, folded)),
            raising=tuple(raising[0]),
            lowering=tuple(lowering[0]),
            other=pupil.other + (_sum("contribution", raising[1]) + _sum("contribution", lowering[1])),
            alerts=alerts,
            missing=missing,
            missing_sensitive=tuple(text for text in pupil.missing_sensitive if text in missing),
            warnings=(
                *open_warnings(pupil.warnings, self.role),
                *told_besides(away, self.role, self.language),
            ),
            suggested_help=open_help(pupil.suggested_help, domains, alerts, self.role),
        )
        points = kept.other_points + (_sum("points", raising[1]) + _sum("points", lowering[1]))
        return replace(kept, other_points=points)

    def _parted(
        self, reasons: tuple[Reason, ...], folded: tuple[str, ...]
    ) -> tuple[list[Reason], list[Reason]]:
        """Part reasons whose numbers are open from those that are folded."""
        mixed = tainted(self.catalogue, folded)
        is_folded = [reason.domain in folded or reason.feature in mixed for reason in reasons]
        both = list(zip(reasons, is_folded, strict=True))
        return [reason for reason, away in both if not away], [reason for reason, away in both if away]

    def error(self, error: RowError, *, is_open: bool) -> RowError:
        """Redact one error; a hidden one still accounts for its pupil."""
        if not self.role.names:
            error = replace(error, student_id=None)
        if is_open:
            return error
        hidden = refusal(NOT_FOR_ROLE, error.index, "", "", self.language)
        return replace(hidden, student_id=error.student_id)

    def change(self, change: Change) -> Change:
        """Redact a change: its data by feature, by domain and by fact."""
        if not self.role.names:
            change = replace(change, student_id=0)
        if not self.role.hidden:
            return change
        folded = self.role.folds(change.domains)
        mixed = tainted(self.catalogue, folded)
        names = [name for name in change.data if name in self.words and name not in mixed]
        return with_text(
            replace(
                change,
                data=_folded(change.data, [name for name in names if self.words[name].domain not in folded]),
                domains=_folded(change.domains, [name for name in change.domains if name not in folded]),
                facts=tuple(
                    fact for fact in change.facts if fact.domain not in folded and fact.feature not in mixed
                ),
            )
        )

    def what_if(self, made: WhatIf) -> WhatIf:
        """Redact options: those that change something of a hidden domain are left out."""
        if not self.role.names:
            made = replace(made, student_id=0)
        hidden = self.role.hidden
        kept = [of for of in made.options if not any(part.domain in hidden for part in of.changes)]
        return with_options(made, tuple(kept), complete=False) if len(kept) < len(made.options) else made


def _shuffled(pupils: tuple[PupilScore, ...]) -> tuple[PupilScore, ...]:
    """Give pupils without names an order made from what is told of them, not from the list of names."""
    ordered = _by_content(tuple(replace(pupil, student_id=0) for pupil in pupils))
    return tuple(replace(pupil, student_id=place) for place, pupil in enumerate(ordered))


def _by_content(items: tuple[Told, ...]) -> list[Told]:
    def digest(item: Told) -> bytes:
        told = item.to_dict() | {"index": 0}
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).digest()

    return sorted(items, key=digest)


def _folded(parts: Mapping[str, float], kept: list[str]) -> dict[str, float]:
    """Keep some entries, and add the others up."""
    rest = sum(size for name, size in parts.items() if name not in kept)
    return {name: size for name, size in parts.items() if name in kept} | {OTHER: rest}


def _sum(name: str, reasons: list[Reason]) -> float:
    return sum((float(getattr(reason, name)) for reason in reasons), 0.0)


# --- replies as dicts ----------------------------------------------------------------------------------


def _redacted_dict(reader: _Reader, given: dict[str, Any]) -> dict[str, Any]:
    """Read a reply or one of its results, redact it, and write it again; what is not known is dropped."""
    if "results" not in given:
        return reader.pupil(_pupil(given), 0).to_dict()
    _check(given, _REPLY)
    pupils = tuple(_pupil(result) for result in given["results"])
    errors = tuple(_read(RowError, error) for error in given["errors"])
    about = {"as_of": None, "request_id": given["request_id"], "model": given["model"]}
    language = given.get("language", reader.language)
    reader.role.label.to(language)
    scores = Scores(**about, language=language, pupils=pupils, errors=errors)
    return reader.scores(scores).to_dict() | {"as_of": given["as_of"]}


_REPLY = frozenset({"as_of", "request_id", "model", "results", "errors"})
_RESULT = frozenset(item.name for item in fields(PupilScore) if item.default is MISSING) - {
    "school_id",
    "class_id",
    "responsible_id",
}


def _check(given: Mapping[str, Any], needed: frozenset[str]) -> None:
    if not isinstance(given, Mapping):
        raise _no_form(f"a list with {type(given).__name__}")
    lacking = sorted(needed - given.keys())
    if lacking:
        raise _no_form(f"a dict without {', '.join(lacking)}")


def _no_form(what: str) -> SettingsError:
    return SettingsError(
        f"Nothing that can be redacted: {what}.",
        hint="give Scores, a PupilScore, a Change, a WhatIf, the endpoint's reply or one of its results",
    )


def _pupil(result: Mapping[str, Any]) -> PupilScore:
    _check(result, _RESULT)
    sides = {side: tuple(_read(Reason, item) for item in result[side]) for side in ("raising", "lowering")}
    alerts = tuple(
        _read(Alert, item | {"since": dt.date.fromisoformat(item["since"])}) for item in result["alerts"]
    )
    helps = tuple(
        _read(Help, item | {"because": tuple(item["because"])}) for item in result["suggested_help"]
    )
    lists = {name: tuple(result[name]) for name in ("interval", "missing", "warnings")}
    made = {"alerts": alerts, "suggested_help": helps, "missing_sensitive": ()}
    score: PupilScore = _read(PupilScore, dict(result) | sides | lists | made)
    return score


def _read(kind: type[Any], given: Mapping[str, Any]) -> Any:
    known = [item for item in fields(kind) if item.name in given or item.default is MISSING]
    return kind(**{item.name: given.get(item.name) for item in known})
