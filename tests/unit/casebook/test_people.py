"""Who acts: deputies, absences, who has left, and files with everything wrong in them at once."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.casebook.people import Absence, Grant, People, Placed
from dropout_risk.errors import PeopleError

DAY = dt.date(2025, 3, 3)
PUPIL = Placed("p-1", "s-1", "s-1/8/1", "t-1", "v-1", "w-1")


def next_day(number=1):
    return DAY + dt.timedelta(number)


def teacher(**more):
    return Grant("t-1", "class_teacher", "pupil", deputy="t-2", **more)


HEAD = Grant("h-1", "principal", "school", "s-1")


def owner_on(day, *grants, absences=()):
    found = People(grants, absences).owner(PUPIL, "school", 0, day)
    return found and found[0]


def test_an_absent_person_is_stood_in_for_from_the_first_day_and_until_the_last():
    away = (Absence("t-1", DAY, next_day(2)),)
    days = [owner_on(next_day(n), teacher(), HEAD, absences=away) for n in (-1, 0, 1, 2)]
    assert days == ["t-1", "t-2", "t-2", "t-1"]


def test_who_has_left_loses_everything_that_morning_and_the_deputy_acts():
    left = teacher(until=DAY)
    assert [owner_on(next_day(n), left, HEAD) for n in (-1, 0, 9)] == ["t-1", "t-2", "t-2"]
    people = People((left, HEAD))
    assert people.grants_of("t-1", DAY) == ()
    assert people.roles_of("t-1", PUPIL, DAY) == ()
    assert people.roles_of("t-2", PUPIL, DAY) == ("class_teacher",)


def test_a_deputy_who_is_away_or_has_left_too_leaves_it_to_the_next_level():
    away = (Absence("t-1", DAY, next_day(5)), Absence("t-2", DAY, next_day(2)))
    assert [owner_on(next_day(n), teacher(), HEAD, absences=away) for n in (0, 2)] == ["h-1", "t-2"]
    both_left = (teacher(until=DAY), Grant("t-2", "class_teacher", "class", "s-1/8/2", until=DAY), HEAD)
    assert owner_on(DAY, *both_left) == "h-1"
    assert People(both_left).grants_of("t-2", DAY) == ()


def test_a_deputy_acts_for_the_pupils_of_whom_it_stands_in_for_and_for_no_others():
    people = People((teacher(until=DAY), HEAD))
    other = PUPIL._replace(pupil="p-2", responsible="t-9")
    assert people.may_own("t-2", PUPIL, "school", 0, DAY)
    assert not people.may_own("t-2", other, "school", 0, DAY)


def test_a_right_that_has_not_begun_is_none_and_neither_is_its_deputy():
    assert owner_on(DAY, teacher(begins=next_day()), HEAD) == "h-1"
    assert owner_on(next_day(), teacher(begins=next_day()), HEAD) == "t-1"


def test_the_nearest_scope_comes_first():
    near_to_far = [
        Grant("own", "class_teacher", "pupil", "p-1"), teacher(),
        Grant("class", "class_teacher", "class", "s-1/8/1"),
        Grant("village", "class_teacher", "village", "v-1"),
        Grant("school", "class_teacher", "school", "s-1"), Grant("town", "class_teacher", "township", "w-1"),
        Grant("county", "class_teacher", "county"),
    ]  # fmt: skip
    people = People(tuple(reversed(near_to_far)))
    names = ["own", "t-1", "class", "village", "school", "town", "county"]
    assert people.holders("class_teacher", PUPIL, DAY) == names
    assert people.holders("class_teacher", Placed("p-9", "s-2"), DAY) == ["county"]


def test_at_a_level_without_anybody_the_next_one_above_acts_and_with_nobody_none():
    people = People((HEAD, Grant("k", "county", "county")))
    owners = [people.owner(PUPIL, "school", level, DAY) for level in range(4)]
    assert owners == [("h-1", 1), ("h-1", 1), ("k", 3), ("k", 3)]
    assert people.owner(PUPIL, "care", 0, DAY) is None


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-4, 4), st.integers(-4, 4), st.integers(0, 3))),
    st.data(),
)
def test_whoever_may_own_has_a_grant_of_that_day_that_covers_the_pupil(drawn, data):
    """Law 2 asks the table of grants; the morning asks the holders: both must say the same."""
    grants = tuple(
        Grant(
            f"t-{who}", "class_teacher", "class", "s-1/8/1", next_day(begin), next_day(max(begin, end) + 1),
            f"t-{deputy}",
        )
        for who, begin, end, deputy in drawn if who != deputy
    )  # fmt: skip
    absences = tuple(
        Absence(f"t-{n}", next_day(-1), next_day(2)) for n in data.draw(st.sets(st.integers(0, 3)))
    )
    people = People(grants, absences)
    for who in people.holders("class_teacher", PUPIL, DAY):
        assert not people.is_away(who, DAY)
        assert any(grant.covers(PUPIL) for grant in people.grants_of(who, DAY))
    covering = {grant.person for grant in people.live_grants(DAY) if grant.covers(PUPIL)}
    there = {who for who in covering if not people.is_away(who, DAY)}
    assert there == set(people.holders("class_teacher", PUPIL, DAY))


def read_text(tmp_path, text, name="people.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return People.from_file(path)


CSV = """person,role,scope,scope_id,from,until,deputy,away_from,away_until,channel
t-1,class_teacher,pupil,,2024-09-01,,t-2,,,
h-1,principal,school,s-1,,2025-07-01,,,,mail
t-1,,,,,,,2025-03-03,2025-03-05,
"""
TOML = """
[[grant]]
person = "t-1"
role = "class_teacher"
scope = "pupil"
from = 2024-09-01
deputy = "t-2"
[[grant]]
person = "h-1"
role = "principal"
scope = "school"
scope_id = "s-1"
until = "2025-07-01"
channel = "mail"
[[away]]
person = "t-1"
from = 2025-03-03
until = 2025-03-05
"""


def test_a_csv_and_a_toml_that_say_the_same_are_read_as_the_same(tmp_path):
    people = read_text(tmp_path, CSV)
    assert (
        people
        == read_text(tmp_path, TOML, "people.toml")
        == read_text(tmp_path, b"\xef\xbb\xbf" + CSV.encode())
    )
    assert people.grants[1] == Grant(
        "h-1", "principal", "school", "s-1", until=dt.date(2025, 7, 1), channel="mail"
    )
    assert people.absences == (Absence("t-1", DAY, next_day(2)),)


def refusal_of(tmp_path, text, name="people.csv"):
    with pytest.raises(PeopleError) as refused:
        read_text(tmp_path, text, name)
    return str(refused.value)


def test_everything_wrong_in_a_csv_is_said_at_once_and_no_value_of_a_pupil(tmp_path):
    told = refusal_of(tmp_path, """person,role,scope,scope_id,from,until,deputi,away_from,colour
