"""Every number and date in the sentences of the desk, counted again from the entries by plain loops."""

import re

import pytest
import sqlalchemy as sa
from serving.desk import DeskRoom

from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.desk import case_page
from support.casebook_county import County, open_book
from support.desk_town import Visitor

DAYS = 12
PERSONS = ("t-1", "t-5", "h-0", "v-0", "k")
WHOLE = ("class_teacher", "principal", "counsellor", "auditor")
RANKS = ("absent_3_days", "absent_1_day", "register_silent", "listed")
NUMBERS = {"absent_3_days": [3], "absent_1_day": [1]}
FATES = {"meet": "done", "returned": "done", "close": "done", "plan": "planned"}


@pytest.fixture
def county():
    made, book = County(seed=5, pupils=60), open_book("sqlite://", NoteKeys.new())
    made.work(book, DAYS)
    made.book, made.day = book, made.school_days(DAYS)[-1]
    made.room = DeskRoom(book, day=made.day)
    made.room._current_people = lambda: made.people
    return made


# --- What pages say ---


def figures_in(text):
    """The numbers and dates (month, day) of a text, in their order; ids and hours of the ladder are none."""
    bare = re.sub(r"<[^>]+>|[a-z]+-[0-9/]+|1[27]:00", " ", text)
    return [
        (int(month), int(day)) if month else int(number)
        for month, day, number in re.findall(r"(\d+)月(\d+)日|(\d+)", bare)
    ]


def cards_in(page):
    """By pupil and section of the first page what a card says: its fact, and all below it."""
    found = {}
    for section in page.split("<section>")[1:]:
        for name, card in re.findall(r"(?s)<h3>(?:<a[^>]*>)?(p-\d+).*?</h3>(.*?)</article>", section):
            found[name] = figures_in("".join(re.findall(r"(?s)<p[^>]*>.*?</p>", card)))
    return found


# --- What entries say ---


class Told:
    """A case as its raw entries say, walked one by one."""

    def __init__(self, entries):
        self.entries = entries
        self.signals, self.due, self.met, self.state, self.owner = {}, None, False, "", ""
        for entry in entries:
            self._add(entry)

    def _add(self, entry):
        kind, data = entry.kind, entry.data
        if kind == "open":
            self.pupil, self.line, self.state = data["pupil"], data["line"], "open"
        if "rule" in data:
            self.signals[data["rule"]] = data.get("since") or str(entry.day)
        if kind in ("signal", "away", "answer") and self.due and data.get("due"):
            self.due = min(self.due, data["due"])
        else:
            self.due = data.get("due", self.due)
        self.met = self.met or kind == "meet"
        self.owner = data.get("owner", self.owner)
        self.state = {"returned": "staying", "away": "open", "signal": "open", "close": "closed"}.get(
            kind, self.state
        )

    @property
    def rule(self):
        return min(self.signals, key=RANKS.index)

    def fact(self):
        return [*NUMBERS.get(self.rule, []), date(self.signals[self.rule])]

    def card(self):
        last = self.entries[-1]
        return [*self.fact(), *([] if last.by == "morning" else [date(last.day)]), date(self.due)]

    def timeline(self):
        return [figure for entry in self.entries for figure in told_entry(entry)]


def date(day):
    return tuple(map(int, str(day).split("-")[1:]))


def told_entry(entry):
    data = entry.data
    yield date(entry.day)
    if "rule" in data:
        yield from NUMBERS.get(data["rule"], [])
        yield date(data.get("since") or entry.day)
    elif "since" in data:
        yield date(data["since"])
    if "due" in data:
        yield date(data["due"])


