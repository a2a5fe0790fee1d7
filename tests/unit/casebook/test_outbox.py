import datetime as dt
import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk.casebook.notices.outbox import Outbox
from dropout_risk.casebook.notices.ports import Failed, LinePort, Sent, Unsure
from dropout_risk.casebook.people import Absence, Grant, People
from dropout_risk.casebook.tables import CLOCK, NO_CHANNEL, OUTBOX
from dropout_risk.errors import CaseConflictError, NoticeError
from dropout_risk.settings import NoticeSettings
from support.notices import DAY, Clock, ToldPort, open_clocked, put_notices, states_of

KEY = f"round/{DAY}/t-1"


def outbox_with(*rows, clock=None, **settings):
    book = open_clocked(clock=clock)
    put_notices(book, *rows)
    return Outbox(book, NoticeSettings(**settings))


def strike_clock(book, day):
    told = dict.fromkeys(("entries", "cases", "looks", "due"), 0)
    with book.writing() as connection:
        connection.execute(CLOCK.insert().values(day=day, recorded_at=book.now(), report={}, **told))


def test_people_of_one_group_are_told_once_with_the_sum():
    outbox = outbox_with(("t-1", "group", 3, 2), ("t-2", "group", 4, 7), ("t-3", "own", 1, 0))
    port = ToldPort()

    outbox.send(port)

    assert port.given == [
        ("group", "7 名学生等您处理，最久已等 7 个上学日"),
        ("own", "1 名学生等您处理，最久已等 0 个上学日"),
    ]
    assert {*states_of(outbox.book).values()} == {"sent"}


def test_what_was_sent_is_not_sent_again():
    outbox, port = outbox_with(("t-1", "own", 3, 2)), ToldPort()

    for _ in range(3):
        outbox.send(port)

    assert len(port.given) == 1


def test_a_failure_is_tried_again_later_and_later_and_then_given_up():
    clock = Clock()
    outbox, port = outbox_with(("t-1", "own", 3, 2), clock=clock), ToldPort(*[Failed("refused")] * 9)
    tried = []
    for minute in range(200):
        before = len(port.given)
        outbox.send(port)
        if len(port.given) > before:
            tried.append(minute)
        clock.pass_minutes(1)

    assert tried == [0, 5, 15, 35, 75]
    assert [item.state for item in outbox.stuck()] == ["failed"]


def test_while_a_channel_fails_later_notices_wait_and_go_with_the_earlier_ones():
    clock = Clock()
    outbox, port = outbox_with(("t-1", "group", 3, 2), clock=clock), ToldPort(Failed("refused"))
    outbox.send(port)
    put_notices(outbox.book, ("t-2", "group", 1, 0))

    outbox.send(port)
    clock.pass_minutes(5)
    outbox.send(port)

    assert [text[0] for _, text in port.given] == ["3", "4"]


def test_a_later_morning_tells_all_that_waits():
    outbox, port = (
        outbox_with(("t-1", "group", 3, 2), ("t-2", "group", 1, 9), ("t-3", "own", 4, 1)),
        ToldPort(),
    )
    put_notices(outbox.book, ("t-1", "group", 2, 3), day=DAY + dt.timedelta(1))

    outbox.send(port)

    assert port.given == [
        ("group", "2 名学生等您处理，最久已等 3 个上学日"),
        ("own", "4 名学生等您处理，最久已等 1 个上学日"),
    ]
    assert {*states_of(outbox.book).values()} == {"sent"}


def test_what_the_last_morning_does_not_tell_is_told_no_more():
    outbox, port = (
        outbox_with(("t-1", "group", 3, 2), ("t-2", "group", 1, 9), ("t-3", "own", 4, 1)),
        ToldPort(),
    )
    later = DAY + dt.timedelta(1)
    put_notices(outbox.book, ("t-1", "group", 2, 3), day=later)
    strike_clock(outbox.book, later)
    assert [notice.channel for notice in outbox.due()] == ["group"]

    assert outbox.send(port).outdated == 1
    assert port.given == [("group", "2 名学生等您处理，最久已等 3 个上学日")]
    assert {*states_of(outbox.book)} == {f"round/{DAY}/t-1", f"round/{DAY}/t-2", f"round/{later}/t-1"}


def test_a_notice_of_an_earlier_morning_is_settled_and_not_queued_again():
    outbox = outbox_with(("t-1", "own", 3, 2))
    outbox.send(ToldPort(Unsure("timeout")))
    strike_clock(outbox.book, DAY + dt.timedelta(1))

    with pytest.raises(NoticeError, match="earlier morning"):
        outbox.queue_again([KEY])
    outbox.mark_told([KEY])
    assert states_of(outbox.book) == {KEY: "sent"}


