"""What leaves the system: two counts and a link, for whatever county, and nothing of any pupil."""

import re
from collections import Counter

import pytest

from dropout_risk.casebook.machine import LEVELS, OUTCOMES, STATES
from dropout_risk.casebook.notices.outbox import Outbox
from dropout_risk.casebook.notices.ports import LinePort
from dropout_risk.casebook.tables import OUTBOX
from dropout_risk.casebook.words import QUESTIONS
from dropout_risk.settings import BAND_WORDS, NoticeSettings
from support.casebook_county import RULES
from support.notices import GROUP, Clock, county_with_channels, open_clocked, run_mornings

LINK = "https://desk.example/today"
FORMS = {
    "zh": rf"\d+ 名学生等您处理，最久已等 \d+ 个上学日 {re.escape(LINK)}",
    "en": rf"\d+ pupil\(s\) wait for you, the longest for \d+ school day\(s\) {re.escape(LINK)}",
}


def county_sent(tmp_path, language, seed, days=4):
    """A county lives through some mornings, each of which is sent; its book, and the lines of the sink."""
    county, people = county_with_channels(seed, pupils=160)
    county.pupils = [
        pupil._replace(pupil=f"王小{n}明", village=f"柳树屯{n % 7}") for n, pupil in enumerate(county.pupils)
    ]
    book, sink = open_clocked(clock=Clock()), tmp_path / "sink.txt"
    run_mornings(book, county, people, days)
    with book.reading() as connection:
        channels = {row.channel for row in connection.execute(OUTBOX.select())}
    Outbox(book, NoticeSettings(link=LINK), language).send(LinePort(dict.fromkeys(channels, sink)))
    lines = [line.split("\t") for line in sink.read_text("utf-8").splitlines()]
    return county, people, book, lines


@pytest.mark.parametrize("language", FORMS)
@pytest.mark.parametrize("seed", [1, 2])
def test_no_message_holds_a_name_a_class_or_a_reason(tmp_path, language, seed):
    county, people, _, lines = county_sent(tmp_path, language, seed)
    texts = [text for _, text in lines]
    never = {part for pupil in county.pupils for part in pupil if part}
    never |= {grant.person for grant in people.grants} | {*RULES, *BAND_WORDS, *STATES, *OUTCOMES, *LEVELS}
    words = [word.text for question in QUESTIONS.values() for word in question.words]
    words += [*BAND_WORDS.values(), *STATES.values(), *(outcome.text for outcome in OUTCOMES.values())]
    never |= {text.to(language) for text in words} - {"学生"}  # whom the notice counts

    assert len(texts) > 5
    assert [text for text in texts if not re.fullmatch(FORMS[language], text)] == []
    told = "\n".join(texts).replace(LINK, "")
    assert [word for word in never if len(word) > 1 and word in told] == []


def test_a_group_is_told_once_and_of_no_case_that_only_counsellors_know(tmp_path):
    county, people, book, lines = county_sent(tmp_path, "zh", 3, days=1)
    day = county.school_days(1)[0]
    channels = {grant.person: grant.channel for grant in people.grants}
    due = Counter(channels[case.owner] for case in book.cases() if case.due <= day and case.line == "school")
    told = {to: int(text.split()[0]) for to, text in lines}

    assert len(told) == len(lines)
    assert {to: n for to, n in told.items() if to.startswith(GROUP)} == {
        to: n for to, n in due.items() if to.startswith(GROUP)
    }
    assert any(case.line == "care" for case in book.cases())


def test_moving_the_counsellors_into_the_groups_changes_nothing_that_the_groups_are_told(tmp_path):
    _, _, book, lines = county_sent(tmp_path, "zh", 3, days=3)
    with book.writing() as connection:
        connection.exec_driver_sql(
            "update outbox set state = 'queued', channel = 'group-1' where key like 'own/%'"
        )
        connection.exec_driver_sql("""update "grant" set channel = 'group-1' where role = 'counsellor'""")
        connection.exec_driver_sql("update outbox set state = 'queued' where channel = 'group-1'")
    sink = tmp_path / "again.txt"
    Outbox(book, NoticeSettings(link=LINK)).send(LinePort({"group-1": sink}))

    assert [line.split("\t") for line in sink.read_text("utf-8").splitlines()] == [
        line for line in lines if line[0] == "group-1"
    ]
