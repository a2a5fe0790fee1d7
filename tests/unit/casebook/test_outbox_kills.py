"""Senders are killed by a real SIGKILL: at every point of their work, and at any moment."""

import os
import random
import shutil
import signal
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from dropout_risk.casebook.notices.apprise_port import ApprisePort
from dropout_risk.casebook.notices.outbox import Outbox
from dropout_risk.casebook.notices.ports import LinePort
from support.notices import local_sink, open_clocked, open_quick, put_notices, states_of

CHANNELS = [f"ch-{n}" for n in range(4)]


def run_and_die(work):
    """Run in a process of its own; give whether it was killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def send_until(url, sink, last):
    """Send, and be killed at the point of that number: around each transaction, and around each send."""
    points = 0

    def pass_point():
        nonlocal points
        points += 1
        if points == last:
            os.kill(os.getpid(), signal.SIGKILL)

    book = open_quick(url)
    writing = book.writing

    @contextmanager
    def mortal_writing():
        pass_point()
        with writing() as connection:
            yield connection
            pass_point()  # written and not committed
        pass_point()

    class MortalPort(LinePort):
        def send(self, to, text):
            pass_point()
            result = super().send(to, text)
            pass_point()
            return result

    book.writing = mortal_writing
    Outbox(book).send(MortalPort(dict.fromkeys(CHANNELS, sink)))


def unclear_after(url, arrived):
    """Channels of which neither holds: it arrived once, or it is shown; and those that got it twice."""
    book = open_quick(url)
    states = {key.rpartition("/")[2]: state for key, state in states_of(book).items()}
    assert {*states.values()} <= {"sent", "unsure"}, states
    lost = [name for name, state in states.items() if state == "sent" and not arrived[name]]
    return lost, [name for name in states if arrived[name] > 1]


def arrived_in(sink):
    lines = sink.read_text("utf-8").splitlines() if sink.exists() else []
    return Counter(line.split("\t")[0] for line in lines)


@pytest.fixture(scope="module")
def full_book(tmp_path_factory):
    file = tmp_path_factory.mktemp("books") / "full.db"
    book = open_clocked(f"sqlite:///{file}")
    put_notices(book, *[(channel, channel, 1, 1) for channel in CHANNELS])
    book.close()
    return file


@pytest.fixture
def filled_book(full_book, tmp_path):
    """Gives the address of a fresh book in which all notices are queued."""
    return lambda name: f"sqlite:///{shutil.copy(full_book, tmp_path / f'{name}.db')}"


def test_killed_at_every_point_nothing_arrives_twice_and_everything_arrives_or_is_shown(
    tmp_path, filled_book
):
    kills = 0
    for point in range(1, 200):
        url, sink = filled_book(point), tmp_path / f"{point}.txt"
        if not run_and_die(lambda url=url, sink=sink, point=point: send_until(url, sink, point)):
            break
        kills += 1
        assert not run_and_die(lambda url=url, sink=sink: send_until(url, sink, None))
        assert unclear_after(url, arrived_in(sink)) == ([], [])
    assert kills >= 30


def test_killed_again_and_again_on_one_book_nothing_arrives_twice(tmp_path, filled_book):
    chance = random.Random(7)
    url, sink, kills = filled_book("book"), tmp_path / "sink.txt", 0
    while (last := chance.randrange(1, 9)) and run_and_die(lambda last=last: send_until(url, sink, last)):
        kills += 1
        assert kills < 100
    run_and_die(lambda: send_until(url, sink, None))

    assert kills >= 3
    assert unclear_after(url, arrived_in(sink)) == ([], [])


def test_killed_at_any_moment_while_a_server_is_answering_nothing_arrives_twice(filled_book):
    chance, kills = random.Random(3), 0
    answers = dict.fromkeys(CHANNELS, (200, b"{}", 0.01))
    with local_sink(**answers) as server:
        address = f"json://127.0.0.1:{server.server_port}"
        port = ApprisePort({name: f"{address}/{name}?:channel={name}" for name in CHANNELS})
        for sender in port._senders.values():
            next(iter(sender)).request_rate_per_sec = 0
        for number in range(12):
            url = filled_book(number)
            server.got.clear()
            child = os.fork()
            if child == 0:
                try:
                    Outbox(open_quick(url)).send(port)
                finally:
                    os._exit(0)
            time.sleep(chance.uniform(0.0, 0.4))
            os.kill(child, signal.SIGKILL)
            kills += os.WIFSIGNALED(os.waitpid(child, 0)[1])
            time.sleep(0.03)  # until the server has read what was under way
            Outbox(open_quick(url)).send(port)

            assert unclear_after(url, Counter(got["channel"] for got in server.got)) == ([], [])
    assert kills >= 3
