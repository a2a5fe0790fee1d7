"""What families tell is held against the first reason, as a plain loop does it; small cells are withheld."""

import datetime as dt
import random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.casebook.lessons.difficulty import CAUSES_OF, difficulty_table, first_reasons
from dropout_risk.casebook.words import DIFFICULTIES
from dropout_risk.catalogue.feature import CAUSES
from dropout_risk.errors import EvaluationError
from support.casebook_county import open_book

DAY, NEXT = dt.date(2025, 9, 1), dt.date(2025, 9, 2)
WORDS = [word.key for word in DIFFICULTIES]


def book_of(told):
    """A case per entry of ``told``: a list of the difficulties of its contacts, one after the other."""
    book = open_book("sqlite://")
    for number, contacts in enumerate(told):
        data = {"pupil": f"p-{number}", "school": "s", "line": "school", "rule": "listed", "level": 0,
                "owner": "t", "due": str(DAY)}  # fmt: skip
        case = book.write("open", DAY, "t", f"o{number}", data=data, today=DAY)
        for turn, words in enumerate(contacts):
            met = {
                "way": "call",
                "met": ["mother"],
                "difficulty": words,
                "result": "promised",
                "due": str(NEXT),
            }
            case = book.write("meet", DAY, "t", f"m{number}/{turn}", case=case, data=met, today=DAY)
    return book


def reasons_of(causes, day=DAY):
    return pd.DataFrame({"student_id": [f"p-{n}" for n in range(len(causes))], "as_of": day, "cause": causes})


def test_every_difficulty_is_declared_and_agrees_with_known_causes_only():
    assert CAUSES_OF.keys() == set(WORDS) - {"unknown"}
    assert {cause for causes in CAUSES_OF.values() for cause in causes} <= CAUSES.keys()


def test_the_share_right_and_every_count_are_those_of_a_plain_loop():
    chance = random.Random(5)
    told = [[chance.sample(WORDS[:4] + WORDS[-1:], chance.choice((1, 2)))] for _ in range(150)]
    causes = [chance.choice(["learning", "poverty", "distance", "family"]) for _ in told]
    right, cells, cases = 0, {}, 0
    for (words,), cause in zip(told, causes, strict=True):
        known = [word for word in words if word != "unknown"]
        if not known:
            continue
        cases += 1
        right += any(cause in CAUSES_OF[word] for word in known)
        for word in known:
            cells[word, cause] = cells.get((word, cause), 0) + 1
    table = difficulty_table(book_of(told), reasons_of(causes), fewest=1)

    assert table.cases == cases
    assert table.right == pytest.approx(right / cases)
    assert {key: table.counts.loc[key] for key in cells} == cells
    assert table.no_word == len(told) - cases
    assert table.interval[0] < table.right < table.interval[1]


def test_by_chance_is_what_dealing_the_reasons_out_anew_gives_on_average():
    chance = random.Random(1)
    words = [chance.choice(("schoolwork", "poverty", "poverty", "far_way")) for _ in range(80)]
    causes = [CAUSES_OF[word][0] for word in words]
    table = difficulty_table(book_of([[[word]] for word in words]), reasons_of(causes))
    dealt = []
    for _ in range(2000):
        chance.shuffle(causes)
        dealt.append(sum(c in CAUSES_OF[w] for w, c in zip(words, causes, strict=True)) / len(words))

    assert table.right == 1
    assert table.by_chance == pytest.approx(sum(dealt) / len(dealt), abs=0.01)


def test_the_last_known_word_counts_and_not_that_it_is_not_clear():
    table = difficulty_table(
        book_of([[["poverty"], ["schoolwork"], ["unknown"]]]), reasons_of(["learning"]), fewest=1
    )

    assert (table.cases, table.right) == (1, 1.0)


@pytest.mark.parametrize(("days", "cases"), [(0, 1), (-5, 1), (-40, 0), (1, 0)])
def test_the_reason_is_that_of_the_day_or_shortly_before(days, cases):
    book, reasons = book_of([[["poverty"]]]), reasons_of(["poverty"], DAY + dt.timedelta(days))
    table = difficulty_table(book, reasons, fewest=1)

    assert (table.cases, table.no_reason) == (cases, 1 - cases)


@given(st.lists(st.tuples(st.sampled_from(WORDS[:-1]), st.sampled_from(sorted(CAUSES))), max_size=60))
def test_no_small_number_can_be_read_or_computed(pairs):
    from dropout_risk.casebook.lessons.difficulty import _counts_of

    shown = _counts_of([((word,), cause) for word, cause in pairs], 10)
    for _, row in shown.iterrows():
        cells, total = row.drop("told"), row["told"]
        known = [cell for cell in cells if cell is not pd.NA]
        assert all(cell == 0 or cell >= 10 for cell in known)
        if total is not pd.NA and len(known) < len(cells):
            assert total - sum(known) >= 10 or total - sum(known) == 0


def test_an_empty_book_has_no_share():
    table = difficulty_table(book_of([]), reasons_of([]))

    assert (table.cases, table.no_word, table.no_reason) == (0, 0, 0)
    assert table.right != table.right


def test_reasons_without_a_cause_are_refused():
    with pytest.raises(EvaluationError, match="cause"):
        difficulty_table(book_of([]), pd.DataFrame({"student_id": [], "as_of": []}))


def test_the_first_reasons_of_scores_are_those_that_raise_most(risk_model):
    from dropout_risk.simulate.district import simulate_district

    scores = risk_model.score(simulate_district(n_students=60, seed=1), "2025-03-03")
    frame = first_reasons(scores).set_index("student_id")

    for pupil in scores.pupils:
        if pupil.raising:
            strongest = max(pupil.raising, key=lambda reason: reason.contribution)
            assert frame.loc[str(pupil.student_id), ["feature", "cause"]].tolist() == [
                strongest.feature,
                strongest.cause,
            ]
    assert len(frame) == sum(bool(pupil.raising) for pupil in scores.pupils) > 10
