"""A book whose outbox is full, ports that are told what to answer, and a server to send to."""

import datetime as dt
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import sqlalchemy as sa

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.mornings.morning import run_morning
from dropout_risk.casebook.notices.ports import Sent
from dropout_risk.casebook.people import People
from dropout_risk.casebook.tables import GRANT, OUTBOX
from support.casebook_county import County

DAY = dt.date(2025, 9, 1)
NINE = dt.datetime(2025, 9, 1, 1)  # 09:00 in Shanghai
GROUP = "group"


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now=NINE):
        self.now = now

    def __call__(self):
        return self.now

    def pass_minutes(self, minutes):
        self.now += dt.timedelta(minutes=minutes)


class ToldPort:
    """Answers as it is told, and keeps what it was given."""

    def __init__(self, *answers, channels=None):
        self.answers, self.channels, self.given = [*answers], channels, []

    def knows(self, to):
        return self.channels is None or to in self.channels

    def send(self, to, text):
        self.given.append((to, text))
        return self.answers.pop(0) if self.answers else Sent()


def open_clocked(url="sqlite://", clock=None):
    return Book.open(url, now=clock or Clock())


def open_quick(url):
    """A book that does not wait for the disk: a killed process loses nothing by that."""
    book = open_clocked(url)
    book.close()
    sa.event.listen(
        book.engine, "connect", lambda connection, _: connection.execute("pragma synchronous=off")
    )
    return book


def put_notices(book, *rows, day=DAY):
    """Queue notices: (person, channel, count, oldest), and how the key begins where not by round."""
    made = [(*row, "round")[:5] for row in rows]
    with book.writing() as connection:
        connection.execute(OUTBOX.insert(), [
            {"key": f"{kind}/{day}/{person}", "to": person, "channel": channel, "count": count,
             "oldest": oldest, "state": "queued", "tries": 0, "next": None}
            for person, channel, count, oldest, kind in made
        ])  # fmt: skip
        known = {row[0] for row in connection.execute(GRANT.select())}
        fresh = {person: channel for person, channel, *_ in made if person not in known}
        if fresh:
            connection.execute(GRANT.insert(), [
                {"person": person, "role": "class_teacher", "scope": "pupil", "scope_id": "*", "from": DAY,
                 "channel": channel, "stands_for": ""} for person, channel in fresh.items()
            ])  # fmt: skip


def states_of(book):
    """The state of each notice, by key."""
    with book.reading() as connection:
        return {row.key: row.state for row in connection.execute(OUTBOX.select())}


def county_with_channels(seed=0, **sizes):
    """A county in which the teachers share four groups, and everybody else has a channel of their own."""
    county = County(seed, **sizes)
    grants = tuple(
        replace(grant, channel=f"{GROUP}-{n % 4}" if grant.role == "class_teacher" else f"own-{grant.person}")
        for n, grant in enumerate(county.people.grants)
    )
    return county, People(grants, county.people.absences)


def run_mornings(book, county, people, number=3):
    for day in county.school_days(number):
        run_morning(book, county.facts(day), people)


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body))
        status, answer, wait = self.server.answers.get(self.path, (200, b"{}", 0))
        time.sleep(wait)
        if status is None:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        if status in (301, 302):
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@contextmanager
def local_sink(**answers):
    """A server on this machine that keeps what it gets: status (None hangs up), body and seconds, by path."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    server.got, server.answers = [], {f"/{path}": answer for path, answer in answers.items()}
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
