"""The tables of the case book; entries are only ever added, and all but those can be made again of them."""

from __future__ import annotations

import sqlalchemy as sa

VERSION = 2
"""Of the tables; ``dropout-risk casebook upgrade`` brings an older book to it."""

BOOK = sa.MetaData()
_NAME, _WORD = sa.String(120), sa.String(40)
_DAY, _COUNT = sa.Date(), sa.Integer()

ENTRY = sa.Table(
    "entry",
    BOOK,
    sa.Column("case", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("day", _DAY, nullable=False, index=True),
    sa.Column("recorded_at", sa.DateTime, nullable=False),
    sa.Column("kind", _WORD, nullable=False),
    sa.Column("by", _NAME, nullable=False),
    sa.Column("key", sa.String(240), nullable=False, unique=True),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("note", sa.LargeBinary),
    sa.Column("hash", sa.String(64), nullable=False),
    sqlite_with_rowid=False,
)

CASE = sa.Table(
    "case",
    BOOK,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("line", _WORD, nullable=False),
    sa.Column("pupil", _NAME, nullable=False),
    sa.Column("school", _NAME, nullable=False),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("level", _COUNT, nullable=False),
    sa.Column("owner", _NAME, nullable=False),
    sa.Column("due", _DAY),
    sa.Column("opened", _DAY, nullable=False),
    sa.Column("turned", _DAY, nullable=False),
    sa.Column("moved", _COUNT, nullable=False),
    sa.Column("outcome", _WORD),
    sa.Column("met", _DAY),
    sa.Column("signals", sa.JSON, nullable=False),
    sa.Column("referrals", sa.JSON, nullable=False),
    sa.Column("seq", _COUNT, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.CheckConstraint("(state = 'closed') = (due IS NULL)", name="open_has_due"),
)
_LIVE = CASE.c.state != "closed"
sa.Index("one_open", CASE.c.pupil, CASE.c.line, unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE)
sa.Index("case_due", CASE.c.due, sqlite_where=_LIVE, postgresql_where=_LIVE)
sa.Index("case_owner", CASE.c.owner, CASE.c.due)
sa.Index("case_of_school", CASE.c.school, CASE.c.state, CASE.c.due, CASE.c.line)
_COUNTED = (CASE.c[name] for name in ("opened", "school", "met", "state", "outcome", "pupil", "line"))
sa.Index("case_opened", *_COUNTED)
_ENDED = CASE.c.state == "closed"
sa.Index("case_ended", CASE.c.turned, CASE.c.pupil, CASE.c.line, sqlite_where=_ENDED, postgresql_where=_ENDED)

ROUND = sa.Table(
    "round",
    BOOK,
    sa.Column("day", _DAY, primary_key=True),
    sa.Column("case", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("fate", _WORD),
)
sa.Index("round_case", ROUND.c.case)

CLOCK = sa.Table(
    "clock",
    BOOK,
    sa.Column("day", _DAY, primary_key=True),
    sa.Column("recorded_at", sa.DateTime, nullable=False),
    sa.Column("entries", _COUNT, nullable=False),
    sa.Column("cases", _COUNT, nullable=False),
    sa.Column("looks", _COUNT, nullable=False),
    sa.Column("due", _COUNT, nullable=False),
    sa.Column("report", sa.JSON, nullable=False),
)
"""One row per morning: the last one is today's, all before it are closed. Its counts can never fall."""

SIGNAL = sa.Table(
    "signal",
    BOOK,
    sa.Column("day", _DAY, primary_key=True),
    sa.Column("pupil", _NAME, primary_key=True),
    sa.Column("rule", _NAME, primary_key=True),
    sa.Column("line", _WORD, nullable=False),
    sa.Column("since", _DAY, nullable=False),
    sa.Column("why_not", _WORD),
)
"""What fired on each day; ``why_not`` is the reason where the pupil has no case of it."""

STANDING = sa.Table(
    "standing",
    BOOK,
    sa.Column("pupil", _NAME, primary_key=True),
    sa.Column("school", _NAME, nullable=False),
    sa.Column("class", _NAME, nullable=False),
    sa.Column("responsible", _NAME),
    sa.Column("village", _NAME),
    sa.Column("township", _NAME),
    sa.Column("part", _WORD, nullable=False),
    sa.Column("at_school", sa.Boolean, nullable=False),
    sa.Column("present_since", _DAY),
)
"""Where everybody at school stands this morning, and whoever is not at school any more and has a case.

``present_since`` is the day since which the register has a pupil back whose case tells of absence.
"""
sa.Index("standing_school", STANDING.c.school, STANDING.c["class"])
sa.Index("standing_responsible", STANDING.c.responsible)

SCHOOL = sa.Table(
    "school",
    BOOK,
    sa.Column("school", _NAME, primary_key=True),
    sa.Column("since", _DAY, nullable=False),
)
"""Since which morning each school is in the book."""

OUTBOX = sa.Table(
    "outbox",
    BOOK,
    sa.Column("key", sa.String(240), primary_key=True),
    sa.Column("to", _NAME, nullable=False),
    sa.Column("channel", _WORD, nullable=False),
    sa.Column("count", _COUNT, nullable=False),
    sa.Column("oldest", _COUNT, nullable=False),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("tries", _COUNT, nullable=False),
    sa.Column("next", sa.DateTime),
)
NO_CHANNEL = "none"
"""The channel of whoever has named none: the pages alone tell what waits."""
DIGESTS = {"school": "round", "care": "own"}
"""How the key of a morning's notice begins, by line; *own* goes to a channel of one's own, or nowhere."""

GRANT = sa.Table(
    "grant",
    BOOK,
    sa.Column("person", _NAME, primary_key=True),
    sa.Column("role", _WORD, primary_key=True),
    sa.Column("scope", _WORD, primary_key=True),
    sa.Column("scope_id", _NAME, primary_key=True),
    sa.Column("from", _DAY, primary_key=True),
    sa.Column("until", _DAY),
    sa.Column("deputy", _NAME),
    sa.Column("channel", _WORD),
    sa.Column("stands_for", _NAME, primary_key=True),
)

SEEN = sa.Table(
    "seen",
    BOOK,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("person", _NAME, nullable=False),
    sa.Column("pupil", _NAME, nullable=False),
    sa.Column("part", _WORD, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
sa.Index("seen_pupil", SEEN.c.pupil)

META = sa.Table(
    "casebook",
    BOOK,
    sa.Column("name", _WORD, primary_key=True),
    sa.Column("value", sa.String(240), nullable=False),
)

TRIAL = sa.Table(
    "trial",
    BOOK,
    sa.Column("name", _NAME, primary_key=True),
    sa.Column("declared_at", sa.DateTime, nullable=False),
    sa.Column("by", _NAME, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
"""Trials as they were declared beforehand, and the ends of those that were ended early; off where none is."""

ASSIGNED = sa.Table(
    "assigned",
    BOOK,
    sa.Column("trial", _NAME, primary_key=True),
    sa.Column("unit", _NAME, primary_key=True),
    sa.Column("day", _DAY, nullable=False),
    sa.Column("rank", sa.BigInteger, nullable=False),
    sa.Column("urgency", _WORD),
    sa.Column("starts", _DAY),
)
"""What a trial gave each pupil or school, and on which day."""

_REFUSED = "entries, looks and trials are only ever added"
_NOTE_GONE = "(OLD.note IS NULL) <> (NEW.note IS NULL)"
_NOT_NOTE = ", ".join(f'"{column.name}"' for column in ENTRY.columns if column.name != "note")
_SAME_ENTRY = 'SELECT 1 FROM entry WHERE ("case" = NEW."case" AND seq = NEW.seq) OR key = NEW.key'
_TRIALS = (TRIAL.name, ASSIGNED.name)
_GUARDS: dict[str, tuple[tuple[str, str], ...]] = {
    "sqlite": (
        ("entry_stays", "DELETE ON entry"),
        ("entry_same", f"UPDATE OF {_NOT_NOTE} ON entry"),
        ("entry_new", f"INSERT ON entry WHEN EXISTS ({_SAME_ENTRY})"),
        ("entry_note", f"UPDATE OF note ON entry WHEN {_NOTE_GONE}"),
        *((f"{name}_{act.lower()}", f"{act} ON {name}") for name in _TRIALS for act in ("DELETE", "UPDATE")),
    ),
    "postgresql": (
        ("entry_stays", "DELETE OR TRUNCATE ON entry FOR EACH STATEMENT"),
        ("entry_same", f"UPDATE OF {_NOT_NOTE} ON entry FOR EACH STATEMENT"),
        ("entry_note", f"UPDATE OF note ON entry FOR EACH ROW WHEN ({_NOTE_GONE})"),
        *((f"{name}_same", f"UPDATE OR DELETE OR TRUNCATE ON {name} FOR EACH STATEMENT") for name in _TRIALS),
    ),
}
"""When the database itself refuses, by the name of the trigger; only an encrypted note may be written anew.

SQLite deletes without asking where INSERT OR REPLACE is said; so it also asks before a row is added.
"""
_REFUSE = {
    "sqlite": f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END",
    "postgresql": "EXECUTE FUNCTION only_added()",
}
_FUNCTION = (
    "CREATE OR REPLACE FUNCTION only_added() RETURNS trigger AS "
    f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$ LANGUAGE plpgsql"
)


def only_added(dialect: str, guards: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Give the statements that make a database refuse, by its dialect."""
    return (
        *((_FUNCTION,) if dialect == "postgresql" else ()),
        *(f"CREATE TRIGGER {name} BEFORE {event} {_REFUSE[dialect]}" for name, event in guards),
    )


def guards_of_chain(dialect: str, table: str) -> tuple[tuple[str, str], ...]:
    """Guard a table of which no row may change, and which is numbered by ``id``."""
    if dialect == "postgresql":
        return ((f"{table}_same", f"UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT"),)
    same = " ".join(("SELECT 1 FROM", table, "WHERE id = NEW.id"))
    return (
        (f"{table}_stays", f"DELETE ON {table}"),
        (f"{table}_same", f"UPDATE ON {table}"),
        (f"{table}_new", f"INSERT ON {table} WHEN EXISTS ({same})"),
    )


ONLY_ADDED: dict[str, tuple[str, ...]] = {
    dialect: only_added(dialect, (*guards, *guards_of_chain(dialect, SEEN.name)))
    for dialect, guards in _GUARDS.items()
}
"""The statements that make the database of a book refuse, by its dialect."""
