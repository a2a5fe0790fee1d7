"""What a fit asks of its columns and labels: what it refuses, and what it warns of."""

from __future__ import annotations

import re
import warnings

import numpy as np

from dropout_risk.arrays import Floats, Labels
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import EmptyColumnError
from dropout_risk.modelling.inputs.encoding import FeatureEncoding
from dropout_risk.records.tables import HIGH_CODES, LOW_CODES


def refuse_empty_columns(
    encoding: FeatureEncoding, encoded: Floats, catalogue: FeatureCatalogue | None
) -> None:
    """Refuse named columns without a value, all at once (EmptyColumnError), unless a catalogue declares them.

    A school without psychological tests has no value in the features of these tests, and they stay. A column
    of the user's own that holds nothing was lost on the way. Columns of an array have no names, and are taken
    as they are.
    """
    if not encoding.named:
        return
    is_empty = np.atleast_1d(np.isnan(encoded).all(axis=0))
    empty = [name for name, nothing in zip(encoding.names, is_empty, strict=True) if nothing]
    if not empty:
        return
    declared = default_catalogue() if catalogue is None else catalogue
    lost = [name for name in empty if name not in declared]
    if lost:
        raise EmptyColumnError(
            f"Columns {lost} hold no value in any of {len(encoded)} rows.",
            hint="check the join they come from, or leave them out: X.dropna(axis='columns', how='all')",
        )


FEWEST_OF_A_CLASS = 50
"""Rows of the rarer class below which a fit is warned of; training refuses as many by default."""
IDENTIFIER = re.compile(r"(^|_)(id|uuid)$|^(student|pupil|school|class|teacher)s?$", re.IGNORECASE)
LEVELS_SHARE, FEWEST_ROWS = 0.5, 50
"""A column of categories with more levels than this share of its values names rows."""


class FewDropoutsWarning(UserWarning):
    """So few rows of one class that risks, intervals and the choice of a model are guesses."""


class WideTableWarning(UserWarning):
    """So many columns or categories that the logistic regression tells them apart less finely."""


def warn_of_wide(encoding: FeatureEncoding) -> None:
    """Say what is made simpler of a table with very many columns or categories, so that a fit ends."""
    from dropout_risk.modelling.learners.logistic import MOST_BENT, MOST_LEVELS

    said = []
    if len(encoding.names) > MOST_BENT:
        said.append(f"Of {len(encoding.names)} columns each has a straight line, without bends")
    many = [name for name, words in encoding.categories.items() if len(words) > MOST_LEVELS]
    if many:
        said.append(f"Of the categories of {many} all but the {MOST_LEVELS} most frequent count as one")
    if said:
        warnings.warn(f"{'. '.join(said)}, in the logistic regression.", WideTableWarning, stacklevel=3)


class IdentifierWarning(UserWarning):
    """A column that names pupils, classes or schools went into a fit as a feature."""


def warn_of_few(y: Labels) -> None:
    """Warn where the rarer class has fewer than fifty rows."""
    fewest = int(min(y.sum(), len(y) - y.sum()))
    if fewest < FEWEST_OF_A_CLASS:
        warnings.warn(
            f"The rarer class has {fewest} of {len(y)} rows; below {FEWEST_OF_A_CLASS} the risks, their "
            "order and the choice of a model are rough. Add schools, dates or years.",
            FewDropoutsWarning,
            stacklevel=3,
        )


def warn_of_identifiers(encoding: FeatureEncoding, encoded: Floats) -> None:
    """Warn of columns named like an identifier, or with nearly a category for each row."""
    found = [
        name
        for index, name in enumerate(encoding.names)
        if encoding.named and _names_rows(str(name), index in encoding.categorical, encoded[:, index])
    ]
    if found:
        warnings.warn(
            f"Columns {found} look like names of pupils, classes or schools: a model that learns them says "
            "nothing of others. Leave them out; hand pupils in as groups, or as the index level student_id.",
            IdentifierWarning,
            stacklevel=3,
        )


class UnknownCodeWarning(UserWarning):
    """A number that stands for "not known" elsewhere, such as 999, went into a fit as a value."""


def warn_of_codes(encoding: FeatureEncoding, encoded: Floats) -> None:
    """Warn of columns of numbers in which 999, -99 or the like lies far from all other values."""
    found = [
        name
        for index, name in enumerate(encoding.names)
        if index not in encoding.categorical and _holds_code(encoded[:, index])
    ]
    if found:
        warnings.warn(
            f"Columns {found} hold {', '.join(f'{code:g}' for code in CODES)} or the like far from all other "
            "values, as systems write for what is not known; a fit takes them for values. Make them missing "
            "(X.replace(999, np.nan)) if that is what they mean.",
            UnknownCodeWarning,
            stacklevel=3,
        )


CODES = (*HIGH_CODES, *LOW_CODES)
_FAR = 3


def _holds_code(values: Floats) -> bool:
    codes = np.isin(values, CODES)
    others = values[~codes & ~np.isnan(values)]
    if not codes.any() or len(np.unique(others)) < 2:
        return False
    low, high = others.min(), others.max()
    far = _FAR * max(abs(low), abs(high))
    return bool((np.abs(values[codes]) > far).any() or (low >= 0 and (values[codes] < 0).any()))


def _names_rows(name: str, categorical: bool, values: Floats) -> bool:
    named = IDENTIFIER.search(name) is not None
    if not (named or categorical):
        return False
    given = values[~np.isnan(values)]
    levels = len(np.unique(given))
    if len(given) < FEWEST_ROWS or levels < 2:
        return False
    if categorical:
        return named or levels > LEVELS_SHARE * len(given)
    return bool((given == np.round(given)).all()) and levels > LEVELS_SHARE * len(given)
