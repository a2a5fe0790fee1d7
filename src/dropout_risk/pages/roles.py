"""For whom a page is made, and a score as that reader may see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dropout_risk.alerts.alert import ROUTES, Route
from dropout_risk.errors import SettingsError, nearest
from dropout_risk.explanation.reasons import Reason
from dropout_risk.scoring.confidential import ASK, CONFIDENTIAL
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import Language
from dropout_risk.watchlist.told import told_missing

CLASS_TEACHER: Route = "class_teacher"
_SEES_TESTS: tuple[Route, ...] = ("counsellor",)


def role_of(word: str) -> Route:
    """Take a role as it was typed.

    Raises
    ------
    SettingsError
        If nobody has that role.

    Examples
    --------
    >>> role_of("counsellor")
    'counsellor'
    """
    for role in ROUTES:
        if word == role:
            return role
    raise SettingsError(f"Unknown role {word!r}.", hint=nearest(word, ROUTES))


def sees_tests(role: Route) -> bool:
    """Say whether a role may read results of psychological tests."""
    return role in _SEES_TESTS


def as_seen_by(role: Route, score: PupilScore, model: RiskModel, language: Language) -> PupilScore:
    """Give a score as a role may read it.

    Parameters
    ----------
    role : str
        Who reads.
    score : PupilScore
        As the model gave it.
    model : RiskModel
        Where it has a rule for roles (``redact``), that rule holds.
    language : {"zh", "en"}
        The language of its sentences.

    Returns
    -------
    PupilScore
        Where the model has no rule, results of psychological tests are for a counsellor only: for others all
        confidential reasons of a side are one, at the place of the strongest, with the sum of their
        contributions and a sentence that says whom to ask; what is told in ``missing`` and behind suggested
        help is left out. Everything still adds up.
    """
    redact: Callable[..., PupilScore] | None = getattr(model, "redact", None)
    if redact is not None:
        return redact(score, role, language=language)
    return score if sees_tests(role) else _without_tests(score, language)


def _without_tests(score: PupilScore, language: Language) -> PupilScore:
    secret = {reason.feature for reason in score.raising if reason.domain == CONFIDENTIAL}
    helps = (
        replace(item, because=tuple(name for name in item.because if name not in secret))
        for item in score.suggested_help
    )
    return replace(
        score,
        raising=_covered(score.raising, language),
        lowering=_covered(score.lowering, language),
        missing=told_missing(score),
        missing_sensitive=(),
        suggested_help=tuple(helps),
    )


def _covered(reasons: Sequence[Reason], language: Language) -> tuple[Reason, ...]:
    """Put the confidential reasons of one side together, in the place of the first."""
    secret = [reason for reason in reasons if reason.domain == CONFIDENTIAL]
    if not secret:
        return tuple(reasons)
    cover = Reason(
        feature=CONFIDENTIAL,
        domain=CONFIDENTIAL,
        cause="",
        label="",
        text=ASK.to(language),
        value=None,
        unit="",
        comparison=None,
        data_age_days=None,
        contribution=sum(reason.contribution for reason in secret),
        points=sum(reason.points for reason in secret),
        missing=False,
        actionable=False,
        state="",
    )
    first = next(place for place, reason in enumerate(reasons) if reason.domain == CONFIDENTIAL)
    open_ones = [reason for reason in reasons if reason.domain != CONFIDENTIAL]
    return (*open_ones[:first], cover, *open_ones[first:])
