"""What the values of a catalogue stand on: one function for each measure, asked for what is told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dropout_risk.arrays import Floats, Longs
from dropout_risk.catalogue import measures as declared
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.features import day_footing, family_footing, mark_footing, tested_footing
from dropout_risk.features.footing import Asked, Footing, FootingFunction
from dropout_risk.features.inputs import Inputs
from dropout_risk.features.mark_footing import points_in_words
from dropout_risk.text import Text, tenths_in_words


@dataclass(frozen=True, eq=False)
class Footings:
    """What the values of some pupils stand on; ``values`` has one row per pupil of the inputs' snapshot."""

    inputs: Inputs
    catalogue: FeatureCatalogue
    values: Floats

    def of(self, name: str, pupils: Longs) -> Footing:
        """Say what the values of a feature stand on, of some of the pupils."""
        feature = self.catalogue[name]
        found = FOOTINGS.get(type(feature.measure))
        if found is None or not len(pupils):
            return Footing.nowhere(len(pupils))
        return found(feature.measure, feature.window, self, pupils)

    def value(self, name: str, pupils: Longs) -> Floats:
        """Give the values of a feature."""
        return np.asarray(self.values[pupils, self.catalogue.names.index(name)])


def at_least(measure: declared.AtLeast, window: object, footings: Asked, pupils: Longs) -> Footing:
    """Give the rows of what is compared, counted as it is."""
    base = footings.of(measure.feature, pupils)
    counted = base.in_numbers(footings.value(measure.feature, pupils))
    return Footing(base.first, base.last, counted=counted)


def gap_to_class(measure: declared.GapToClass, window: object, footings: Asked, pupils: Longs) -> Footing:
    """Give the rows of what is compared, counted beside the mean of the class-mates.

    Their mean leaves the pupil out, and has the same sign: whoever is above it is above the mean of all.
    """
    base, own = footings.of(measure.feature, pupils), footings.value(measure.feature, pupils)
    inputs = footings.inputs
    others = inputs.context.means_of_others(
        inputs.snapshot,
        [measure.feature],
        footings.values[:, [footings.catalogue.names.index(measure.feature)]],
    )[pupils, 0]
    scale = np.ones(len(pupils)) if base.scale is None else base.scale
    counted = np.round(own * scale, 6)
    others = np.round(others * scale, 6)
    fields = {
        "size": points_in_words(counted - others),
        "mates": [_mates_in_days(number) for number in others.tolist()],
    }
    return Footing(base.first, base.last, counted=counted, fields=fields)


def class_mean(measure: declared.ClassMean, window: object, footings: Asked, pupils: Longs) -> Footing:
    """Give the days of the pupil's own rows: those over which the class was averaged."""
    base = footings.of(measure.feature, pupils)
    return Footing(base.first, base.last)


_NONE = Text(zh="都没有", en="none")
_SOME = Text(zh="平均{number}天", en="{number} on average")


def _mates_in_days(number: float) -> Text:
    """Say on how many days class-mates were absent, the pupil left out.

    >>> _mates_in_days(0.0).zh, _mates_in_days(0.57).zh, _mates_in_days(0.02).en
    ('都没有', '平均0.6天', 'under 0.1 on average')
    """
    if number <= 0:
        return _NONE
    return _SOME.filled(number=tenths_in_words(number))


FOOTINGS: dict[type[declared.Measure], FootingFunction] = {
    **day_footing.FOOTINGS,
    **mark_footing.FOOTINGS,
    **tested_footing.FOOTINGS,
    **family_footing.FOOTINGS,
    declared.AtLeast: at_least,
    declared.GapToClass: gap_to_class,
    declared.ClassMean: class_mean,
}
"""By measure; what a column of the students table or a function says has no day."""
