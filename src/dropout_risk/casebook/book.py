"""The case book: opened by an address, written one entry at a time, read by everybody who may."""

from __future__ import annotations

import datetime as dt
import itertools
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import sqlalchemy as sa

from dropout_risk.casebook.case import Case, fold_entries
from dropout_risk.casebook.decisions import check_entry
from dropout_risk.casebook.entry import Act, Entry
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.people import Grant, People
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.tables import BOOK, CASE, CLOCK, ENTRY, GRANT, META, ONLY_ADDED, STANDING, VERSION
from dropout_risk.casebook.writer import Writer
from dropout_risk.errors import (
    CaseBookError,
    CaseConflictError,
    CaseRefusedError,
    LawBrokenError,
    MissingExtraError,
    NoteKeyError,
)
from dropout_risk.settings import CaseSettings

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_BOOK = "sqlite:///casebook.db"
_BUSY_MS = 15_000
_AT_A_TIME = 5_000
UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)
"""What rows cause that this library did not write."""


def utc_now() -> dt.datetime:
    """Give the time, in UTC without a zone and to the second, as the book keeps it."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)


class Draft(NamedTuple):
    """An entry that is to be written: see :meth:`Book.write`."""

    act: Act
    data: Mapping[str, Any]
    case: Case | int | None = None
    note: str = ""
    level: int = 0


class Book:
    """A case book.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        See :meth:`open`.
    keys : NoteKeys, optional
        Without them no note is written or read.
    settings : CaseSettings, optional
        The ladder.
    now : callable, default=:func:`utc_now`
        Gives the time of writing.

    Examples
    --------
    >>> day = dt.date(2025, 3, 3)
    >>> book = Book.open("sqlite://")
    >>> case = book.write("open", day, "t-1", "worry-1", today=day, data={
    ...     "pupil": "p-1", "school": "s-1", "line": "school", "rule": "worry", "level": 0, "owner": "t-1",
    ...     "due": "2025-03-03"})
    >>> case = book.write("plan", day, "t-1", "plan-1", case=case, today=day,
    ...                   data={"due": "2025-03-04", "reason": "the family is away until then"})
    >>> case.due.isoformat(), [entry.kind for entry in book.entries(case.id)]
    ('2025-03-04', ['open', 'plan'])
    """

    def __init__(
        self,
        engine: sa.Engine,
        keys: NoteKeys | None = None,
        settings: CaseSettings | None = None,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self.engine, self.keys, self.now = engine, keys, now
        self.settings = settings or CaseSettings()

    @classmethod
    def open(
        cls,
        url: str = DEFAULT_BOOK,
        *,
        keys: NoteKeys | None = None,
        settings: CaseSettings | None = None,
        now: Callable[[], dt.datetime] = utc_now,
        create: bool = True,
    ) -> Self:
        """Open a book, or begin one.

        Parameters
        ----------
        url : str, default="sqlite:///casebook.db"
            ``sqlite:///FILE``, or ``postgresql+psycopg://...``.
        keys, settings, now
            See :class:`Book`.
        create : bool, default=True
            Whether a book that is not there is begun.

        Raises
        ------
        CaseBookError
            If it cannot be reached, is not there, or is of a version that this library does not read.
        MissingExtraError
            If the driver of the database is not installed.
        """
        book = cls(book_engine(url), keys, settings, now)
        with book_errors():
            book._begin(create)
        return book

    def _begin(self, create: bool) -> None:
        there = not is_no_file(self.engine.url) and sa.inspect(self.engine).has_table(META.name)
        if not there and not create:
            raise CaseBookError("There is no case book there.", hint="the first morning begins one")
        if not there:
            with self.writing() as connection:
                _lock_numbers(connection)
                if not sa.inspect(connection).has_table(META.name):
                    _make_tables(connection)
        with self.reading() as connection:
            found = connection.scalar(sa.select(META.c.value).where(META.c.name == "version"))
        check_version(found)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Read from one state of the book."""
        snapshot = {"isolation_level": "REPEATABLE READ"} if self.engine.dialect.name == "postgresql" else {}
        with book_errors(), self.engine.connect().execution_options(**snapshot) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Write everything or nothing; who comes at the same time waits."""
        with (
            book_errors(),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    # --- Writing ---

    def write(
        self,
        kind: str,
        day: dt.date,
        by: str,
        key: str,
        *,
        case: Case | int | None = None,
        data: Mapping[str, Any] | None = None,
        note: str = "",
        level: int = 0,
        today: dt.date | None = None,
        days: SchoolDaysAhead | None = None,
    ) -> Case:
        """Write one entry, and give the case after it.

        An entry of the same ``key`` is written once: asked again, the case is given as it stands.

        Parameters
        ----------
        kind : str
            The verb.
        day : date
            Of which day it tells; a late entry has its true day.
        by, key : str
            Who writes, and the name of the act.
        case : Case or int, optional
            Of which case; given as a ``Case``, nobody may have written to it since. None opens one.
        data : mapping, optional
            What the verb says.
        note : str, optional
            Free text; encrypted.
        level : int, default=0
            The level of the office of whoever writes.
        today : date, optional
            By default the date of the machine.
        days : SchoolDaysAhead, optional
            By which school days the next day may not be too far ahead; by default those of the ordinary week.

        Raises
        ------
        CaseRefusedError
            If the case does not take it.
        CaseConflictError
            If somebody else wrote to the case first.
        NoteKeyError
            If there is a note and no key.
        """
        draft = Draft(Act(kind, day, by, key), data or {}, case, note, level)
        with self.writing() as connection:
            _lock_writing(connection, opens=case is None)
            return self._write_draft(
                connection, draft, today or dt.date.today(), days or self._ordinary_days()
            )

    def write_all(
        self,
        drafts: Iterable[Draft],
        today: dt.date | None = None,
        days: SchoolDaysAhead | None = None,
    ) -> list[Case]:
        """Write several entries, all of them or none; as :meth:`write`."""
        drafts = [*drafts]
        with self.writing() as connection:
            _lock_writing(connection, opens=any(draft.case is None for draft in drafts))
            now, open_days = today or dt.date.today(), days or self._ordinary_days()
            return [self._write_draft(connection, draft, now, open_days) for draft in drafts]

    def _ordinary_days(self) -> SchoolDaysAhead:
        return SchoolDaysAhead(week=self.settings.week)

    def _write_draft(
        self, connection: sa.Connection, draft: Draft, today: dt.date, days: SchoolDaysAhead
    ) -> Case:
        act = draft.act
        before = _case_of_act(connection, act.key, act.kind, draft.case)
        if before is not None:
            return before
        held = _held_case(connection, draft.case)
        school = str(draft.data.get("school", "")) if held is None else held.school
        latest = days.later(school, today, self.settings.longest_wait)
        check_entry(
            held, act, today, draft.data, self.settings, level=draft.level, has_note=bool(draft.note),
            latest=latest,
        )  # fmt: skip
        writer = Writer(connection, self.now(), self.keys)
        after = writer.append(held, act, draft.data, draft.note)
        writer.flush()
        return after

    # --- Reading ---

    def today(self) -> dt.date | None:
        """Give the day of the last morning; None before the first."""
        with self.reading() as connection:
            day: dt.date | None = connection.scalar(sa.select(sa.func.max(CLOCK.c.day)))
        return day

    def case(self, case_id: int) -> Case | None:
        """Give a case; None if there is none of that number."""
        with self.reading() as connection:
            return read_case(connection, CASE.c.id == case_id)

    def case_of(self, pupil: str, line: str = "school") -> Case | None:
        """Give the case of a pupil that is not closed."""
        with self.reading() as connection:
            return read_case(connection, CASE.c.pupil == pupil, CASE.c.line == line, CASE.c.state != "closed")

    def cases(self, *where: sa.ColumnElement[bool]) -> list[Case]:
        """Give cases in their order, by default all."""
        with self.reading() as connection:
            return read_cases(connection, *where)

    def count_cases(self) -> int:
        """Count all cases, those that are closed too."""
        with self.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(CASE)) or 0

    def has_pupil(self, pupil: str) -> bool:
        """Say whether a pupil stands in the book, or has a case in it."""
        with self.reading() as connection:
            asked = (sa.select(table.c.pupil).where(table.c.pupil == pupil) for table in (CASE, STANDING))
            return any(connection.scalar(query.limit(1)) is not None for query in asked)

    def entries(self, case_id: int) -> list[Entry]:
        """Give the entries of a case, in their order."""
        with self.reading() as connection:
            return read_entries(connection, ENTRY.c.case == case_id)

    def note_of(self, entry: Entry) -> str:
        """Read a note; empty where there is none. NoteKeyError without its key."""
        if entry.note is None:
            return ""
        if self.keys is None:
            raise NoteKeyError("The book was opened without keys.", hint="give the file of keys: --keys FILE")
        return self.keys.read(entry.note, case=entry.case, seq=entry.seq)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give all tables as frames, by name: for analysis; notes stay encrypted."""
        import pandas as pd

        with self.reading() as connection:
            return {
                table.name: pd.DataFrame(
                    connection.execute(sa.select(table).order_by(*table.primary_key.columns)).all(),
                    columns=[column.name for column in table.columns],
                )
                for table in BOOK.sorted_tables
            }

    # --- Upkeep ---

    def rebuild(self) -> int:
        """Make the cases again from their entries; give how many were not as they should be."""
        with self.writing() as connection:
            lock_book(connection)
            stored = {case.id: case for case in read_cases(connection)}
            made, unread = folded_cases(connection)
            if unread:
                raise LawBrokenError(
                    f"The entries of {len(unread)} case(s) are none that this library wrote (law 4).",
                    hint="dropout-risk casebook check names them; bring back a copy of the book",
                )
            wrong = [
                case_id for case_id in stored.keys() | made.keys() if stored.get(case_id) != made.get(case_id)
            ]
            if wrong:
                connection.execute(CASE.delete())
                connection.execute(CASE.insert(), [asdict(case) for case in made.values()])
        return len(wrong)

    def renew_notes(self, keys: NoteKeys) -> int:
        """Encrypt every note with the last of some keys, which can read them all; give how many."""
        number = 0
        with self.writing() as connection:
            for entry in read_entries(connection, ENTRY.c.note.is_not(None)):
                text = keys.read(entry.note or b"", case=entry.case, seq=entry.seq)
                sealed = keys.seal(text, case=entry.case, seq=entry.seq)
                at = (ENTRY.c.case == entry.case) & (ENTRY.c.seq == entry.seq)
                connection.execute(ENTRY.update().where(at).values(note=sealed))
                number += 1
        self.keys = keys
        return number


