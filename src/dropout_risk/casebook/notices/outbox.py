"""The outbox: notices that wait, are being sent, arrived or failed; or nobody knows, and a person asks.

A notice is taken and marked in one transaction, sent outside of any, and then recorded. Whoever dies between
the two leaves it *unsure*: it may have arrived, so no machine sends it again.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import sqlalchemy as sa

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.notices.notice import Notice, morning_of_key
from dropout_risk.casebook.notices.ports import Failed, Port, SendResult, Sent, Unsure
from dropout_risk.casebook.tables import CLOCK, DIGESTS, GRANT, NO_CHANNEL, OUTBOX
from dropout_risk.errors import CaseConflictError, NoticeError
from dropout_risk.settings import NoticeSettings
from dropout_risk.text import Language, Text

State = Literal["queued", "sending", "sent", "failed", "unsure"]
OUTBOX_WORDS: dict[State, Text] = {
    "queued": Text(zh="待发送", en="queued"),
    "sending": Text(zh="发送中", en="being sent"),
    "sent": Text(zh="已送达", en="sent"),
    "failed": Text(zh="发送失败", en="failed"),
    "unsure": Text(zh="不确定是否送达", en="unsure whether it arrived"),
}
STUCK: tuple[State, ...] = ("unsure", "failed")
"""What waits for a person: the first may have arrived, the second has not."""


@dataclass(frozen=True)
class Stuck:
    """A notice that no machine will send: its ``key``, ``to`` whom, the ``channel`` and the ``state``."""

    key: str
    to: str
    channel: str
    state: State


@dataclass(frozen=True)
class Sending:
    """What one run did.

    Parameters
    ----------
    told : list of tuple of Notice and SendResult
        Every message that was given to a port, and what became of it.
    is_quiet : bool
        Whether quiet hours kept something back.
    unknown : list of str
        Channels that the file of channels does not name.
    outdated : int
        How many notices of earlier mornings were taken out unsent: by the last one nothing waits there.
    """

    told: list[tuple[Notice, SendResult]] = field(default_factory=list)
    is_quiet: bool = False
    unknown: list[str] = field(default_factory=list)
    outdated: int = 0

    def counts(self) -> dict[str, int]:
        """Count messages by what became of them."""
        counted = Counter(type(result) for _, result in self.told)
        return {"sent": counted[Sent], "failed": counted[Failed], "unsure": counted[Unsure]}


class Outbox:
    """The outbox of a book.

    Parameters
    ----------
    book : Book
    settings : NoticeSettings, optional
    language : {"zh", "en"}, default="zh"

    Examples
    --------
    >>> from dropout_risk.casebook.notices.ports import LinePort
    >>> outbox = Outbox(Book.open("sqlite://"))
    >>> outbox.send(LinePort({})).counts(), outbox.stuck()
    ({'sent': 0, 'failed': 0, 'unsure': 0}, [])
    """

    def __init__(self, book: Book, settings: NoticeSettings | None = None, language: Language = "zh") -> None:
        self.book, self.language = book, language
        self.settings = settings or NoticeSettings()

    # --- What a person reads and decides ---

    def stuck(self) -> list[Stuck]:
        """Give what waits for a person, the unsure first."""
        columns = (OUTBOX.c.key, OUTBOX.c.to, OUTBOX.c.channel, OUTBOX.c.state)
        asked = sa.select(*columns).where(OUTBOX.c.state.in_(STUCK))
        with self.book.reading() as connection:
            rows = connection.execute(asked.order_by(OUTBOX.c.state.desc(), OUTBOX.c.key))
            return [Stuck(*row) for row in rows]

    def states(self) -> Mapping[str, int]:
        """Count notices by their state."""
        asked = sa.select(OUTBOX.c.state, sa.func.count()).group_by(OUTBOX.c.state)
        with self.book.reading() as connection:
            counted = {row[0]: row[1] for row in connection.execute(asked)}
        return {state: counted.get(state, 0) for state in OUTBOX_WORDS}

    def without_channel(self) -> int:
        """Count the people who may act this morning and have named no channel."""
        told = sa.select(GRANT.c.person).where(GRANT.c.channel.is_not(None))
        asked = sa.select(sa.func.count(GRANT.c.person.distinct())).where(GRANT.c.person.not_in(told))
        with self.book.reading() as connection:
            return connection.scalar(asked) or 0

    def queue_again(self, keys: Collection[str]) -> None:
        """Queue stuck notices anew, since a person says so.

        NoticeError where one is not stuck, or tells of an earlier morning than the last one.
        """
        last = self.book.today()
        old = [key for key in {*keys} if last is not None and morning_of_key(key) < last.isoformat()]
        if old:
            raise NoticeError(
                f"{len(old)} notice(s) tell of an earlier morning, and what waits has changed since.",
                hint="nothing was changed; the last morning tells anew: settle them with --told",
            )
        self._settle(keys, "queued")

    def mark_told(self, keys: Collection[str]) -> None:
        """Settle stuck notices of which a person knows that they arrived, or has told by another way."""
        self._settle(keys, "sent")

    def _settle(self, keys: Collection[str], state: State) -> None:
        stuck = OUTBOX.c.key.in_({*keys}) & OUTBOX.c.state.in_(STUCK)
        changed = OUTBOX.update().where(stuck).values(state=state, tries=0, next=None)
        with self.book.writing() as connection:
            found = connection.execute(changed).rowcount
            if found != len({*keys}):
                raise NoticeError(
                    f"{len({*keys}) - found} of {len({*keys})} notice(s) are neither unsure nor failed.",
                    hint="nothing was changed; dropout-risk casebook send --dry-run names those that are",
                )

    # --- Sending ---

    def due(self) -> list[Notice]:
        """Give the messages that would be sent now, if no hour were quiet."""
        now = self.book.now()
        with self.book.reading() as connection:
            channels = _due_channels(connection, now)
            rows = connection.execute(sa.select(OUTBOX).where(_is_sendable(connection, now))).all()
            last = _last_morning(connection)
        found = (Notice.of_rows(name, [row for row in rows if row.channel == name]) for name in channels)
        return [notice for notice in found if notice.morning >= last]

    def send(self, port: Port) -> Sending:
        """Send what is queued and due, one message a channel.

        Raises
        ------
        CaseConflictError
            If another process is sending.
        """
        with _sending_alone(self.book):
            self._mark_unsure()
            return self._send_each(port)

    def doubt_broken(self) -> None:
        """Mark as unsure what was being sent by somebody who died."""
        with _sending_alone(self.book):
            self._mark_unsure()

    def _mark_unsure(self) -> None:
        broken = OUTBOX.update().where(OUTBOX.c.state == "sending")
        with self.book.writing() as connection:
            connection.execute(broken.values(state="unsure"))

    def _send_each(self, port: Port) -> Sending:
        with self.book.reading() as connection:
            channels = _due_channels(connection, self.book.now())
        unknown = [name for name in channels if not port.knows(name)]
        told: list[tuple[Notice, SendResult]] = []
        outdated = 0
        for channel in channels:
            if channel in unknown:
                continue
            if self.settings.is_quiet(self.book.now()):
                return Sending(told, is_quiet=True, unknown=unknown, outdated=outdated)
            outdated += self._drop_outdated(channel)
            notice = self._take(channel)
            if notice is not None:
                result = port.send(channel, notice.text(self.settings, self.language))
                self._record(notice, result)
                told.append((notice, result))
        return Sending(told, unknown=unknown, outdated=outdated)

    def _drop_outdated(self, channel: str) -> int:
        """Take out what is queued for a channel for which the last morning has nothing: true no more."""
        with self.book.reading() as connection:
            if not _outdated_keys(connection, channel, self.book.now()):
                return 0
        with self.book.writing() as connection:
            keys = _outdated_keys(connection, channel, self.book.now())
            return connection.execute(OUTBOX.delete().where(OUTBOX.c.key.in_(keys))).rowcount

    def _take(self, channel: str) -> Notice | None:
        """Take all that is queued for a channel; what somebody else has taken is not among it."""
        with self.book.writing() as connection:
            mine = _is_sendable(connection, self.book.now()) & (OUTBOX.c.channel == channel)
            taken = OUTBOX.update().where(mine).values(state="sending", tries=OUTBOX.c.tries + 1)
            rows = connection.execute(taken.returning(*OUTBOX.columns)).all()
        return Notice.of_rows(channel, rows) if rows else None

    def _record(self, notice: Notice, result: SendResult) -> None:
        with self.book.writing() as connection:
            for key, tries in notice.tries.items():
                mine = (OUTBOX.c.key == key) & (OUTBOX.c.state == "sending") & (OUTBOX.c.tries == tries)
                values = self._after(result, tries)
                connection.execute(OUTBOX.update().where(mine).values(**values))

    def _after(self, result: SendResult, tries: int) -> dict[str, object]:
        if not isinstance(result, Failed):
            return {"state": "sent" if isinstance(result, Sent) else "unsure", "next": None}
        if tries >= self.settings.most_tries:
            return {"state": "failed", "next": None}
        minutes = self.settings.backoff_minutes * 2 ** (tries - 1)
        return {"state": "queued", "next": self.book.now() + dt.timedelta(minutes=minutes)}


def _last_morning(connection: sa.Connection) -> str:
    """Give the day of the last morning as keys have it; empty before the first."""
    day: dt.date | None = connection.scalar(sa.select(sa.func.max(CLOCK.c.day)))
    return day.isoformat() if day else ""


def _outdated_keys(connection: sa.Connection, channel: str, now: dt.datetime) -> Sequence[str]:
    """Name what is queued for a channel where none of it is of the last morning."""
    mine = _is_sendable(connection, now) & (OUTBOX.c.channel == channel)
    keys = connection.scalars(sa.select(OUTBOX.c.key).where(mine)).all()
    return () if max(map(morning_of_key, keys), default="") >= _last_morning(connection) else keys


def _is_sendable(connection: sa.Connection, now: dt.datetime) -> sa.ColumnElement[bool]:
    """Ask for what is queued and due; what is for its owner alone only where nobody shares the channel."""
    sharing = sa.select(GRANT.c.channel).where(GRANT.c.channel.is_not(None)).group_by(GRANT.c.channel)
    shared = connection.scalars(sharing.having(sa.func.count(GRANT.c.person.distinct()) > 1)).all()
    return (
        (OUTBOX.c.state == "queued")
        & (OUTBOX.c.channel != NO_CHANNEL)
        & (OUTBOX.c.next.is_(None) | (OUTBOX.c.next <= now))
        & (OUTBOX.c.key.not_like(f"{DIGESTS['care']}/%") | OUTBOX.c.channel.not_in(shared))
    )


def _due_channels(connection: sa.Connection, now: dt.datetime) -> list[str]:
    """Name the channels for which something waits, and that are not waiting after a failure themselves."""
    failing = sa.select(OUTBOX.c.channel).where(OUTBOX.c.state == "queued", OUTBOX.c.next > now)
    asked = (
        sa.select(OUTBOX.c.channel)
        .distinct()
        .where(_is_sendable(connection, now), OUTBOX.c.channel.not_in(failing))
    )
    return sorted(connection.scalars(asked))


_LOCK = 720_313


@contextmanager
def _sending_alone(book: Book) -> Iterator[None]:
    """Be the only process that sends: the lock goes with the process, however it ends."""
    if book.engine.dialect.name == "postgresql":
        with book.reading() as connection:
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK))):
                raise _busy_error()
            connection.commit()
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))
        return
    name = book.engine.url.database or ":memory:"
    if name == ":memory:":
        yield
        return
    handle = os.open(f"{name}.sending", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _busy_error() from error
        yield
    finally:
        os.close(handle)


def _busy_error() -> CaseConflictError:
    return CaseConflictError(
        "Another process is sending the notices of this book.",
        hint="nothing was done; it sends all that is due",
    )
