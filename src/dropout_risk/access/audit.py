"""The audit: who saw or scored whom, when, in which role and by which model; written before it is shown.

Pupils stand in it by keyed pseudonyms; rows are only ever added, and chained as looks at cases are.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, Self

import sqlalchemy as sa

from dropout_risk.casebook.book import Book, book_engine, is_no_file, lock_looks, utc_now
from dropout_risk.casebook.chain import append_rows, broken_rows
from dropout_risk.casebook.tables import guards_of_chain, only_added
from dropout_risk.errors import AuditError, CaseBookError, CaseConflictError
from dropout_risk.exchange.pseudonyms import Pseudonyms

_TABLES = sa.MetaData()
AUDIT = sa.Table(
    "audit",
    _TABLES,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("person", sa.String(240), nullable=False),
    sa.Column("role", sa.String(40), nullable=False),
    sa.Column("act", sa.String(40), nullable=False),
    sa.Column("pupil", sa.String(40), nullable=False),
    sa.Column("model", sa.String(240), nullable=False),
    sa.Column("request", sa.String(40), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
sa.Index("audit_pupil", AUDIT.c.pupil)
TAKEN = sa.Table(
    "audit_taken",
    _TABLES,
    sa.Column("word", sa.String(64), primary_key=True),
    sa.Column("until", sa.DateTime, nullable=False),
)
"""What counts once, such as the nonces of a proxy, until it would not count anyhow."""


class Noted(NamedTuple):
    """One row: ``act`` is the address that was asked, ``pupil`` a pseudonym, empty for a page of many."""

    id: int
    at: dt.datetime
    person: str
    role: str
    act: str
    pupil: str
    model: str
    request: str
    hash: str


@dataclass(eq=False)
class _Batch:
    """Rows of those who wait together, and what came of them."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    is_done: bool = False
    error: AuditError | None = None


class AuditCheck(NamedTuple):
    """What a check of the chain finds: how many rows, the hash of the last one, and which are broken."""

    rows: int
    head: str
    broken: list[int]


