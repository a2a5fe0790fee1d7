import datetime as dt

import pytest
import typer
from typer.testing import CliRunner

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.notices.outbox import Outbox
from dropout_risk.casebook.notices.ports import Unsure
from dropout_risk.cli.notices import send_notices
from support.notices import DAY, ToldPort, open_clocked, put_notices, states_of

APP = typer.Typer()
APP.command()(send_notices)
ALWAYS = '[notices]\nquiet_from = "00:00"\nquiet_until = "00:00"\nlink = "https://desk.example"\n'
KEY = f"round/{DAY}/t-1"


class Desk:
    """A book with two notices, a file of channels, and the command."""

    def __init__(self, folder):
        self.folder, self.url = folder, f"sqlite:///{folder / 'book.db'}"
        self.book = open_clocked(self.url)
        put_notices(self.book, ("t-1", "group", 3, 2), ("t-2", "group", 4, 1))
        (folder / "channels.toml").write_text('group = "file:sink.txt"\n', "utf-8")
        self.set(ALWAYS)

    def set(self, text):
        (self.folder / "settings.toml").write_text(text, "utf-8")

    def run(self, *options, language="en"):
        files = ("--channels", self.folder / "channels.toml", "--settings", self.folder / "settings.toml")
        given = ["--book", self.url, *files, "--language", language, *options]
        return CliRunner().invoke(APP, [str(word) for word in given])

    def sink(self):
        file = self.folder / "sink.txt"
        return file.read_text("utf-8").splitlines() if file.exists() else []


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_notices_are_sent_once_and_counted(desk):
    first, second = desk.run(), desk.run()

    assert desk.sink() == ["group\t7 名学生等您处理，最久已等 2 个上学日 https://desk.example"]
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output.splitlines()[-1] == "1 sent, 0 failed, 0 unsure whether they arrived."
    assert second.output.splitlines() == [
        "No notice waits for a person.", "0 sent, 0 failed, 0 unsure whether they arrived.",
    ]  # fmt: skip


def test_a_dry_run_shows_what_would_be_sent_and_changes_nothing(desk):
    Outbox(desk.book)._take("group")
    put_notices(desk.book, ("t-3", "group", 1, 0))
    before = states_of(desk.book)

    told = desk.run("--dry-run", language="zh")

    assert (told.exit_code, desk.sink(), states_of(desk.book)) == (0, [], before)
    assert "待发送：group：1 名学生等您处理" in told.output
    assert "2条通知正在发送，或发送时中断。" in told.output


def test_what_is_stuck_is_shown_first_and_the_command_ends_with_1_until_a_person_settles_it(desk):
    Outbox(desk.book).send(ToldPort(Unsure("timeout")))
    put_notices(desk.book, ("t-9", "group", 1, 0))

    stuck = desk.run(language="zh")
    settled = desk.run("--again", KEY, "--told", f"round/{DAY}/t-2")

    assert stuck.output.startswith(f"不确定是否送达：{KEY}（通知渠道 group）。")
    assert (stuck.exit_code, settled.exit_code) == (1, 0)
    assert [line[:7] for line in desk.sink()] == ["group\t1", "group\t3"]


def test_what_was_broken_off_is_shown_first_in_the_same_run(desk):
    Outbox(desk.book)._take("group")

    told = desk.run()

    assert told.output.startswith("unsure whether it arrived: round/")
    assert (told.exit_code, desk.sink()) == (1, [])


def test_failures_unknown_channels_and_quiet_hours_are_told(desk):
    put_notices(desk.book, ("t-3", "nowhere", 1, 0))
    (desk.folder / "channels.toml").write_text('group = "file:no/such/folder.txt"\n', "utf-8")

    told = desk.run()
    zone = f"{dt.datetime.now(dt.UTC):%H}:00"
    desk.set(f'[notices]\nzone = "UTC"\nquiet_from = "{zone}"\nquiet_until = "{zone[:2]}:59:59"\n')
    with desk.book.writing() as connection:
        connection.exec_driver_sql("update outbox set next = null")
    quiet = desk.run(language="zh")

    assert "group: failed, nobody answers at the address" in told.output
    assert "does not name 'nowhere'" in told.output
    assert (told.exit_code, quiet.exit_code) == (1, 1)
    assert f"现在是免打扰时段（{zone}至" in quiet.output


def test_a_book_that_is_not_there_is_not_begun(desk):
    told = CliRunner().invoke(
        APP, ["--book", f"sqlite:///{desk.folder}/none.db", "--channels", str(desk.folder / "channels.toml")]
    )

    assert "There is no case book" in str(told.exception)
    with pytest.raises(Exception, match="no case book"):
        Book.open(f"sqlite:///{desk.folder}/none.db", create=False)
