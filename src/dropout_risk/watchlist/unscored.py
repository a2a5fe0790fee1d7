"""Who could not be scored, and why: nobody is left out in silence."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from dropout_risk.scoring.scored_pupils import heads, some_of
from dropout_risk.scoring.scores import PUPIL_ERRORS, PupilScore, RowError, Scores
from dropout_risk.text import Language, Text
from dropout_risk.watchlist.entry import UNKNOWN, Unscored
from dropout_risk.watchlist.told import shorten, told_missing

_TOO_LITTLE = Text(zh="已知的太少，无法评估（{missing}）", en="Too little is known ({missing})")
_MISSING_SHOWN = 2


def could_not_be_scored(scores: Scores, given: Iterable[Unscored]) -> list[Unscored]:
    """Collect everybody who could not be scored.

    Parameters
    ----------
    scores : Scores
        Its errors count where they speak of a pupil who has no score; a pupil of band ``unknown`` counts
        unless an alert puts it on the list.
    given : iterable of Unscored
        Known from before; their reasons go before those of the errors.
    """
    left: dict[Hashable, Unscored] = {}
    for place, item in enumerate(given):
        left.setdefault(("given", place) if item.student_id is None else item.student_id, item)
    stand = list(heads(scores.pupils))
    scored = {pupil.student_id for pupil in stand}
    for error in sorted(scores.errors, key=lambda item: item.code not in PUPIL_ERRORS):
        if error.student_id is None:
            left.setdefault(("error", error.index), Unscored(None, _reason(error, scores.language)))
        elif error.student_id not in scored:
            left.setdefault(error.student_id, Unscored(error.student_id, _reason(error, scores.language)))
    unknown = [pupil.place for pupil in stand if pupil.band == UNKNOWN and not pupil.alerted]
    told = [_too_little(pupil, scores.language) for pupil in some_of(scores.pupils, unknown)]
    return [*left.values(), *told]


def _reason(error: RowError, language: Language) -> str:
    if error.code not in PUPIL_ERRORS:
        return f"{error.message} ({error.code}, {error.field})"
    message, hint = PUPIL_ERRORS[error.code]
    return f"{message.to(language)}{'；' if language == 'zh' else '; '}{hint.to(language)}"


def _too_little(pupil: PupilScore, language: Language) -> Unscored:
    missing = shorten(told_missing(pupil), _MISSING_SHOWN, language)
    reason = _TOO_LITTLE.fill(language, missing=missing)
    return Unscored(pupil.student_id, reason, pupil.school_id, pupil.responsible_id)
