"""Why a value is missing: not recorded, refused or invalid, or not applicable. Missing is never zero."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Bools, Floats
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.catalogue.measures import ScaleScore
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.inputs import Inputs
from dropout_risk.features.psychology import has_test
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.records.tables import INCIDENTS
from dropout_risk.text import Text

KNOWN, NOT_RECORDED, REFUSED, NOT_APPLICABLE = range(4)
STATES = ("known", "not_recorded", "refused", "not_applicable")
STATE_WORDS = {
    REFUSED: Text(zh="拒答或无效", en="refused or invalid"),
    NOT_APPLICABLE: Text(zh="不适用", en="does not apply"),
}


def missing_states(
    values: Floats, snapshot: Snapshot, catalogue: FeatureCatalogue, instruments: InstrumentRegistry
) -> npt.NDArray[np.int8]:
    """Say for each value, shape (n_pupils, n_features), whether it is known, and if not, why.

    0 known, 1 not recorded, 2 refused or invalid, 3 not applicable (no class to compare with, a test with
    another instrument, or a school that keeps no such table).
    """
    states = np.where(np.isnan(values), NOT_RECORDED, KNOWN).astype(np.int8)
    inputs = Inputs(snapshot, ClassContext.empty(), instruments)
    no_class = snapshot.histories.classes.codes < 0
    any_test, any_refused = has_test(inputs), has_test(inputs, refused=True)
    of_test: dict[str, tuple[Bools, Bools]] = {}
    for index, feature in enumerate(catalogue.values()):
        missing = states[:, index] == NOT_RECORDED
        if not missing.any():
            continue
        if feature.measure.needs_class:
            states[missing & no_class, index] = NOT_APPLICABLE
        if isinstance(feature.measure, ScaleScore):
            name = feature.measure.instrument
            if name not in of_test:
                of_test[name] = (has_test(inputs, name), has_test(inputs, name, refused=True))
            there, refused = of_test[name]
            states[missing & any_test, index] = NOT_APPLICABLE
            states[missing & there, index] = NOT_RECORDED
            states[missing & refused, index] = REFUSED
        elif feature.source == "wellbeing":
            states[missing & any_refused, index] = REFUSED
        elif feature.source in INCIDENTS:
            states[missing & ~snapshot.keeps(feature.source), index] = NOT_APPLICABLE
    return states
