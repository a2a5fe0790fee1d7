import os
import random
import signal
import sys
import time

from dropout_risk.histories.days import append_day, known_to
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.store import fold_days
from dropout_risk.records.school_records import SchoolRecords
from support.agreement import same_histories
from support.appending import NAMES, day, main

KILLS = 50
STUDENTS = [{"student_id": name, "school_id": "s", "class_id": "1", "grade_level": 8} for name in NAMES]


def built(n_days):
    rows = [row for number in range(n_days) for row in day(number)]
    records = SchoolRecords.from_tables(students=STUDENTS, attendance=rows, today="2026-12-31")
    return Histories.from_records(records)


def killed_after(days, seconds, folder, first):
    """Append in a child process, killed so long after some days; give the days that it said were done."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(writing, 1)
            sys.stdout = os.fdopen(1, "w")
            main(folder, first)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as said:
        lines = [said.readline() for _ in range(days)]
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return [int(line) for line in "".join([*lines, said.read()]).split()]


def test_a_writer_killed_at_any_moment_loses_nothing_and_adds_nothing_twice(tmp_path):
    built(1).save(tmp_path)
    append_day(  # compiles and reads what the children need
        tmp_path, SchoolRecords.from_tables(today="2026-12-31", known=known_to(tmp_path), attendance=day(1))
    )
    assert same_histories(Histories.load(tmp_path), built(2)) == []
    stored, pauses, appended = 2, random.Random(7), 0
    for _ in range(KILLS):
        done = killed_after(pauses.randrange(2), pauses.uniform(0, 0.12), tmp_path, stored)
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
