"""What training refuses to learn from: families of features that are mostly set apart, or mostly missing."""

from __future__ import annotations

import numpy as np

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import FamilyMissingError, TooMuchRefusedError
from dropout_risk.evaluation.parts import Parts
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import INCIDENTS, TABLES
from dropout_risk.settings import MissingnessSettings


def refuse_refused(records: SchoolRecords, limits: MissingnessSettings) -> None:
    """Stop where most rows of a table could not be used.

    Copies of rows in use do not count, nor do rows of pupils who are not listed. The TooMuchRefusedError
    names the tables with their shares and the limit.
    """
    counts, lost = records.check().counts, records.quarantine.lost()
    shares = {name: lost.get(name, 0) / max(count.read, 1) for name, count in counts.items()}
    broken = {name: share for name, share in shares.items() if share > limits.family_share}
    if broken:
        raise TooMuchRefusedError.of(broken, limits.family_share)


def refuse_missing(
    parts: Parts, records: SchoolRecords, catalogue: FeatureCatalogue, limits: MissingnessSettings
) -> None:
    """Stop where a table was given, and hardly any row of the training has a feature of it.

    The FamilyMissingError names the families with their shares and the limit.
    """
    given = {TABLES[name].source for name, count in records.check().counts.items() if count.read}
    X, found = parts.X(parts.before_test), dict[str, float]()
    for source in dict.fromkeys(item.source for item in catalogue.values()):
        names = [item.name for item in catalogue.values() if item.source == source]
        if source in given and source not in INCIDENTS:
            share = float(np.mean(X[names].isna().all(axis=1)))
            if share > limits.missing_share:
                found[source] = share
    if found:
        named = ", ".join(f"{source} for {share:.0%} of the rows" for source, share in found.items())
        raise FamilyMissingError(
            f"Features are missing although their tables were given: {named} before the test; the limit is "
            f"{limits.missing_share:.0%} (missingness.missing_share).",
            hint="compare the ids and dates of these tables with students and attendance: "
            "SchoolRecords.check() counts rows of unknown pupils; or leave the table out, or raise the limit",
        )
