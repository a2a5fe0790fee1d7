import pytest

from dropout_risk.catalogue.exam_words import SUBJECTS
from dropout_risk.catalogue.factors import FACTORS
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.simulate import grades
from dropout_risk.simulate.family import CIRCUMSTANCES
from dropout_risk.simulate.wellbeing import INSTRUMENTS, MHT_INVALID_FROM, MHT_SCALES, NORMS, SDQ_SCALES

REGISTRY = default_instruments()


@pytest.mark.parametrize("circumstance", CIRCUMSTANCES, ids=lambda item: f"{item.factor}-{item.value}")
def test_simulated_family_codes_are_declared(circumstance):
    assert circumstance.factor in FACTORS
    assert not circumstance.value or circumstance.value in FACTORS[circumstance.factor].values


def test_simulated_tests_follow_the_registry():
    assert all(code in REGISTRY for code in INSTRUMENTS)
    assert {name: items for name, (items, _) in MHT_SCALES.items()} == {
        name: scale.high
        for name, scale in REGISTRY["MHT"].scales.items()
        if name not in ("total", "validity")
    }
    assert set(SDQ_SCALES) < set(REGISTRY["SDQ"].scales)
    assert set(NORMS) - {""} <= set(REGISTRY["SDQ"].norms)
    assert REGISTRY["MHT"].validity.invalid_from == MHT_INVALID_FROM


def test_simulated_subjects_are_known():
    assert set(grades.SUBJECTS) <= set(SUBJECTS)
