"""What measures of family stand on: the rows that say so, by the day from which they hold."""

from __future__ import annotations

from dropout_risk.arrays import Longs
from dropout_risk.catalogue import measures as declared
from dropout_risk.catalogue.factors import BURDENS
from dropout_risk.features.footing import Asked, Footing, FootingFunction
from dropout_risk.histories.snapshot import Window


def factor_holds(measure: declared.FactorHolds, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the rows that say that a factor holds; where it does not, there is none."""
    rows = footings.inputs.snapshot.family
    chosen = rows["holds"] & footings.inputs.named("factor", measure.factors)[rows["factor"]]
    if measure.values:
        chosen = chosen & footings.inputs.named("value", measure.values)[rows["value"]]
    return Footing.of_rows(rows, chosen, pupils)


def factor_count(measure: declared.FactorCount, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the rows that say that a burden holds."""
    rows = footings.inputs.snapshot.family
    chosen = rows["holds"] & footings.inputs.named("factor", BURDENS)[rows["factor"]]
    return Footing.of_rows(rows, chosen, pupils)


def recent_factor(measure: declared.RecentFactor, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the rows by which a burden began."""
    snapshot = footings.inputs.snapshot
    rows = snapshot.family
    chosen = rows["said"] & snapshot.within(rows, window)
    return Footing.of_rows(rows, chosen & footings.inputs.named("factor", BURDENS)[rows["factor"]], pupils)


FOOTINGS: dict[type[declared.Measure], FootingFunction] = {
    declared.FactorHolds: factor_holds,
    declared.FactorCount: factor_count,
    declared.RecentFactor: recent_factor,
}
