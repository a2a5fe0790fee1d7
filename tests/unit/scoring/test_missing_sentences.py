from dropout_risk.scoring.request import score_request


def test_sentences_of_refused_tests_are_marked_and_stay_in_the_reply(risk_model):
    test = {"date": "2025-02-20", "instrument": "PHQ-9", "scale": "total", "score": 21, "valid": False}
    body = {"as_of": "2025-03-03", "language": "en", "students": [{"student_id": 1, "wellbeing": [test]}]}
    (pupil,) = score_request(risk_model, body).pupils

    assert any("PHQ-9" in sentence for sentence in pupil.missing_sensitive)
    assert not any("PHQ-9" in sentence for sentence in set(pupil.missing) - set(pupil.missing_sensitive))
    assert set(pupil.missing_sensitive) < set(pupil.missing)
    assert pupil.to_dict()["missing"] == list(pupil.missing)
    assert "missing_sensitive" not in pupil.to_dict()
