import numpy as np
import pytest

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.evaluation.questions.effects import FEWEST, PLACES, SHADES, Effects, effects_section

NAMES = ["absence_share_20d", "absence_share_60d", "distance_km"]
ROWS = 2000


@pytest.fixture(scope="module")
def effects():
    """Absence adds by its value, and more for those who live far away; distance alone adds nothing."""
    rng = np.random.default_rng(0)
    absence, far = rng.uniform(0, 0.5, ROWS), rng.uniform(0, 20, ROWS)
    gives = np.column_stack([absence * np.where(far > 10, 4.0, 2.0), 0.1 * absence, np.full(ROWS, 0.01)])
    values = np.column_stack([absence, absence, far])
    return Effects(default_catalogue().select(NAMES), values, gives, (absence > 0.45).astype(float))


def test_a_curve_follows_the_contribution_along_the_value(effects):
    points = effects.curve(0)
    means = [point["mean"] for point in points]

    assert means == sorted(means)
    assert all(point["low"] <= point["mean"] <= point["high"] for point in points)
    assert points[-1]["mean"] == pytest.approx(3 * points[-1]["value"], rel=0.1)


def test_the_pair_that_changes_each_other_is_found(effects):
    pair = next(effects.pairs())

    assert (pair["one"]["label"].en, pair["other"]["label"].en) == tuple(
        default_catalogue()[name].label.en for name in ("absence_share_20d", "distance_km")
    )
    assert pair["high"][-1]["mean"] > 1.5 * pair["low"][-1]["mean"]


def test_contributions_without_interaction_make_no_pair():
    rng = np.random.default_rng(1)
    values = rng.uniform(size=(ROWS, 3))
    made = Effects(default_catalogue().select(NAMES), values, values * [1.0, 0.5, 0.2], np.zeros(ROWS))

    assert list(made.pairs()) == []


def test_window_variants_are_one_fact_worded_by_the_heaviest(effects):
    assert effects.speakers == [0, 2]
    assert effects.fact(0) == pytest.approx(effects.contributions[:, :2].sum(axis=1))


def test_dots_lie_further_right_the_higher_the_value(effects):
    dots = np.array(effects.swarm()["facts"][0]["dots"])
    places = np.arange(PLACES) @ dots[:, :SHADES] / dots[:, :SHADES].sum(axis=0)

    assert (np.diff(places) > 0).all()
    assert dots[:, SHADES].sum() == 0


def test_no_dot_and_no_point_is_made_of_a_few_rows():
    few = Effects(default_catalogue().select(NAMES[:1]), np.zeros((4, 1)), np.ones((4, 1)), np.ones(4))
    section = effects_section(few)

    assert np.array(section.points["swarm"]["facts"][0]["dots"]).sum() == 0
    assert section.points["curves"][0]["points"] == []
    assert section.tables[0].rows[0][2:] == (None, None)
    assert FEWEST > 4


def test_the_list_beside_the_rest_is_that_of_plain_means(effects):
    absence = effects.values[:, 0]
    on, off = absence[effects.listed > 0].mean(), absence[effects.listed == 0].mean()

    assert effects.beside_the_rest().rows[0][2:] == (f"{on:.0%}", f"{off:.0%}")
