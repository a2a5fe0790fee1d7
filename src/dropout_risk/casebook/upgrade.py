"""An older book brought to the tables of today, step by step and in one transaction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dropout_risk.casebook.book import Book, book_engine, book_errors, check_version, is_no_file, lock_book
from dropout_risk.casebook.tables import BOOK, META, VERSION
from dropout_risk.errors import CaseBookError, MissingExtraError

_STEPS = Path(__file__).parent / "migrations"


def upgrade_book(url: str) -> tuple[int, int]:
    """Bring a book to this library's version; give the version that it had, and the one that it has.

    Raises
    ------
    CaseBookError
        If there is none, it was never begun (version 0), or it is of a newer version.
    """
    book = Book(book_engine(url))
    with book_errors():
        there = not is_no_file(book.engine.url) and sa.inspect(book.engine).has_table(META.name)
    if not there:
        raise CaseBookError("There is no case book there.", hint="the first morning begins one")
    with book.writing() as connection:
        lock_book(connection)
        named = META.c.name == "version"
        was = check_version(connection.scalar(sa.select(META.c.value).where(named)), oldest=1)
        _take_steps(connection)
        for index in (index for table in BOOK.sorted_tables for index in table.indexes):
            index.create(connection, checkfirst=True)
        connection.execute(META.update().where(named).values(value=str(VERSION)))
    book.close()
    return was, VERSION


def _take_steps(connection: sa.Connection) -> None:
    try:
        from alembic.config import Config
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "An upgrade needs alembic, which is not installed.", hint='pip install "dropout-risk[desk]"'
        ) from error
    config = Config()
    config.set_main_option("script_location", _STEPS.as_posix().replace("%", "%%"))
    steps = ScriptDirectory(str(_STEPS), version_locations=[str(_STEPS)])

    def steps_from(revision: Any, _context: Any) -> Any:
        return steps._upgrade_revs("head", revision)

    with EnvironmentContext(config, steps, fn=steps_from) as environment:
        environment.configure(connection=connection, target_metadata=BOOK)
        environment.run_migrations()
