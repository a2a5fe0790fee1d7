"""Processes that write to a store again and again, and say of each time when it is done."""

from itertools import count

from dropout_risk.histories.store import fold_days
from dropout_risk.histories.store_append import append_day, known_to
from dropout_risk.records.school_records import SchoolRecords

NAMES = ("a", "b")


def day(number):
    date = f"2025-{number // 28 + 1:02d}-{number % 28 + 1:02d}"
    status = "absent" if number % 3 == 0 else "present"
    return [{"student_id": name, "date": date, "status": status} for name in NAMES]


def main(folder, first):
    for number in range(first, 300):
        rows = SchoolRecords.from_tables(today="2026-12-31", known=known_to(folder), attendance=day(number))
        append_day(folder, rows)
        print(number, flush=True)


def saving(folder, first, histories):
    for number in count(first):
        histories[number % len(histories)].save(folder)
        print(number, flush=True)


def folding(folder, first):
    for number in count(first):
        fold_days(folder)
        print(number, flush=True)
