import datetime as dt
import itertools
import tempfile
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropout_risk.casebook.mornings.morning_facts import morning_facts
from dropout_risk.features.cohort import members_on
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.store_append import append_day, known_to
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.scoring.population import score_blocks
from dropout_risk.scoring.score_rows import pupil_scores, with_ranks
from dropout_risk.watchlist.watch_list import WatchList
from support.tiny import DATES, TODAY, calendar, dates, tables

FIRST_MORNING = dt.date(2024, 7, 3)
cuts = st.lists(dates.filter(lambda day: day > FIRST_MORNING), min_size=1, max_size=3, unique=True).map(
    sorted
)


@pytest.fixture(scope="module")
def models(risk_model):
    """The model of every morning but the last, and one that takes its place."""
    limits = risk_model.settings.bands.model_copy(update={"watch": 0.0001})
    other = replace(risk_model, settings=risk_model.settings.model_copy(update={"bands": limits}))
    return risk_model, other


def arrived(table, row):
    """The day on which a row is sent: corrections and late rows on a later one than their date."""
    day = row[DATES.get(table, "date")]
    return day if table == "outcomes" else max(day, row["recorded_on"])


def parted(found, ends):
    """What is sent on each day; a pupil's own row comes with its first rows, and again when it leaves."""
    found = found | {"family": [], "attendance": [row | {"session": None} for row in found["attendance"]]}
    bounds = [dt.date.min, *ends, dt.date.max]
    parts, known = [], set()
    for begin, end in itertools.pairwise(bounds):
        part = {
            name: [row for row in rows if begin < arrived(name, row) <= end]
            for name, rows in found.items()
            if name != "students"
        }
        last = end == dt.date.max
        here = {row["student_id"] for rows in part.values() for row in rows} | {"anchor"}
        part["students"] = [
            row if last else row | {"left_on": None}
            for row in found["students"]
            if last or row["student_id"] in here - known
        ]
        known |= here
        parts.append({name: rows for name, rows in part.items() if rows})
    return parts


def sent(part, schools, apart):
    """What is sent of a day: all rows at once, or those of each school by themselves."""
    if not apart:
        return [part]
    own = (
        {name: [row for row in rows if schools[row["student_id"]] == school] for name, rows in part.items()}
        for school in ("a", "b")
    )
    return [rows for rows in ({name: rows for name, rows in part.items() if rows} for part in own) if rows]


def together(parts):
    """The rows of some days as they would be sent at once: of each pupil the last own row."""
    rows = {name: [row for part in parts for row in part.get(name, [])] for part in parts for name in part}
    rows["students"] = [*{row["student_id"]: row for row in rows["students"]}.values()]
    return rows


def records_of(rows, **told):
    return SchoolRecords.from_tables(**rows, today=TODAY, outcomes_to=TODAY, whole=False, **told)


def signals_of(model, histories, day):
    """What the case book is told of a morning."""
    facts = morning_facts(model, histories, day, language="en")
    return facts.signals, facts.to_verify, facts.placed, facts.registers


def numbers_of(model, histories, day, *, sentences=False):
    """The rows of everybody, with all contributions."""
    batches = score_blocks(model, histories, day, language="en", sentences=sentences)
    return with_ranks(pa.Table.from_batches(batches))


def listed_of(scores):
    return [group.listed for group in WatchList.of(scores).groups]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(), cuts, st.integers(0, 3), st.booleans())
def test_days_that_are_appended_give_the_morning_of_all_records_at_once(
    models, found, ends, changes_at, apart
):
    parts, schools = parted(found, ends), {row["student_id"]: row["school_id"] for row in found["students"]}
    with tempfile.TemporaryDirectory() as folder:
        Histories.from_records(records_of(parts[0], calendar=calendar())).save(folder)
        for number, end in enumerate([*ends, ends[-1] + dt.timedelta(1)]):
            for rows in sent(parts[number], schools, apart) if number else ():
                append_day(folder, records_of(rows, known=known_to(folder)))
            model, day = models[number >= changes_at], end + dt.timedelta(1)
            grown = Histories.load(folder)
            at_once = Histories.from_records(records_of(together(parts[: number + 1]), calendar=calendar()))
            if not members_on(at_once.on(day)).any():
                continue
            whole, scores = (
                numbers_of(model, at_once, day, sentences=True),
                model.score(grown, day, language="en"),
            )
            numbers = numbers_of(model, grown, day)
            assert numbers.equals(whole.select(numbers.column_names))
            everybody = list(pupil_scores(whole))
            assert listed_of(scores) == listed_of(replace(scores, pupils=tuple(everybody)))
            assert list(scores.pupils) == everybody
            assert signals_of(model, grown, day) == signals_of(model, at_once, day)
