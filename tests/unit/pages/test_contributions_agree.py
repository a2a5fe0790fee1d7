"""The rows of a pupil's page against shap's own pictures of the same scores."""

import matplotlib as mpl
import numpy as np
import pytest

from dropout_risk.explanation.reason_choice import Facts
from dropout_risk.pages.axes import signed_number
from dropout_risk.pages.pupil_page import CardWriter, PupilPageWriter
from dropout_risk.pages.review import Review
from dropout_risk.scoring.readers.roles import role_named
from dropout_risk.simulate.district import simulate_district

AS_OF, COUNSELLOR = "2025-03-03", role_named("counsellor")


@pytest.fixture(scope="module")
def review(risk_model):
    return Review.of(
        risk_model, simulate_district(n_students=120, seed=5), AS_OF, language="zh", role=COUNSELLOR
    )


@pytest.fixture(scope="module")
def explained(review):
    return review.scores.explanation()


def facts_of(review, explained, row):
    """What each fact of a pupil adds up to, from shap's values alone; how many features it merges."""
    catalogue = review.model.catalogue
    facts = Facts.of(catalogue, np.full(len(catalogue), np.nan))
    values = np.asarray(explained.data[row], dtype=float)
    key = np.where(np.isnan(values), facts.missing, facts.told)
    sums = {number: explained.values[row][key == number].sum() for number in set(key.tolist())}
    return {catalogue.names[n]: (sums[key[n]], int((key == key[n]).sum())) for n in range(len(catalogue))}


def reasons_alone(review, explained, row):
    """Give the told reasons of a pupil that merge nothing."""
    pupil, told = review.scores.pupils[row], facts_of(review, explained, row)
    return [reason for reason in (*pupil.raising, *pupil.lowering) if told[reason.feature][1] == 1]


def test_every_row_is_the_sum_of_shaps_values_of_its_fact_and_all_rows_are_all_of_them(review, explained):
    for row, pupil in enumerate(review.scores.pupils):
        told = facts_of(review, explained, row)
        reasons = (*pupil.raising, *pupil.lowering)
        for reason in reasons:
            assert reason.contribution == pytest.approx(told[reason.feature][0], abs=1e-9)
        total = sum(reason.contribution for reason in reasons) + pupil.other
        assert total == pytest.approx(explained.values[row].sum(), abs=1e-9)
        assert pupil.base_log_odds == pytest.approx(np.ravel(explained.base_values)[row], abs=1e-9)


def test_the_page_prints_the_numbers_of_shaps_waterfall(review, explained):
    mpl.use("Agg")
    import shap
    from matplotlib import pyplot

    by_risk = sorted(range(len(review.scores.pupils)), key=lambda row: -review.scores.pupils[row].risk)
    worst = next(row for row in by_risk if reasons_alone(review, explained, row))
    pupil, alone = review.scores.pupils[worst], reasons_alone(review, explained, worst)
    shap.plots.waterfall(explained[worst], max_display=len(explained.feature_names) + 1, show=False)
    drawn = [text.get_text() for axes in pyplot.gcf().axes for text in axes.texts]
    pyplot.close("all")
    lines = PupilPageWriter(COUNSELLOR, CardWriter("zh", False))._reasons(pupil)

    numbers = [signed_number(line.contribution) for line in lines]
    for reason in alone:
        assert signed_number(reason.contribution) in numbers
        assert signed_number(reason.contribution) in drawn


def test_the_longest_bars_of_shap_are_told_where_no_variant_speaks_against_them(review, explained):
    """Shap's bar of a pupil and the page begin with the same fact, or the page says that it is elsewhere."""
    same = 0
    for row, pupil in enumerate(review.scores.pupils):
        told = facts_of(review, explained, row)
        reasons = (*pupil.raising, *pupil.lowering)
        if not reasons:
            continue
        heaviest = max(abs(total) for total, _ in told.values())
        ours = max(abs(reason.contribution) for reason in reasons)
        assert ours <= heaviest + 1e-9
        same += ours == pytest.approx(heaviest, abs=1e-9)
    assert same > 0.5 * len(review.scores.pupils)
