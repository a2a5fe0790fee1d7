"""Feedback is an entry, is counted by model and feature, and takes nothing of a pupil with it."""

import datetime as dt

import pytest

from dropout_risk.casebook.lessons.feedback import (
    OTHER_FEATURES,
    feedback_counts,
    feedback_frame,
    write_feedback,
)
from dropout_risk.errors import CaseRefusedError, UnknownFeatureError
from support.casebook_county import open_book

DAY = dt.date(2025, 9, 1)
ABSENCE, MARKS = "absence_share_20d", "mean_percentile_year"


def opened_case(book, pupil, line="school"):
    data = {
        "pupil": pupil,
        "school": "s",
        "line": line,
        "rule": "listed",
        "level": 0,
        "owner": "t",
        "due": str(DAY),
    }
    return book.write("open", DAY, "t", f"open/{pupil}/{line}", data=data, today=DAY)


def say(book, case, by="t", **answers):
    return write_feedback(book, case, answers, run="0.1.0", day=DAY, by=by, today=DAY)


def test_feedback_is_counted_without_pupils_people_or_days():
    book = open_book("sqlite://")
    say(book, opened_case(book, "p-1"), absence_share_20d="对")
    say(book, opened_case(book, "p-2"), absence_share_20d="wrong")

    frame = feedback_frame(book)

    assert frame.to_dict("list") == {
        "run": ["0.1.0"] * 2, "feature": [ABSENCE] * 2, "word": ["right", "wrong"]
    }  # fmt: skip


def test_the_last_word_of_a_person_counts_and_that_of_another_beside_it():
    book = open_book("sqlite://")
    case = say(book, opened_case(book, "p-1"), absence_share_20d="right")
    case = say(book, case, absence_share_20d="known")
    say(book, case, by="h", absence_share_20d="no_help")

    assert feedback_frame(book)["word"].tolist() == ["known", "no_help"]


@pytest.mark.parametrize("answers", [{ABSENCE: "perhaps"}, {ABSENCE: ""}, {}])
def test_a_word_that_is_none_is_refused(answers):
    book = open_book("sqlite://")

    with pytest.raises(CaseRefusedError, match="no word that is known"):
        say(book, opened_case(book, "p-1"), **answers)


def test_feedback_without_the_version_of_the_model_is_refused():
    book = open_book("sqlite://")

    with pytest.raises(CaseRefusedError, match="run is missing"):
        write_feedback(book, opened_case(book, "p"), {ABSENCE: "right"}, run="", day=DAY, by="t", today=DAY)


def test_an_unknown_feature_is_refused_by_its_nearest_name():
    book = open_book("sqlite://")

    with pytest.raises(UnknownFeatureError, match="absence_share_20d"):
        say(book, opened_case(book, "p-1"), absense_share_20d="right")


def test_what_is_said_of_a_test_stands_in_no_case_that_others_read_and_in_no_count():
    book = open_book("sqlite://")
    with pytest.raises(CaseRefusedError, match="test"):
        say(book, opened_case(book, "p-1"), mht_total="right")
    say(book, opened_case(book, "p-1", "care"), mht_total="right")

    assert feedback_frame(book).empty
    assert feedback_frame(book, "care")["feature"].tolist() == ["mht_total"]


def test_features_of_few_answers_stand_together():
    book = open_book("sqlite://")
    for number in range(12):
        case = say(
            book, opened_case(book, f"p-{number}"), absence_share_20d="right" if number < 9 else "no_help"
        )
        if number < 2:
            say(book, case, days_since_present="wrong")

    counts = feedback_counts(feedback_frame(book), fewest=3).set_index("feature")

    assert list(counts.index) == [OTHER_FEATURES]
    assert counts.loc[OTHER_FEATURES, ["right", "wrong", "no_help", "answers"]].tolist() == [9, 2, 3, 14]
    assert counts.loc[OTHER_FEATURES, "share_true"] == pytest.approx(9 / 11)


def test_a_book_without_feedback_has_no_counts():
    assert feedback_counts(feedback_frame(open_book("sqlite://"))).empty
