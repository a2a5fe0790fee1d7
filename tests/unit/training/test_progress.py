import pytest

from dropout_risk.training.train import Steps


def test_every_step_is_named_with_its_count(capsys):
    with Steps(shown=True) as steps:
        assert list(steps.each("features", "abc")) == ["a", "b", "c"]
        with steps.one("fit"):
            pass
    said = capsys.readouterr()
    assert "features" in said.err
    assert "3/3" in said.err
    assert "fit" in said.err
    assert said.out == ""


def test_silence_is_silent_and_errors_pass_through(capsys):
    with pytest.raises(KeyError), Steps(shown=False) as steps, steps.one("fit"):
        raise KeyError
    assert capsys.readouterr() == ("", "")


def test_an_error_stops_the_drawing():
    with pytest.raises(KeyError), Steps(shown=True) as steps, steps.one("fit"):
        raise KeyError
    assert not steps._bars.live.is_started


def test_what_counts_itself_is_drawn_as_it_goes(capsys):
    with Steps(shown=True) as steps:
        steps.tell("lightgbm", 1, 2)
        steps.tell("lightgbm", 2, 2)
    assert "tune lightgbm" in capsys.readouterr().err
    Steps(shown=False).tell("lightgbm", 1, None)
