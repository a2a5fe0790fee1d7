import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dropout_risk.catalogue.alert_kinds import BELIED
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.explanation.reason_choice import LEAST, MOST, ChosenReasons, Facts, alert_bits

CATALOGUE = default_catalogue()
FEATURES = list(CATALOGUE.values())
N = len(CATALOGUE)
# few different sizes: facts of equal weight, members of equal weight, sums of exactly nothing
weight = st.sampled_from([0.0, 0.04, 0.05, -0.05, 0.3, -0.3, 0.7, -0.7, 1.1])
numbers = arrays(np.float64, (3, N), elements=weight | st.floats(-3, 3))
values = arrays(np.float64, (3, N), elements=st.sampled_from([np.nan, -0.2, 0.0, 0.2, 1.0]))
references = arrays(np.float64, N, elements=st.sampled_from([np.nan, 0.1, 0.2]))


def facts_by_hand(row):
    facts = {}
    for place, feature in enumerate(FEATURES):
        missing = np.isnan(row[place])
        fact = ("missing", feature.missing_sentence.en) if missing else (feature.family,)
        facts.setdefault(fact, []).append(place)
    return facts.values()


def fits_by_hand(place, row, stayed, total):
    monotone = FEATURES[place].worse
    if np.isnan(row[place]) or (row[place] == 0 and FEATURES[place].measure.of_records_kept):
        return False
    if FEATURES[place].faults and (total > 0) != (row[place] > 0):
        return False
    if monotone == 0:
        return True
    if FEATURES[place].negative_sentence is not None and monotone * row[place] * total <= 0:
        return False
    if np.isnan(stayed[place]):
        return True
    return monotone * (row[place] - stayed[place]) * total > 0


def chosen_by_hand(row, contributions, stayed):
    """Choose one pupil's reasons, one fact after the other."""
    sides, other = ([], []), 0.0
    for members in facts_by_hand(row):
        total = 0.0
        for member in members:
            total += float(contributions[member])
        fitting = [
            place
            for place in members
            if contributions[place] * total > 0 and fits_by_hand(place, row, stayed, total)
        ]
        speaker = max(fitting, key=lambda place: (abs(contributions[place]), -place), default=None)
        if abs(total) < LEAST or speaker is None:
            other += total
        else:
            sides[total < 0].append((-abs(total), speaker, total))
    for side in sides:
        side.sort()
        rest = 0.0
        for _, _, total in side[MOST:]:
            rest += total
        other += rest
    return [[(speaker, total) for _, speaker, total in side[:MOST]] for side in sides], other


@given(values, numbers, references)
def test_reasons_are_chosen_as_by_hand_to_the_bit(rows, contributions, stayed):
    chosen = ChosenReasons.of(Facts.of(CATALOGUE, stayed), rows, contributions)
    for row in range(len(rows)):
        sides, other = chosen_by_hand(rows[row], contributions[row], stayed)
        for side in range(2):
            told = chosen.speaker[row, side] >= 0
            found = zip(chosen.speaker[row, side][told], chosen.total[row, side][told], strict=True)
            assert list(found) == sides[side]
        assert chosen.other[row] == other


@given(values, numbers, references)
@pytest.mark.parametrize("kind", list(BELIED))
def test_beside_an_alert_nothing_that_it_belies_is_told_to_lower_the_risk_and_all_else_is_as_it_was(
    kind, rows, contributions, stayed
):
    facts = Facts.of(CATALOGUE, stayed)
    calm = ChosenReasons.of(facts, rows, contributions)
    alerted = np.array([alert_bits([kind]), 0, alert_bits([kind])])
    found = ChosenReasons.of(facts, rows, contributions, alerted=alerted)
    belied = np.array([bool({item.domain, item.family} & {*BELIED[kind]}) for item in FEATURES])

    assert belied.any()
    told = found.speaker[[0, 2], 1]
    assert not belied[told[told >= 0]].any()
    assert (found.speaker[:, 0] == calm.speaker[:, 0]).all()
    assert (found.speaker[1] == calm.speaker[1]).all()
    everything = found.total.sum(axis=(1, 2)) + found.other
    assert np.allclose(everything, contributions.sum(axis=1), rtol=0, atol=1e-9)


@given(numbers)
def test_that_nothing_is_on_record_of_a_family_is_no_reason(contributions):
    facts = Facts.of(CATALOGUE, np.full(N, np.nan))
    found = ChosenReasons.of(facts, np.zeros((3, N)), contributions)
    kept = {place for place, item in enumerate(FEATURES) if item.measure.of_records_kept}
    assert {FEATURES[place].domain for place in kept} == {"family"}
    assert not kept & {*found.features.tolist()}


def test_what_says_how_marks_go_speaks_with_one_voice():
    families = {CATALOGUE[name].family for name in CATALOGUE if "change" in name or "slope" in name}
    course = {"score_slope_200d", "score_last_against_own_mean_200d", "class_z_change_200d"}
    assert {CATALOGUE[name].family for name in course} == {"score_change"} <= families


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_layout_of_the_contributions_changes_nothing(order):
    rng = np.random.default_rng(0)
    contributions = rng.normal(size=(5, N))
    facts = Facts.of(CATALOGUE, np.full(N, np.nan))
    found = ChosenReasons.of(facts, np.zeros((5, N)), np.array(contributions, order=order))
    alone = [ChosenReasons.of(facts, np.zeros((1, N)), contributions[[row]]) for row in range(5)]
    for name in ("speaker", "total", "other", "domains", "causes"):
        together = np.concatenate([getattr(one, name) for one in alone])
        assert getattr(found, name).tobytes() == together.tobytes()
