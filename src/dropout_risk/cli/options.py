"""What several commands share: progress bars, options, and how records and models are read."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropout_risk.errors import SettingsError
from dropout_risk.settings import CaseSettings, Settings
from dropout_risk.text import ITEMS, Language, Text, language_of

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from dropout_risk.casebook.book import Book
    from dropout_risk.histories.histories import Histories
    from dropout_risk.records.checking import KnownPupils
    from dropout_risk.records.school_records import SchoolRecords
    from dropout_risk.scoring.risk_model import RiskModel


@contextmanager
def _terminal_bars(*columns: str) -> Iterator[Progress | None]:
    """Draw bars with some columns of rich, or with texts; without a terminal nothing is drawn."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console

    named = ("{task.description}", *columns)
    text = progress.TextColumn
    from dropout_risk.progress import drawn_elsewhere

    shown = (text(name) if "{" in name else getattr(progress, name)() for name in named)
    with drawn_elsewhere(), progress.Progress(*shown, console=Console(stderr=True)) as bars:
        yield bars


@contextmanager
def progress_bar(name: str) -> Iterator[Callable[[int, int], None] | None]:
    """Draw a bar with a count and an estimate of the rest; give what to tell it: how many of how many.

    Without a terminal nothing is drawn, and None is given.
    """
    with _terminal_bars("BarColumn", "MofNCompleteColumn", "TimeRemainingColumn") as bars:
        if bars is None:
            yield None
            return
        task = bars.add_task(name, total=None)
        yield lambda done, everybody: bars.update(task, completed=done, total=everybody)


@contextmanager
def show_working(name: str) -> Iterator[None]:
    """Say what is being done, and for how long already, where nothing can be counted.

    Without a terminal nothing is said.
    """
    with _terminal_bars("SpinnerColumn", "TimeElapsedColumn") as bars:
        if bars is None:
            yield
            return
        task = bars.add_task(name, total=1)
        yield
        bars.update(task, completed=1)


@contextmanager
def table_bars() -> Iterator[Callable[[str, int, float], None] | None]:
    """Draw a bar for each table that is read: its rows so far, and an estimate of the rest.

    Without a terminal nothing is drawn, and None is given.
    """
    with _terminal_bars("BarColumn", "{task.fields[rows]:,}", "TimeRemainingColumn") as bars:
        if bars is None:
            yield None
            return
        tasks: dict[str, TaskID] = {}

        def tell(table: str, rows: int, share: float) -> None:
            if table not in tasks:
                tasks[table] = bars.add_task(table, total=1.0, rows=0)
            bars.update(tasks[table], completed=share, rows=rows)

        yield tell


def seek_cycles_rarely() -> None:
    """Let Python look for garbage in cycles rarely: a morning makes millions of objects, and hardly a cycle.

    A third of the time of a list of 200,000 pupils would be spent on looking.
    """
    gc.set_threshold(500_000, 50, 100)


# --- Options, and what is read as they say: settings, models, records ---

Folder = Annotated[
    Path,
    typer.Argument(
        exists=True,
        file_okay=False,
        help="Folder of school records: CSV, workbooks, zips or Parquet.",
    ),
]
FolderOrStore = Annotated[
    Path | None,
    typer.Argument(
        exists=True, file_okay=False, help="Folder of school records; none where --store is given."
    ),
]
Store = Annotated[
    Path | None,
    typer.Option("--store", exists=True, file_okay=False, help="Histories written by dropout-risk store."),
]
Mapping = Annotated[
    Path | None, typer.Option(exists=True, help="TOML with your own column headers and words.")
]
Quarantine = Annotated[
    Path | None,
    typer.Option(
        help="Where unusable rows go, with their reason and their values (by default DIR/quarantine.csv)."
    ),
]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", exists=True, help="TOML with your settings.")
]
Model = Annotated[
    str, typer.Option("--model", help="A bundle's folder, or an alias such as models:/dropout_risk@champion.")
]
AllowSynthetic = Annotated[
    bool,
    typer.Option(
        "--allow-synthetic", help="Let a model of simulated pupils score records not marked as made up."
    ),
]
AsOf = Annotated[
    str, typer.Option("--as-of", help="The date: only what was known before it counts. YYYY-MM-DD")
]
School = Annotated[str | None, typer.Option("--school", help="Only pupils of this school.")]
Grade = Annotated[int | None, typer.Option("--grade", help="Only pupils of this grade level of the school.")]
ClassId = Annotated[str | None, typer.Option("--class", help="Only pupils of this class of the school.")]
Responsible = Annotated[
    str | None, typer.Option("--responsible", help="Only pupils for whom this person is responsible.")
]
BookAddress = Annotated[
    str, typer.Option("--book", help="The case book: sqlite:///FILE, or postgresql://...")
]
DEFAULT_BOOK = "sqlite:///casebook.db"
NOBODY_LOOKED = Text(zh="没有人查看过。", en="Nobody has looked.")
KeysFile = Annotated[
    Path | None,
    typer.Option("--keys", help="The keys of its notes; without them no note is read or written."),
]
PrintedIn = Annotated[str, typer.Option(help="zh or en")]
Speech = Annotated[str | None, typer.Option("--language", help="zh or en (by default the model's settings)")]