class Audit:
    """What is written down of a service.

    Examples
    --------
    >>> audit = Audit.open("sqlite://", Pseudonyms(b"k" * 32))
    >>> audit.note("t-1", "/score", {"p-1": "class_teacher"}, model="county 1", request="r-1")
    >>> [(row.person, row.role, row.act) for row in audit.who_saw("p-1")]
    [('t-1', 'class_teacher', '/score')]
    >>> audit.check().broken
    []
    """

    def __init__(self, database: Book, names: Pseudonyms, now: Callable[[], dt.datetime] = utc_now) -> None:
        self._database, self._names, self._now = database, names, now
        self._waiting, self._joining, self._turn = _Batch(), Lock(), Lock()

    @classmethod
    def open(cls, url: str, names: Pseudonyms, *, create: bool = True) -> Self:
        """Open an audit, or begin one.

        Raises
        ------
        AuditError
            If it cannot be reached, or is not there.
        MissingExtraError
            If the driver of the database is not installed.
        """
        with _audit_errors():
            database = Book(book_engine(url))
            there = not is_no_file(database.engine.url) and sa.inspect(database.engine).has_table(AUDIT.name)
            if not there and not create:
                raise AuditError("There is no audit there.", hint="the service that writes one begins it")
            if not there or (create and not sa.inspect(database.engine).has_table(TAKEN.name)):
                with database.writing() as connection:
                    lock_looks(connection)
                    _make_tables(connection)
        return cls(database, names)

    def note(self, person: str, act: str, pupils: Mapping[str, str], *, model: str, request: str) -> None:
        """Write down that somebody is about to see pupils, each in a role; none stands for a page of many.

        Either all of it is written when this returns, or AuditError is raised and nothing is. Whoever comes
        while the disk is busy is written with the others who wait, all or none of them.
        """
        shared = {"at": self._now(), "person": _plain_name(person), "act": act, "model": model[:240],
                  "request": request}  # fmt: skip
        rows = [
            {**shared, "role": role, "pupil": self._names.of_exact(pupil) if pupil else ""}
            for pupil, role in pupils.items()
        ]
        with self._joining:
            batch = self._waiting
            batch.rows += rows
        with self._turn:
            if not batch.is_done:
                self._write_batch(batch)
        if batch.error is not None:
            raise AuditError(batch.error.message, hint=batch.error.hint) from batch.error

    def take_once(self, word: str, seconds: float) -> bool:
        """Say whether a word is new to all who share the audit, and take it for some seconds.

        AuditError if that cannot be written down: then nobody may count it as new.

        >>> audit = Audit.open("sqlite://", Pseudonyms(b"k" * 32))
        >>> audit.take_once("n-1", 60), audit.take_once("n-1", 60)
        (True, False)
        """
        hashed, now = hashlib.sha256(word.encode("utf-8", "replace")).hexdigest(), self._now()
        with _audit_errors(), self._database.writing() as connection:
            lock_looks(connection)
            connection.execute(sa.delete(TAKEN).where(TAKEN.c.until < now))
            if connection.scalar(sa.select(TAKEN.c.word).where(TAKEN.c.word == hashed)) is not None:
                return False
            until = now + dt.timedelta(seconds=seconds)
            connection.execute(sa.insert(TAKEN).values(word=hashed, until=until))
        return True

    def _write_batch(self, batch: _Batch) -> None:
        """Write what waits; who comes from now on joins the next batch."""
        with self._joining:
            self._waiting, batch.is_done = _Batch(), True
        try:
            self._write_rows(batch.rows)
        except AuditError as error:
            batch.error = error
        except BaseException:
            batch.error = AuditError("The audit was not written.", hint="ask again")
            raise

    def _write_rows(self, rows: list[dict[str, Any]]) -> None:
        with _audit_errors(), self._database.writing() as connection:
            if is_no_file(connection.engine.url):
                raise AuditError("The file of the audit is gone.", hint="put it back, and start anew")
            lock_looks(connection)
            append_rows(connection, AUDIT, rows)

    def who_saw(self, pupil: str) -> list[Noted]:
        """Give the rows of a pupil, and those of pages of many, in their order."""
        named = AUDIT.c.pupil.in_(["", self._names.of_exact(pupil)])
        with _audit_errors(), self._database.reading() as connection:
            return [
                Noted(*row) for row in connection.execute(sa.select(AUDIT).where(named).order_by(AUDIT.c.id))
            ]

    def check(self) -> AuditCheck:
        """Go through the whole chain.

        Rows that were cut off at its end leave a sound chain: keep the head elsewhere, and ask :meth:`holds`.
        """
        with _audit_errors(), self._database.reading() as connection:
            last = sa.select(AUDIT.c.hash).order_by(AUDIT.c.id.desc()).limit(1)
            number = connection.scalar(sa.select(sa.func.count()).select_from(AUDIT)) or 0
            return AuditCheck(number, connection.scalar(last) or "", broken_rows(connection, AUDIT))

    def holds(self, head: str) -> bool:
        """Say whether a row that was once the last is still there."""
        with _audit_errors(), self._database.reading() as connection:
            return connection.scalar(sa.select(AUDIT.c.id).where(AUDIT.c.hash == head)) is not None


def open_audit(url: str, key: Path, *, create: bool = True) -> Audit:
    """Open an audit by its address and the file of its key; SettingsError if that is no key."""
    return Audit.open(url, Pseudonyms.from_file(key), create=create)


def _plain_name(name: str) -> str:
    """Give a name as any database takes it."""
    return "".join(letter for letter in name if letter.isprintable())[:240]


def _make_tables(connection: sa.Connection) -> None:
    there = sa.inspect(connection).has_table(AUDIT.name)
    _TABLES.create_all(connection)
    if there:
        return
    dialect = connection.dialect.name
    for statement in only_added(dialect, guards_of_chain(dialect, AUDIT.name)):
        connection.exec_driver_sql(statement)


@contextmanager
def _audit_errors() -> Iterator[None]:
    try:
        yield
    except (CaseBookError, CaseConflictError) as error:
        raise AuditError(
            "The audit cannot be read or written.", hint="check its address, its rights and its disk"
        ) from error
    except sa.exc.SQLAlchemyError as error:
        raise AuditError(
            f"The database of the audit refused: {type(error).__name__}.", hint="check it"
        ) from error
