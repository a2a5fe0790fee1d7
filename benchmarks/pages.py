"""What a morning's pages cost: files, bytes, seconds, and how far a phone must scroll.

Two simulated morning lists, one of a single school and one of a county, are written twice: as one folder, as
a head reads it, and as a folder for each reader. The second writing is of the same records: it must leave
every file as it is. A phone screen is 844 pixels of a page that is 390 wide, in headless Chromium.

    python benchmarks/pages.py --out docs/explanation/pages.md

An older tree, which knows no readers, writes one folder: ``PYTHONPATH=OLDER/src`` with ``--one-folder``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import inspect
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from playwright.sync_api import Browser, sync_playwright

from dropout_risk.pages.review import Review
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.scoring.readers.roles import ROLES
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.settings import Settings
from dropout_risk.simulate.district import simulate_tables
from dropout_risk.training.train import train

WIDTH, HEIGHT = 390, 844
MEGABYTE = 1_000_000
_FROM_TABLES = inspect.signature(SchoolRecords.from_tables).parameters
N_DAYS = 340
SCHOOL, COUNTY, SEED = 4700, 15_500, 11
HEAD = (
    "| who reads | pupils | folders | files | MB | seconds | again, files written "
    "| first page, screens | longest list, screens |"
)
COLUMNS = len(HEAD.split("|")) - 2


@dataclass(frozen=True)
class Written:
    """One way of writing a morning, as measured."""

    name: str
    pupils: int
    folders: int
    files: int
    megabytes: float
    seconds: float
    again: int
    first: float
    longest: float

    def row(self) -> str:
        """Write it as a line of the table."""
        cells = (
            self.name,
            f"{self.pupils:,}",
            f"{self.folders:,}",
            f"{self.files:,}",
            f"{self.megabytes:.1f}",
            f"{self.seconds:.0f}",
            f"{self.again:,}",
            f"{self.first:.1f}",
            f"{self.longest:.1f}",
        )
        return f"| {' | '.join(cells)} |"


def simulated_review(students: int, model: RiskModel, *, one_school: bool) -> Review:
    """Simulate a county, or a single school of as many pupils, and review it as its head."""
    simulated = simulate_tables(students, SEED, n_days=N_DAYS)
    tables = dict(simulated.tables)
    if one_school:
        tables = {name: _in_one_school(table) for name, table in tables.items()}
    records = records_until(simulated.last_day, tables)
    as_of = simulated.last_day + dt.timedelta(days=1)
    return Review.of(model, records, as_of, language="zh", role=ROLES["principal"])


def _in_one_school(table: pa.Table) -> pa.Table:
    """Take the classes of many schools into one; their names tell them apart."""
    if "school_id" not in table.column_names:
        return table
    rows = table.to_pandas()
    rows["school_id"] = "s-1"
    if table.column_names[0] != "student_id":
        rows = rows.drop_duplicates([name for name in ("school_id", "class_id", "date") if name in rows])
    return pa.Table.from_pandas(rows, table.schema, preserve_index=False)


def records_until(last: dt.date, tables: Mapping[str, pa.Table]) -> SchoolRecords:
    """Make records of simulated tables; older trees know of no day until which outcomes are complete."""
    known = {"outcomes_to": last} if "outcomes_to" in _FROM_TABLES else {}
    return SchoolRecords.from_tables(**tables, today=last, synthetic=True, **known)


def write_one_folder(review: Review, folder: Path) -> Path:
    """Write all pages of a review into one folder."""
    return review.write(folder)


def ways_to_write(*, by_reader: bool) -> dict[str, Callable[[Review, Path], Path]]:
    """Give the ways of writing a morning, by their names in the table."""
    ways: dict[str, Callable[[Review, Path], Path]] = {"one folder": write_one_folder}
    if by_reader:
        from dropout_risk.pages.reader_folders import write_reader_folders

        ways["by reader"] = write_reader_folders
    return ways


def trained_model() -> RiskModel:
    """Train on another, smaller county."""
    simulated = simulate_tables(1500, SEED + 1, n_days=N_DAYS)
    records = records_until(simulated.last_day, simulated.tables)
    settings = Settings(
        models={"candidate": "logistic", "folds": 2}, evaluation={"refits": 0, "learning_curve": False}
    )
    return train(records, settings, track=False).model


def measure(
    name: str, review: Review, write: Callable[[Review, Path], Path], browser: Browser, keep: Path | None
) -> Written:
    """Write a morning twice, and look at its pages as a phone shows them."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) if keep is None else keep / write.__name__
        started = time.perf_counter()
        write(review, folder)
        seconds = time.perf_counter() - started
        files = [path for path in folder.rglob("*") if path.is_file()]
        before = {path: path.stat().st_mtime_ns for path in files}
        write(review, folder)
        firsts = sorted(folder.rglob("index.html"))
        lists = [path for path in files if path.name.startswith(("school-", "list-", "cohort", "index"))]
        return Written(
            name,
            review.watch_list.cohort,
            len({path.parent for path in files}),
            len(files),
            sum(path.stat().st_size for path in files) / MEGABYTE,
            seconds,
            sum(path.stat().st_mtime_ns != before[path] for path in files),
            max(phone_screens(browser, largest(firsts, 12))),
            max(phone_screens(browser, largest(lists, 12))),
        )


def largest(paths: list[Path], number: int) -> list[Path]:
    """Give the largest files of some."""
    return sorted(paths, key=lambda path: -path.stat().st_size)[:number]


def phone_screens(browser: Browser, paths: list[Path]) -> Iterator[float]:
    """Give the height of each page in screens of a phone."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    for path in paths:
        page.goto(path.resolve().as_uri())
        yield page.evaluate("document.documentElement.scrollHeight") / HEIGHT
    page.close()


def main() -> int:
    """Measure, and print the table or write it into the page that holds it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--school", type=int, default=SCHOOL, help="pupils simulated for one school")
    parser.add_argument("--county", type=int, default=COUNTY, help="pupils simulated for a county; 0: none")
    parser.add_argument("--one-folder", action="store_true", help="not by reader")
    parser.add_argument("--out", type=Path, help="a page whose table is replaced")
    parser.add_argument("--keep", type=Path, help="a folder in which the school's pages stay")
    parser.add_argument("--browser", default=None, help="where Chromium is, if playwright has none")
    asked = parser.parse_args()
    model = trained_model()
    rows = [HEAD, "|---" * COLUMNS + "|"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.browser, args=["--no-sandbox"])
        for words, students in (("a school", asked.school), ("a county", asked.county)):
            if not students:
                continue
            review = simulated_review(students, model, one_school=words == "a school")
            keep = asked.keep if words == "a school" else None
            for how, write in ways_to_write(by_reader=not asked.one_folder).items():
                rows.append(measure(f"{words}, {how}", review, write, browser, keep).row())
                print(rows[-1], flush=True)
        browser.close()
    if asked.out is not None:
        _replace_table(asked.out, "\n".join(rows))
    return 0


def _replace_table(page: Path, table: str) -> None:
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition("| who reads ")
    after = rest[rest.index("\n\n") :]
    page.write_text(before + table + after, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
