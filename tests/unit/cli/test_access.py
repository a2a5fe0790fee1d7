import pytest
from typer.testing import CliRunner

from dropout_risk.access.api_keys import ApiKeys
from dropout_risk.access.audit import open_audit
from dropout_risk.cli import app
from dropout_risk.exchange.pseudonyms import make_key
from support.asking import FAR, SECRET


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def made(tmp_path):
    (tmp_path / "secret").write_bytes(SECRET)

    def make(name, *more):
        where = ("--keys", tmp_path / "keys.json", "--secret", tmp_path / "secret")
        return run("api-key", "make", name, *where, "--until", FAR.isoformat(), *more)

    return make


def test_a_key_is_printed_once_listed_without_its_secret_and_taken_back(made, tmp_path):
    token = made("roll", "--role", "principal", "--scope", "school", "--scope-id", "s-1").output.split()[-1]
    listed = run("api-key", "list", "--keys", tmp_path / "keys.json").output
    reader = ApiKeys.of_file(tmp_path / "keys.json", SECRET).reader(token, FAR.replace(year=2030))
    assert (reader.person, reader.roles) == ("roll", ("principal",))
    assert listed == f"roll\tprincipal\tschool\ts-1\t{FAR}\n"
    assert run("api-key", "revoke", "roll", "--keys", tmp_path / "keys.json").exit_code == 0
    assert run("api-key", "list", "--keys", tmp_path / "keys.json").output == ""


@pytest.mark.parametrize("wrong", [("--role", "king"), ("--role", "county", "--until", "soon")])
def test_a_key_that_cannot_be_is_refused_in_words(made, tmp_path, wrong):
    told = made("roll", *wrong)
    assert told.exit_code == 2
    assert "[DR30" in told.output
    assert not (tmp_path / "keys.json").exists()


def test_the_table_is_printed_in_both_languages():
    assert "| /v2/models/infer, /score, /score_features | counsellor |" in run("access").output
    assert "心理教师" in run("access", "--language", "zh").output


@pytest.fixture
def audit(tmp_path):
    url, key = f"sqlite:///{tmp_path}/audit.db", tmp_path / "key"
    make_key(key)
    opened = open_audit(url, key)
    opened.note("t-1", "/score", {"p-1": "class_teacher"}, model="county 1", request="r")
    opened.note("h-1", "/review", {"": "principal"}, model="county 1", request="r")
    return opened, ("--audit", url), ("--key", key)


def test_who_saw_a_pupil_is_printed_and_a_page_of_many_named_as_such(audit):
    _, url, key = audit
    lines = run("audit", "who-saw", "p-1", *url, *key).output.splitlines()
    assert [line.split("\t")[1:] for line in lines] == [
        ["t-1", "class_teacher", "/score", "p-1", "county 1"],
        ["h-1", "principal", "/review", "(a page of many pupils, perhaps this one)", "county 1"],
    ]
    assert len(run("audit", "who-saw", "p-2", *url, *key).output.splitlines()) == 1


def test_a_chain_that_holds_is_said_with_its_head_and_a_head_that_is_gone_is_an_error(audit):
    opened, url, _ = audit
    told = run("audit", "verify", *url)
    assert (told.exit_code, told.output.split()[-1]) == (0, opened.check().head)
    assert run("audit", "verify", *url, "--head", opened.check().head).exit_code == 0
    assert run("audit", "verify", *url, "--head", "x").exit_code == 1


def test_a_chain_that_is_broken_is_an_error_that_names_the_row(audit):
    opened, url, _ = audit
    with opened._database.engine.connect().execution_options(writes=True) as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_same")
        connection.exec_driver_sql("UPDATE audit SET person = 'x' WHERE id = 1")
        connection.commit()
    told = run("audit", "verify", *url)
    assert (told.exit_code, "row 1" in told.output) == (1, True)


def test_an_audit_that_is_not_there_is_an_error_and_no_new_one(tmp_path):
    told = run("audit", "verify", "--audit", f"sqlite:///{tmp_path}/none.db")
    assert (told.exit_code, "DR624" in told.output) == (2, True)
    assert not (tmp_path / "none.db").exists()
