from dataclasses import replace

import pytest

import dropout_risk as dr
from dropout_risk.pages.watch_list_page import render_watch_list
from dropout_risk.scoring.score_rows import ScoredPupils, pupil_heads

AS_OF = "2025-06-02"


@pytest.fixture(scope="module")
def scores(risk_model):
    return risk_model.score(dr.simulate_district(n_students=250, seed=11), AS_OF, language="en")


@pytest.fixture(scope="module")
def objects(scores):
    return replace(scores, pupils=tuple(scores.pupils))


def test_scores_in_columns_are_a_sequence_of_scores(scores, objects):
    assert isinstance(scores.pupils, ScoredPupils)
    assert len(scores.pupils) == len(objects.pupils) > 100
    assert scores.pupils == objects.pupils
    assert scores.pupils != objects.pupils[1:]
    assert scores.pupils[3] == objects.pupils[3]
    assert scores.pupils[-1] == objects.pupils[-1]
    assert scores.pupils[5:1:-2] == objects.pupils[5:1:-2]
    assert list(scores.pupils.take([7, 2])) == [objects.pupils[7], objects.pupils[2]]
    with pytest.raises(IndexError):
        scores.pupils[len(scores.pupils)]
    assert "p-" not in repr(scores.pupils)


def test_what_decides_is_read_alike_from_columns_and_objects(scores, objects):
    assert list(pupil_heads(scores.pupils)) == list(pupil_heads(objects.pupils))
    assert any(head.alerted for head in pupil_heads(scores.pupils))


def test_a_watch_list_is_the_same_from_columns_and_from_objects(scores, objects):
    of_columns, of_objects = (dr.WatchList.of(given) for given in (scores, objects))
    assert of_columns.groups == of_objects.groups
    assert of_columns.state == of_objects.state
    assert of_columns.frame().equals(of_objects.frame())
    assert render_watch_list(of_columns, "en") == render_watch_list(of_objects, "en")
    assert of_columns.counts()["below_line"] > 50


def test_nobody_below_the_line_is_put_into_words_to_draw_it(scores, monkeypatch):
    read = []
    one = ScoredPupils.__iter__

    def counted(self):
        read.append(len(self))
        return one(self)

    monkeypatch.setattr(ScoredPupils, "__iter__", counted)
    counts = dr.WatchList.of(scores).counts()
    assert sum(read) <= counts["listed"] + counts["not_scored"] < counts["cohort"] / 2