def check_version(found: str | None, *, oldest: int = VERSION) -> int:
    """Give the version of a book, or refuse one that is older or newer than what is read."""
    version = int(found) if found and found.isdecimal() else 0
    if oldest <= version <= VERSION:
        return version
    ways = {
        version > VERSION: "it was written by a newer version of this library: install that one",
        version == 0: "its beginning was broken off, or it is none: name another, or begin a new one",
    }
    raise CaseBookError(
        f"The book is of version {version}; this library reads {VERSION}.",
        hint=ways.get(True, "bring it up to date: dropout-risk casebook upgrade --book URL"),
    )


def last_morning(connection: sa.Connection) -> tuple[Any, ...]:
    """Name the state of the people: they change on mornings alone."""
    row = connection.execute(sa.select(sa.func.max(CLOCK.c.recorded_at), sa.func.count()).select_from(CLOCK))
    return tuple(row.one())


def read_people(connection: sa.Connection) -> People:
    """Give the people of the last morning."""
    rows = [dict(row) for row in connection.execute(sa.select(GRANT)).mappings()]
    return People(tuple(Grant(begins=row.pop("from"), **row) for row in rows))


def read_cases(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Case]:
    """Read cases in the order of their numbers."""
    rows = connection.execute(sa.select(CASE).where(*where).order_by(CASE.c.id))
    return [Case(*row) for row in rows]