def read_settings(path: Path | None) -> Settings:
    """Read settings, or take the defaults where no path is given; its words are checked before all else."""
    from dropout_risk.features.cohort import check_outcome
    from dropout_risk.scoring.readers.roles import roles_of

    settings = Settings() if path is None else Settings.from_toml(path)
    check_outcome(settings.outcome.horizon_days, settings.outcome.events)
    roles_of(settings)
    return settings


def load_model(model: str, *, allow_synthetic: bool = False) -> RiskModel:
    """Load a bundle from a folder or from an MLflow alias, through the library's own loader."""
    from dropout_risk.scoring.risk_model import RiskModel

    return RiskModel.load(model, allow_synthetic=allow_synthetic)


def require_book() -> type[Book]:
    """Import the case book; MissingExtraError where its libraries are not installed."""
    from dropout_risk.casebook import Book

    return Book


def show_pupils(pupils: Sequence[str], language: Language) -> None:
    """Name pupils to whoever runs a command, on the screen: no message of an error does."""
    if pupils:
        shown = ITEMS.join(language, pupils[:_SHOWN_PUPILS])
        more = f" … ({len(pupils)})" if len(pupils) > _SHOWN_PUPILS else ""
        typer.secho(_CONCERNED.fill(language, pupils=shown + more), fg="red", err=True)


_SHOWN_PUPILS = 20
_CONCERNED = Text(zh="涉及学生（学号）：{pupils}", en="It concerns these pupils: {pupils}")


def open_book(
    url: str, keys: Path | None = None, ladder: CaseSettings | None = None, *, create: bool = False
) -> Book:
    """Open a case book with the keys in a file, by default only one that is there."""
    opener = require_book()
    from dropout_risk.casebook.notes import NoteKeys

    read = None if keys is None else NoteKeys.load(keys)
    return opener.open(url, keys=read, settings=ladder, create=create)


def spoken_language(asked: str | None, model: RiskModel) -> Language:
    """Take a language as it was typed, or that of the model's settings."""
    return language_of(asked) if asked else model.settings.language


def read_records(
    folder: Path,
    mapping: Path | None,
    quarantine: Path | None,
    language: Language = "en",
    known: KnownPupils | None = None,
    outcomes_to: str | None = None,
) -> SchoolRecords:
    """Read a folder, print what was read, used and set apart, and write what was set apart to a file."""
    from dropout_risk.records.school_records import SchoolRecords

    with table_bars() as progress:
        records = SchoolRecords.from_folder(
            folder, mapping=mapping, known=known, progress=progress, outcomes_to=outcomes_to
        )
        report = records.check()
    typer.echo(report.text(language))
    _tell_unknown_words(records, language)
    if len(records.quarantine):
        path = quarantine or folder / "quarantine.csv"
        records.quarantine.write(path)
        told = _SET_APART.fill(language, number=len(records.quarantine), path=path)
        typer.secho(told, fg="yellow")
    return records


_SET_APART = Text(
    zh="{number}行未使用，逐行的原因见：{path}",
    en="{number} row(s) were set apart, each with its reason: {path}",
)
_UNKNOWN_WORDS = Text(
    zh="{table}.{column}：{given}个词中有{unknown}个不在目录中，默认特征不读取这些行；"
    "请在 [words.{column}] 中写明对应",
    en="{table}.{column}: {unknown} of {given} word(s) are not in the catalogue; "
    "no default feature reads their rows; map them under [words.{column}]",
)


def read_source(
    folder: Path | None,
    store: Path | None,
    mapping: Path | None,
    quarantine: Path | None,
    language: Language = "en",
) -> SchoolRecords | Histories:
    """Read a folder of records, or the histories of a store."""
    if (folder is None) == (store is None):
        raise SettingsError(
            "Records come from a folder or from a store.", hint="give DIR, or --store DIR, and not both"
        )
    if folder is not None:
        return read_records(folder, mapping, quarantine, language)
    from dropout_risk.histories.histories import Histories

    assert store is not None  # noqa: S101
    with show_working("loading the store"):
        return Histories.load(store)


def _tell_unknown_words(records: SchoolRecords, language: Language) -> None:
    """Say how many family factors and instruments nobody knows: they are kept, but no feature reads them."""
    from dropout_risk.catalogue.factors import FACTORS
    from dropout_risk.catalogue.instruments import default_instruments

    catalogued = {"family": ("factor", FACTORS), "wellbeing": ("instrument", default_instruments())}
    for table, (column, words) in catalogued.items():
        given = records.table(table)[column].unique().to_pylist()
        unknown = sum(word not in words for word in given)
        if unknown:
            told = _UNKNOWN_WORDS.fill(
                language, table=table, column=column, unknown=unknown, given=len(given)
            )
            typer.secho(told, fg="yellow")
