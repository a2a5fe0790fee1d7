from dataclasses import replace

import pytest

import dropout_risk as dr
from dropout_risk.pages.watch_list_page import render_watch_list
from dropout_risk.scoring.population import Population
from dropout_risk.scoring.score_rows import pupil_heads
from dropout_risk.scoring.scored_pupils import ScoredPupils

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


@pytest.fixture
def worded(monkeypatch):
    """The pupils who were put into words, one entry for each time."""
    told, written = [], Population.written

    def counted(self, pupils, *, sentences=True, **rest):
        told.extend(pupils.tolist() if sentences else ())
        return written(self, pupils, sentences=sentences, **rest)

    monkeypatch.setattr(Population, "written", counted)
    return told


def test_only_listed_and_unjudged_pupils_are_put_into_words_for_a_list(scores, worded):
    counts = dr.WatchList.of(scores).counts()
    assert len(worded) == len(set(worded)) <= counts["listed"] + counts["not_scored"] < counts["cohort"] / 2


def test_scoring_everybody_puts_nobody_into_words(risk_model, worded):
    scores = risk_model.score(dr.simulate_district(n_students=60, seed=5), AS_OF)
    assert len(list(pupil_heads(scores.pupils))) == len(scores) > 30
    assert worded == []
    assert [len(list(scores)), len(worded)] == [len(scores), len(scores)]