,class_teacher,pupil,the-pupil,,,,,
t-1,class_teachr,scool,the-pupil,2025-03-05,2025-03-03,,,
t-2,principal,school,,3 March,,,,
t-3,,,,,,,,
t-4,principal,school,s-1,,,,,,too many
""")  # fmt: skip
    for said in (
        "'deputi' (did you mean 'deputy'?)", "unknown 'colour'", "line 2: person is missing", "unknown role",
        "unknown scope", "line 3: until is not after from", "line 4: scope_id is missing",
        "line 4: from is no date",
        "line 5: neither a role nor an absence", "line 6: more cells than columns",
    ):  # fmt: skip
        assert said in told, said
    assert "the-pupil" not in told
    assert "10 problem" in told


def test_everything_wrong_in_a_toml_is_said_at_once(tmp_path):
    told = refusal_of(tmp_path, """
[[grant]]
person = "t-1"
role = "class_teacher"
scope = "pupil"
untill = 2025-07-01
[[grant]]
person = "t-2"
role = "class_teacher"
scope = "pupil"
from = 2025-07-01T08:00:00
[away]
person = "t-1"
[[gone]]
person = "t-1"
""", "people.toml")  # fmt: skip
    for said in (
        "'untill' (did you mean 'until'?)",
        "grant 2: from is no date",
        "write [[away]]",
        "unknown 'gone'",
    ):
        assert said in told, said


def test_rights_that_overlap_and_deputies_of_themselves_are_named(tmp_path):
    told = refusal_of(tmp_path, """person,role,scope,scope_id,from,until,deputy
t-1,principal,school,s-1,2025-01-01,2025-05-01,
t-1,principal,school,s-1,2025-04-30,,
t-2,principal,school,s-2,,2025-05-01,
t-2,principal,school,s-2,2025-05-01,,
t-3,county,county,,,,t-3
""")  # fmt: skip
    assert "1 grant(s) overlap" in told
    assert "1 deputy stands in for themselves" in told


@pytest.mark.parametrize("text", [b"", b"person,role\n", b"\xff\xfe\x00", b"[[grant]\n"])
@pytest.mark.parametrize("name", ["people.csv", "people.toml"])
def test_a_file_that_names_nobody_is_refused_in_our_words(tmp_path, text, name):
    assert "people" in refusal_of(tmp_path, text, name)


def test_a_file_that_is_not_there_is_refused_in_our_words(tmp_path):
    with pytest.raises(PeopleError):
        People.from_file(tmp_path / "none.csv")


def test_names_are_read_for_pages_and_two_names_of_one_person_are_refused(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(
        "person,role,scope,scope_id,name\nh-1,principal,school,s-1,王校长\nt-1,class_teacher,pupil,,\n"
    )
    people = People.from_file(path)
    assert [people.name_of(person) for person in ("h-1", "t-1", "nobody")] == ["王校长", "t-1", "nobody"]
    path.write_text(path.read_text() + "h-1,principal,school,s-2,赵校长\n")
    with pytest.raises(PeopleError, match="line 4: another name of the same person"):
        People.from_file(path)


@pytest.mark.parametrize(
    ("scope", "scope_id", "idle"),
    [
        ("school", "s-1", False), ("school", "s-01", True), ("class", "s-1/8/1", False),
        ("class", "s-1/8/2", True), ("village", "v-2", True), ("township", "w-1", False),
        ("township", "w-2", True), ("pupil", "p-1", False), ("pupil", "p-9", True), ("pupil", "*", False),
        ("county", "*", False),
    ],
)  # fmt: skip
def test_a_grant_of_a_place_in_which_no_pupil_is_is_named(scope, scope_id, idle):
    grant = Grant("x-1", "class_teacher", scope, scope_id)
    assert People((grant,)).idle_grants([PUPIL], DAY) == ([grant] if idle else [])
    assert People((Grant("x-1", "township", "school", "s-9", until=DAY),)).idle_grants([PUPIL], DAY) == []
