"""The rules for attendance, row by row, and what of it can be used: no arrays, no grid."""

from __future__ import annotations

import datetime as dt

from dropout_risk.records.statuses import STATUSES


class PlainCheck:
    """Checks rows one after the other.

    ``errors`` and ``warnings`` give, for each (column, rule), the positions of its rows; ``usable`` gives
    (pupil, date, session, recorded_on, status) of the rows that are left, in canonical order.
    """

    def __init__(self, rows, *, schools, apart, open_on, today):
        self.schools, self.apart, self.open_on, self.today = schools, apart, open_on, today
        self.errors, self.warnings = {}, {}
        self.usable = []
        keyed = {}
        for position, row in enumerate(rows):
            key = self._key_of(position, row)
            if key is not None:
                keyed.setdefault(key, []).append((position, STATUSES.words.index(row["status"])))
        self._keep(keyed)

    def _key_of(self, position, row):
        found = {("student_id", "missing_value")} if row["student_id"] is None else set()
        date = self._date(row, "date", found)
        if date is None and not any(column == "date" for column, _ in found):
            found.add(("date", "missing_value"))
        if row["status"] is None:
            found.add(("status", "missing_value"))
        elif row["status"] not in STATUSES.words:
            found.add(("status", "unknown_word"))
        recorded = self._date(row, "recorded_on", found)
        if not found and recorded is not None and recorded < date:
            self._note(self.warnings, ("recorded_on", "recorded_before_date"), position)
        if row["student_id"] in self.apart:
            found.add(("student_id", "pupil_set_apart"))
        elif row["student_id"] is not None and row["student_id"] not in self.schools:
            found.add(("student_id", "unknown_pupil"))
        if not found and not self.open_on(self.schools[row["student_id"]], date):
            found.add(("date", "no_school_day"))
        for rule in found:
            self._note(self.errors, rule, position)
        if found:
            return None
        return row["student_id"], date, row["session"] or "", max(date, recorded or date)

    def _date(self, row, column, found):
        if row[column] is None:
            return None
        try:
            date = dt.date.fromisoformat(row[column])
        except ValueError:
            found.add((column, "unparsable_date"))
            return None
        if date > self.today:
            found.add((column, "future_date"))
        return date

    def _keep(self, keyed):
        whole_days = {key for key, rows in keyed.items() if len({status for _, status in rows}) == 1}
        for key, rows in sorted(keyed.items()):
            statuses = {status for _, status in rows}
            if len(statuses) > 1:
                for position, _ in rows:
                    self._note(self.errors, ("status", "contradicting_rows"), position)
                continue
            for position, _ in rows[1:]:
                self._note(self.errors, ("session", "duplicate_row"), position)
            pupil, date, session, recorded = key
            if session and recorded == date and (pupil, date, "", date) in whole_days:
                self._note(self.errors, ("session", "lesson_beside_day"), rows[0][0])
                continue
            self.usable.append((pupil, date, session or None, recorded, statuses.pop()))

    @staticmethod
    def _note(rules, rule, position):
        rules.setdefault(rule, []).append(position)