def read_case(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Case | None:
    """Read one case."""
    row = connection.execute(sa.select(CASE).where(*where)).mappings().first()
    return None if row is None else Case(**row)


def stream_entries(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Iterator[Entry]:
    """Read entries, case by case, a part of them at a time."""
    statement = sa.select(ENTRY).where(*where).order_by(ENTRY.c.case, ENTRY.c.seq)
    for row in connection.execute(statement.execution_options(yield_per=_AT_A_TIME)):
        yield Entry(*row)


def read_entries(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Entry]:
    """Read entries, case by case."""
    return [*stream_entries(connection, *where)]


def folded_cases(connection: sa.Connection) -> tuple[dict[int, Case], set[int]]:
    """Make every case from its entries; name those whose entries cannot be folded."""
    made: dict[int, Case] = {}
    unread: set[int] = set()
    for case_id, entries in itertools.groupby(stream_entries(connection), key=lambda entry: entry.case):
        try:
            case = fold_entries([*entries])
        except UNREADABLE:
            unread.add(case_id)
        else:
            made |= {} if case is None else {case_id: case}
    return made, unread


def _case_of_act(connection: sa.Connection, key: str, kind: str, case: Case | int | None) -> Case | None:
    """Give the case of an act that was written before; refuse a key that names another act."""
    written = connection.execute(sa.select(ENTRY.c.case, ENTRY.c.kind).where(ENTRY.c.key == key)).first()
    if written is None:
        return None
    number = case.id if isinstance(case, Case) else case
    if written.kind != kind or number not in (None, written.case):
        raise CaseRefusedError("That key names another act.", hint="give each act a key of its own")
    return read_case(connection, CASE.c.id == written.case)


def _held_case(connection: sa.Connection, case: Case | int | None) -> Case | None:
    if case is None:
        return None
    held = read_case(connection, CASE.c.id == (case if isinstance(case, int) else case.id))
    if held is None:
        raise CaseBookError("There is no case of that number.", hint="see Book.cases()")
    if isinstance(case, Case) and case.seq != held.seq:
        raise CaseConflictError(
            "Somebody else wrote to the case first.", hint="read what was written, then write again"
        )
    return held


# --- The database ---


def book_engine(url: str) -> sa.Engine:
    """Give the engine of an address; nothing is asked of the database yet."""
    try:
        address = sa.make_url(url)
        dialect = address.get_backend_name()
        if dialect not in ONLY_ADDED:
            raise CaseBookError(
                f"A book cannot be kept in {dialect}.", hint=f"allowed: {', '.join(ONLY_ADDED)}"
            )
        if address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        engine = sa.create_engine(address, hide_parameters=True, **_pool_of(address))
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "The driver of that database is not installed.", hint='pip install "dropout-risk[postgres]"'
        ) from error
    except sa.exc.ArgumentError as error:
        raise CaseBookError(
            "The address of the book is none.", hint="such as sqlite:///casebook.db or postgresql://..."
        ) from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _set_up_sqlite)
    sa.event.listen(engine, "begin", _begin_transaction)
    return engine


