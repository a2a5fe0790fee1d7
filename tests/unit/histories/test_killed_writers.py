import os
import random
import signal
import sys
import time

from dropout_risk.histories.histories import Histories
from dropout_risk.histories.store import LOCK, fold_days
from dropout_risk.histories.store_append import append_day, known_to
from dropout_risk.records.school_records import SchoolRecords
from support.agreement import same_histories
from support.appending import NAMES, day, folding, main, saving

KILLS, FEW_KILLS = 50, 10
STUDENTS = [{"student_id": name, "school_id": "s", "class_id": "1", "grade_level": 8} for name in NAMES]


def built(n_days):
    rows = [row for number in range(n_days) for row in day(number)]
    records = SchoolRecords.from_tables(students=STUDENTS, attendance=rows, today="2026-12-31")
    return Histories.from_records(records)


def struck(folder):
    """Tell whether the last writer was stopped while it was writing."""
    return bool((folder / LOCK).read_text().strip())


def killed_after(times, seconds, work, folder, *given, halfway=False):
    """Write in a child process, killed so long after some times; give the numbers that it said were done.

    With ``halfway`` the seconds are counted from when it has begun to write once more.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(writing, 1)
            sys.stdout = os.fdopen(1, "w")
            work(folder, *given)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as said:
        lines = [said.readline() for _ in range(times)]
        until = time.monotonic() + 5
        while halfway and not struck(folder) and time.monotonic() < until:
            pass
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return [int(line) for line in "".join([*lines, said.read()]).split()]


def test_a_writer_killed_at_any_moment_loses_nothing_and_adds_nothing_twice(tmp_path):
    built(1).save(tmp_path)
    append_day(  # compiles and reads what the children need
        tmp_path,
        SchoolRecords.from_tables(today="2026-12-31", known=known_to(tmp_path), attendance=day(1)),
    )
    assert same_histories(Histories.load(tmp_path), built(2)) == []
    stored, pauses, appended = 2, random.Random(7), 0
    for _ in range(KILLS):
        done = killed_after(pauses.randrange(2), pauses.uniform(0, 0.12), main, tmp_path, stored)
        held = Histories.load(tmp_path)
        n_days = int(held.calendar.lengths[0])

        assert done == list(range(stored, stored + len(done)))
        assert stored + len(done) <= n_days <= stored + len(done) + 1
        assert same_histories(held, built(n_days)) == []
        appended += n_days - stored
        stored = n_days
        if stored > 24:  # begin again with a store of two days
            built(2).save(tmp_path)
            built(2).save(tmp_path)
            stored = 2

    assert appended > KILLS // 4
    fold_days(tmp_path)
    fold_days(tmp_path)
    assert len(list(tmp_path.glob("s-*"))) == 0
    assert same_histories(Histories.load(tmp_path), built(stored)) == []


def test_a_store_whose_replacement_is_killed_is_the_old_one_or_the_new_one(tmp_path):
    versions, halfway = [built(2), built(5)], 0
    versions[0].save(tmp_path)
    first = 1
    for number in range(FEW_KILLS):
        done = killed_after(1, number / 4000, saving, tmp_path, first, versions, halfway=True)
        first = done[-1]  # is the store's, or the next one is
        held = Histories.load(tmp_path)
        found = [one for one in (first, first + 1) if same_histories(held, versions[one % 2]) == []]
        halfway += struck(tmp_path)

        assert len(found) == 1
        first = found[0] + 1

    assert halfway > 0
    versions[0].save(tmp_path)
    assert len(list(tmp_path.glob("v-*"))) == 2


def test_a_fold_killed_at_any_moment_loses_no_day_and_leaves_nothing_behind(tmp_path):
    built(1).save(tmp_path)
    halfway = 0
    for number in range(1, FEW_KILLS + 1):
        known = known_to(tmp_path)
        append_day(
            tmp_path, SchoolRecords.from_tables(today="2026-12-31", known=known, attendance=day(number))
        )
        killed_after(number % 2, number / 4000, folding, tmp_path, 0, halfway=True)
        halfway += struck(tmp_path)

        assert same_histories(Histories.load(tmp_path), built(number + 1)) == []

    assert halfway > 0
    fold_days(tmp_path)
    fold_days(tmp_path)
    assert len(list(tmp_path.glob("[sv]-*"))) == 2
