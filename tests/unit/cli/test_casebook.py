"""``dropout-risk casebook``: the upkeep of a book from the command line."""

import json

import pandas as pd
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.seen import note_seen
from dropout_risk.casebook.tables import BOOK
from dropout_risk.cli import app
from support.casebook_county import County, open_book


def run(*words, code=0):
    done = CliRunner().invoke(app, ["casebook", *map(str, words)])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def kept(new_url, tmp_path_factory):
    """A book with its keys, made from the command line."""
    keys = tmp_path_factory.mktemp("keys") / "keys.toml"
    run("keys", "--keys", keys)
    url = new_url()
    book = open_book(url, NoteKeys.load(keys))
    County(pupils=60).work(book, 4)
    note_seen(book, "c-1", "p-7", "psychology")
    book.close()
    return url, keys


def change(url, statement):
    engine = open_book(url).engine
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(sa.text(statement))
    engine.dispose()


def test_check_says_that_all_laws_hold_and_that_notes_need_keys(kept):
    url, keys = kept
    assert "all laws hold" in run("check", "--book", url, "--keys", keys)
    assert "notes were not checked" in run("check", "--book", url)
    assert "各条规则都成立" in run("check", "--book", url, "--keys", keys, "--language", "zh")


def test_check_exits_with_1_and_names_the_broken_law_which_a_rebuild_mends(kept):
    url, _ = kept
    change(url, "UPDATE \"case\" SET owner = 'nobody' WHERE id = 1")
    told = run("check", "--book", url, code=1)
    assert "law 4" in told
    assert "cases 1" in told
    assert "p-" not in told
    assert run("rebuild", "--book", url).startswith("1 ")
    run("check", "--book", url)


def test_seen_says_who_has_looked(kept):
    url, _ = kept
    assert "c-1\tpsychology" in run("seen", "p-7", "--book", url)
    assert run("seen", "p-8", "--book", url, "--language", "zh") == "没有人查看过。\n"
    assert "no pupil of that id" in run("seen", "p-8888", "--book", url)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_export_holds_no_text_and_nothing_of_what_only_counsellors_know(kept, tmp_path, kind):
    url, _ = kept
    told = run("export", "--book", url, "--out", tmp_path, "--format", kind)
    book = open_book(url)
    care = {case.id for case in book.cases() if case.line == "care"}
    lines = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text("utf-8").splitlines()]
    entries = [entry for case in book.cases() if case.line == "school" for entry in book.entries(case.id)]

    assert care
    assert [(line["case"], line["seq"], line["hash"]) for line in lines] == [
        (entry.case, entry.seq, entry.hash) for entry in entries
    ]
    tables = ("entry", "case", "round", "signal", "standing", "school")
    assert {path.name for path in tmp_path.iterdir()} == {
        *(f"{name}.{kind}" for name in tables),
        "entries.jsonl",
    }
    read = pd.read_csv if kind == "csv" else pd.read_parquet
    frames = {path.stem: read(path) for path in tmp_path.glob(f"*.{kind}")}
    assert not care & {*frames["case"]["id"], *frames["entry"]["case"], *frames["round"]["case"]}
    for frame in frames.values():
        text = frame.to_csv()
        assert not any(word in text for word in ("critical_item", "care", "family is away", "note_mac"))
    assert "entry" in told


def test_a_complete_export_holds_every_table_and_still_no_text(kept, tmp_path):
    url, _ = kept
    run("export", "--book", url, "--out", tmp_path, "--complete")
    assert len([*tmp_path.glob("*.csv")]) == len(BOOK.tables)
    assert "critical_item" in (tmp_path / "case.csv").read_text("utf-8")
    assert "family is away" not in "".join(path.read_text("utf-8") for path in tmp_path.iterdir())


def test_keys_are_not_written_over_and_renewed_ones_read_what_was_written(kept, tmp_path):
    url, keys = kept
    copy = NoteKeys.load(keys).save(tmp_path / "old.toml")
    assert "is there already" in app_error("keys", "--keys", keys)
    run("renew-keys", "--book", url, "--keys", keys)
    run("check", "--book", url, "--keys", keys)
    assert len(NoteKeys.load(keys).encrypting) == 2
    run("renew-keys", "--book", url, "--keys", keys, "--forget-old")
    assert [*NoteKeys.load(keys).encrypting] == ["k3"]
    run("check", "--book", url, "--keys", keys)
    assert "law 4" in run("check", "--book", url, "--keys", copy, code=1)


def app_error(*words):
    """What a command says that ends with an error of ours."""
    told = run(*words, code=2)
    assert "Traceback" not in told
    return told


def test_a_book_that_is_not_there_and_one_that_cannot_be_are_said_so(tmp_path):
    for words, said in (
        (("check", "--book", f"sqlite:///{tmp_path}/none.db"), "no case book there"),
        (("upgrade", "--book", f"sqlite:///{tmp_path}/none.db"), "no case book there"),
        (("check", "--book", "mysql://somewhere/book"), "cannot be kept in mysql"),
        (("check", "--book", "book"), "address of the book is none"),
        (("export", "--book", "sqlite://", "--out", str(tmp_path)), "no case book there"),
    ):
        assert said in app_error(*words)
    assert [*tmp_path.iterdir()] == []


def test_an_upgrade_marks_a_book_of_today_and_changes_nothing_in_it(kept):
    url, keys = kept
    before = open_book(url).frames()
    assert "version 2" in run("upgrade", "--book", url)
    assert "version 2" in run("upgrade", "--book", url)
    run("check", "--book", url, "--keys", keys)
    after = open_book(url).frames()
    assert all(before[name].equals(after[name]) for name in before)
    with open_book(url).reading() as connection:
        marked = connection.scalars(sa.text("SELECT version_num FROM alembic_version"))
        assert marked.all() == ["2"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE casebook SET value = '7'", "newer version"),
        ("DELETE FROM casebook", "version 0"),
        ("UPDATE casebook SET value = 'x'", "version 0"),
    ],
)
def test_a_newer_book_and_one_without_a_version_are_named_and_left_alone(new_url, statement, said):
    url = new_url()
    open_book(url).close()
    change(url, statement)
    for command in ("upgrade", "check"):
        assert said in app_error(command, "--book", url)