def test_what_a_person_alone_knows_of_is_told_with_the_rest_on_a_channel_of_their_own():
    outbox, port = outbox_with(("c-1", "own", 3, 2), ("c-1", "own", 1, 5, "own")), ToldPort()

    outbox.send(port)

    assert port.given == [("own", "4 名学生等您处理，最久已等 5 个上学日")]


def test_what_may_have_arrived_is_never_sent_again_by_machine():
    clock = Clock()
    outbox, port = outbox_with(("t-1", "own", 3, 2), clock=clock), ToldPort(Unsure("timeout"))
    for _ in range(30):
        outbox.send(port)
        clock.pass_minutes(60)

    assert len(port.given) == 1
    assert [(item.key, item.state) for item in outbox.stuck()] == [(KEY, "unsure")]


def test_a_person_queues_it_again():
    outbox, port = outbox_with(("t-1", "own", 3, 2)), ToldPort(Unsure("timeout"))
    outbox.send(port)

    outbox.queue_again([KEY])
    outbox.send(port)

    assert (len(port.given), states_of(outbox.book)) == (2, {KEY: "sent"})


def test_a_person_says_that_it_arrived():
    outbox, port = outbox_with(("t-1", "own", 3, 2)), ToldPort(Unsure("timeout"))
    outbox.send(port)

    outbox.mark_told([KEY])
    outbox.send(port)

    assert (len(port.given), outbox.stuck()) == (1, [])


@pytest.mark.parametrize("settle", [Outbox.queue_again, Outbox.mark_told])
def test_nobody_settles_what_is_not_stuck_and_then_nothing_is_changed(settle):
    outbox = outbox_with(("t-1", "own", 3, 2), ("t-2", "other", 1, 0))
    outbox.send(ToldPort(Unsure("timeout")))
    before = states_of(outbox.book)

    with pytest.raises(NoticeError, match="1 of 2"):
        settle(outbox, [f"round/{DAY}/t-2", KEY])

    assert states_of(outbox.book) == before


def test_what_was_being_sent_when_the_process_died_is_unsure():
    outbox = outbox_with(("t-1", "own", 3, 2))
    outbox._take("own")  # and dies
    port = ToldPort()

    outbox.send(port)

    assert (port.given, [item.state for item in outbox.stuck()]) == ([], ["unsure"])


@pytest.mark.parametrize(
    ("hour", "quiet"), [(12.98, False), (13, True), (18, True), (22.99, True), (23, False)]
)
def test_nothing_is_sent_in_quiet_hours_by_the_clock_of_the_county(hour, quiet):
    clock = Clock(dt.datetime(2025, 9, 1) + dt.timedelta(hours=hour))  # 21:00 in Shanghai is 13:00 in UTC
    outbox, port = outbox_with(("t-1", "own", 3, 2), clock=clock), ToldPort()

    done = outbox.send(port)

    assert (done.is_quiet, len(port.given)) == (quiet, not quiet)
    assert states_of(outbox.book)[KEY] == ("queued" if quiet else "sent")


def test_hours_that_begin_and_end_alike_are_never_quiet():
    clock = Clock(dt.datetime(2025, 9, 1, 15))
    outbox = outbox_with(("t-1", "own", 3, 2), clock=clock, quiet_from="07:00", quiet_until="07:00")

    assert outbox.send(ToldPort()).counts()["sent"] == 1


def test_an_unknown_channel_is_named_and_its_notices_wait():
    outbox, port = outbox_with(("t-1", "own", 3, 2), ("t-2", "other", 1, 1)), ToldPort(channels={"own"})

    done = outbox.send(port)

    assert (done.unknown, len(port.given)) == (["other"], 1)
    assert states_of(outbox.book)[f"round/{DAY}/t-2"] == "queued"


def test_who_has_no_channel_is_counted_and_told_nothing():
    outbox = outbox_with(("t-1", NO_CHANNEL, 3, 2), ("t-2", "own", 1, 1))
    with outbox.book.writing() as connection:
        connection.exec_driver_sql("""update "grant" set channel = null where person = 't-1'""")
    port = ToldPort()

    outbox.send(port)

    assert (outbox.without_channel(), [to for to, _ in port.given]) == (1, ["own"])