class Recount:
    """What a person's pages have to say, from the raw tables: entries, standings and grants."""

    def __init__(self, county, person):
        frames = county.book.frames()
        self.day, self.person = county.day, person
        self.grants = [row for row in frames["grant"].itertuples() if row.person == person]
        self.pupils = {row.pupil: row for row in frames["standing"].itertuples()}
        by_case = {}
        for row in frames["entry"].itertuples():
            by_case.setdefault(row.case, []).append(row)
        self.cases = {number: Told(entries) for number, entries in by_case.items()}

    def has(self, pupil, roles=None):
        return any(
            grant.scope == "county"
            or (grant.scope == "school" and grant.scope_id == self.pupils[pupil].school)
            or (
                grant.scope == "pupil" and (grant.stands_for or self.person) == self.pupils[pupil].responsible
            )
            for grant in self.grants
            if roles is None or grant.role in roles
        )

    def shown(self):
        """The cases that the first page shows: of the own pupils, and the own ones."""
        return {
            number: case
            for number, case in self.cases.items()
            if case.line == "school"
            and (self.has(case.pupil, WHOLE) or (case.owner == self.person and self.has(case.pupil)))
        }

    def sections(self):
        counts = dict.fromkeys(("今天要做", "已逾期", "处理中", "稳定期"), 0)
        live = [case for case in self.shown().values() if case.state != "closed"]
        for case in live:
            mine = case.owner == self.person
            if mine and case.due <= str(self.day):
                counts["已逾期" if case.due < str(self.day) else "今天要做"] += 1
            else:
                fresh = mine and case.rule == "listed" and not case.met and case.state == "open"
                counts["稳定期" if case.state == "staying" and not fresh else "处理中"] += 1
        own = [row for row in self.pupils.values() if row.at_school and self.has(row.pupil, WHOLE)]
        others = [row.part for row in own if row.pupil not in {case.pupil for case in live}]
        if own:
            unclear = others.count("to_verify")
            counts |= {"须核实": unclear} if unclear else {}
            counts["今天不用安排"] = len(others) - unclear
        return counts

    def evening(self):
        """Of what was due this morning: how many are done, planned, passed up, held, and left."""
        counts = {"done": 0, "planned": 0, "left": 0}
        for case in self.shown().values():
            written = [row for row in case.entries if row.day == self.day and row.by != "morning"]
            before = Told([row for row in case.entries if row not in written])
            if before.state != "closed" and before.due and before.due <= str(self.day):
                counts[next((FATES[row.kind] for row in written), "left")] += 1
        return [sum(counts.values()), counts["done"], counts["planned"], 0, 0, counts["left"]]


def wrong_figures(county):
    """Compare every figure of every page to what is counted again; name what differs."""
    wrong = []
    addresses = county.room.desk().addresses

    def compare(what, said, counted):
        if said != counted:
            wrong.append((what, said, counted))

    for person in PERSONS:
        visitor, told = Visitor(county.room, person), Recount(county, person)
        today, evening = (visitor.ask(f"/desk/{name}", all="1").html for name in ("today", "evening"))
        live = {number: case for number, case in told.shown().items() if case.state != "closed"}
        counts = {name: int(number) for number, name in re.findall(r"<li><b>(\d+)</b>([^<]+)", today)}
        compare("counts", counts, told.sections())
        compare("cards", cards_in(today), {case.pupil: case.card() for case in live.values()})
        compare("evening", figures_in(re.search(r'adds-up">([^<]+)', evening)[1]), told.evening())
        left = cards_in(evening)
        compare("left", left, {case.pupil: case.card() for case in live.values() if case.pupil in left})
        compare("left, in number", len(left), told.evening()[-1])
        for number, case in told.shown().items():
            page = visitor.ask(f"/desk/case/{addresses.address_of(number)}").html
            compare(
                ("timeline", number),
                figures_in(page.partition("<ol")[2].partition("</ol>")[0]),
                case.timeline(),
            )
            why = page.partition("<details>")[2]
            signals = [[*NUMBERS.get(rule, []), date(since)] for rule, since in case.signals.items()]
            compare(
                ("why", number), [figures_in(line) for line in re.findall(r"<li>(.*?)</li>", why)], signals
            )
            if case.state != "closed":
                step = re.search(r'<p>([^<]*)</p>\s*<p class="do">([^<]*)</p>', page)
                compare(("step", number), figures_in(" ".join(step.groups())), [*case.fact(), date(case.due)])
    return wrong


def test_every_number_and_date_of_the_pages_is_what_the_entries_say(county):
    assert wrong_figures(county) == []


def test_there_is_something_of_every_kind_to_count(county):
    sums = {}
    for person in PERSONS:
        for name, number in Recount(county, person).sections().items():
            sums[name] = sums.get(name, 0) + number
    evening = [Recount(county, person).evening() for person in PERSONS]

    assert all(sums.values()), sums
    assert all(sum(told[at] for told in evening) for at in (0, 1, 2, 5))


FAULTS = {
    "a due day": "UPDATE \"case\" SET due = date(due, '+1 day') WHERE state <> 'closed' AND line = 'school'",
    "a first day": "UPDATE \"case\" SET signals = replace(signals, '-09-0', '-10-0') WHERE line = 'school'",
    "a state": "UPDATE \"case\" SET state = 'staying' WHERE state = 'open' AND line = 'school'",
    "a fate": "UPDATE round SET fate = 'planned' WHERE fate = 'done'",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(county, fault):
    with county.book.writing() as connection:
        assert connection.execute(sa.text(FAULTS[fault])).rowcount

    assert wrong_figures(county)


def test_a_page_that_writes_a_day_too_late_is_found(county, monkeypatch):
    right = case_page.day_text
    monkeypatch.setattr(case_page, "day_text", lambda day: right(str(day).replace("-09-", "-10-")))

    assert {what[0] for what, _, _ in wrong_figures(county)} == {"timeline"}