def _pool_of(address: sa.URL) -> dict[str, Any]:
    in_memory = address.get_backend_name() == "sqlite" and address.database in (None, "", ":memory:")
    if in_memory:
        return {"poolclass": sa.pool.StaticPool, "connect_args": {"check_same_thread": False}}
    return {"pool_pre_ping": True}


def is_no_file(url: sa.URL) -> bool:
    """Say whether there is no file yet where a book shall be: looking for it must not make one."""
    named = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return named and not str(url.database).startswith("file:") and not Path(str(url.database)).exists()


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (f"busy_timeout={_BUSY_MS}", "synchronous=full", "foreign_keys=on"):
        connection.execute(f"pragma {pragma}")
    _write_ahead(connection)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Choose the journal that readers need not wait for; of this alone SQLite waits for nobody."""
    until = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("pragma journal_mode=wal")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _begin_transaction(connection: sa.Connection) -> None:
    """Take the lock of whoever writes at the beginning: two readers who both go on to write never wait."""
    writes = connection.get_execution_options().get("writes", False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _lock_numbers(connection: sa.Connection) -> None:
    """Let nobody else begin the book, or give a number to a case, until this is done."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def lock_looks(connection: sa.Connection) -> None:
    """Let nobody else write down a look, in the book or in an audit, until this is done."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK + 1)))


def _lock_writing(connection: sa.Connection, *, opens: bool) -> None:
    """Wait until a morning that runs is over, before anything is read that it may change."""
    if opens:
        _lock_numbers(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE entry IN ROW EXCLUSIVE MODE"))


_LOCK = 720_312
"""Names the locks of this library among all of a PostgreSQL server's."""


def lock_book(connection: sa.Connection) -> None:
    """Let nobody else write to any case until this is done; tables in the order of a writer."""
    _lock_numbers(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text('LOCK TABLE entry, "case", round IN SHARE ROW EXCLUSIVE MODE'))


def _make_tables(connection: sa.Connection) -> None:
    BOOK.create_all(connection)
    for statement in ONLY_ADDED[connection.dialect.name]:
        connection.exec_driver_sql(statement)
    connection.execute(META.insert().values(name="version", value=str(VERSION)))


@contextmanager
def book_errors() -> Iterator[None]:
    """Word what the database says, without its statement, which may hold a pupil's values."""
    try:
        yield
    except sa.exc.IntegrityError as error:
        raise CaseConflictError(
            "Somebody else wrote the same at the same time.", hint="read the case again, then write"
        ) from error
    except sa.exc.DBAPIError as error:
        raise CaseBookError(
            f"The database of the book refused: {type(error.orig).__name__}.",
            hint="check its address, its rights and its disk, then run again: nothing is half-written",
        ) from error
