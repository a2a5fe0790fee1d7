"""What the report inside a bundle says about publishing it, and whether an override is a reason."""

from __future__ import annotations

import json
import re
from pathlib import Path

from dropout_risk.errors import EvaluationError, PublishingError
from dropout_risk.evaluation.publishing import Verdict
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.scoring.bundle import read_bundle

METRICS = "metrics.json"
FEWEST_WORDS, FEWEST_CHARACTERS = 4, 8
CHARACTER = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
WORD = re.compile(r"[^\W\d_]{2,}")


def verdict_of(bundle: Path) -> Verdict:
    """Judge the report that a bundle carries, after its manifest has vouched for every file.

    Raises
    ------
    BundleError
        If a file was changed after the bundle was saved.
    PublishingError
        If it carries no report of this library's version.
    """
    files, _ = read_bundle(bundle)
    try:
        return Verdict.of(EvaluationReport.from_dict(json.loads(files[METRICS])))
    except (ValueError, KeyError, TypeError, EvaluationError) as error:
        raise PublishingError(
            "The version carries no evaluation report of this library's version.", hint="train it again"
        ) from error


def is_a_reason(override: str) -> bool:
    """Say whether an override has four different words, or eight different Chinese characters.

    >>> is_a_reason("The board decided so."), is_a_reason("县教育局三月三日决定试用")
    (True, True)
    >>> is_a_reason("asdfghjk"), is_a_reason("no no no no")
    (False, False)
    """
    characters = set(CHARACTER.findall(override))
    words = set(WORD.findall(CHARACTER.sub(" ", override.lower())))
    return len(words) >= FEWEST_WORDS or len(characters) >= FEWEST_CHARACTERS