def test_cases_that_only_counsellors_know_of_are_in_no_count_of_a_shared_channel():
    outbox = outbox_with(("t-1", "group", 3, 2), ("c-1", "group", 9, 9, "own"), ("c-2", "c-2", 1, 1, "own"))
    port = ToldPort()

    outbox.send(port)

    assert [(to, text[0]) for to, text in port.given] == [("c-2", "1"), ("group", "3")]


def test_a_deputy_is_told_by_a_channel_of_their_own():
    day = dt.date(2025, 3, 4)
    people = People(
        (
            Grant("t-1", "class_teacher", "pupil", deputy="t-2", channel="of t-1"),
            Grant("t-2", "class_teacher", "pupil", channel="of t-2"),
        ),
        (Absence("t-1", day, day + dt.timedelta(1)),),
    )

    assert {grant.channel for grant in people.live_grants(day) if grant.person == "t-2"} == {"of t-2", None}


def test_what_is_due_is_told_without_changing_anything():
    outbox = outbox_with(("t-1", "group", 3, 2), ("t-2", "group", 4, 7))
    before = states_of(outbox.book)

    assert [(notice.channel, notice.count, notice.oldest) for notice in outbox.due()] == [("group", 7, 7)]
    assert states_of(outbox.book) == before


def test_a_second_sender_is_turned_away(tmp_path):
    book = open_clocked(f"sqlite:///{tmp_path / 'book.db'}")
    put_notices(book, ("t-1", "own", 3, 2))

    class Meanwhile(ToldPort):
        def send(self, to, text):
            with pytest.raises(CaseConflictError, match="Another process"):
                Outbox(open_clocked(str(book.engine.url))).send(ToldPort())
            return super().send(to, text)

    port = Meanwhile()
    Outbox(book).send(port)

    assert (len(port.given), states_of(book)) == (1, {KEY: "sent"})


def test_senders_at_once_take_each_notice_once_even_without_the_lock(tmp_path):
    url, taken = f"sqlite:///{tmp_path / 'book.db'}", []
    put_notices(open_clocked(url), *[(f"t-{n}", f"ch-{n % 10}", 1, 1) for n in range(40)])
    start = threading.Barrier(4)

    def take():
        outbox = Outbox(open_clocked(url))
        start.wait()
        for number in range(10):
            notice = outbox._take(f"ch-{number}")
            if notice:
                taken.extend(notice.tries)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(f"round/{DAY}/t-{n}" for n in range(40))


def test_processes_that_send_at_once_send_nothing_twice(tmp_path):
    url, sink = f"sqlite:///{tmp_path / 'book.db'}", tmp_path / "sink.txt"
    book = open_clocked(url)
    put_notices(book, *[(f"t-{n}", f"ch-{n}", 1, 1) for n in range(15)])
    book.close()
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            try:
                port = LinePort({f"ch-{n}": sink for n in range(15)})
                for _ in range(20):
                    try:
                        Outbox(open_clocked(url)).send(port)
                    except CaseConflictError:
                        continue
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)

    told = [line.split("\t")[0] for line in sink.read_text("utf-8").splitlines()]
    assert sorted(told) == sorted(f"ch-{n}" for n in range(15))


RESULTS = st.sampled_from([Sent(), Failed("refused"), Unsure("timeout")])


@settings(max_examples=60, deadline=None)
@given(st.lists(RESULTS, max_size=25), st.integers(1, 5), st.integers(1, 4))
def test_whatever_happens_each_notice_arrives_at_most_once_or_is_shown(answers, people, most_tries):
    clock = Clock()
    outbox = outbox_with(
        *[(f"t-{n}", f"ch-{n}", 1, 1) for n in range(people)],
        clock=clock, most_tries=most_tries, quiet_from="00:00", quiet_until="00:00",
    )  # fmt: skip
    may_have_arrived, given_answers = {}, []

    class Noting(ToldPort):
        def send(self, to, text):
            answer = super().send(to, text)
            given_answers.append(answer)
            may_have_arrived[to] = may_have_arrived.get(to, 0) + (not isinstance(answer, Failed))
            return answer

    port = Noting(*answers)
    for _ in range(8):
        outbox.send(port)
        clock.pass_minutes(1000)

    assert max(may_have_arrived.values(), default=0) <= 1
    assert {*states_of(outbox.book).values()} <= {"sent", "unsure", "failed"}
    assert len(outbox.stuck()) == people - sum(isinstance(answer, Sent) for answer in given_answers)
    with outbox.book.reading() as connection:
        assert all(row.tries <= most_tries for row in connection.execute(OUTBOX.select()))
