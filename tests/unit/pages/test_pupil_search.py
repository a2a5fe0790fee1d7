"""The search: within the reader's own pupils, by what an address may ask, and nothing else."""

import pyarrow as pa
import pytest

from dropout_risk.errors import SettingsError
from dropout_risk.pages.links import served_under
from dropout_risk.pages.pupil_search import LONGEST, ON_A_PAGE, PupilQuestion, found_pupils
from dropout_risk.records.directory import Directory
from dropout_risk.settings import WatchListSettings
from dropout_risk.watchlist.watch_list import WatchList
from support.lists import alert, pupil, scores

LINKS = served_under("review", "en")
NAMES = Directory(pa.table({"student_id": ["p-1", "p-2", "q-3"], "name": ["李四", "王五", "Ａnna"]}))
CLASSES = {"p-1": "8-2", "p-2": "8-1", "q-3": "7-1"}
PUPILS = (pupil("p-1", 0.3), pupil("p-2", 0.01, alerts=(alert(),)), pupil("q-3", 0.6), pupil("q-4", 0.001))


def find(fields=None, pupils=PUPILS, **how):
    watch_list = WatchList.of(scores(*pupils), settings=WatchListSettings(**how))
    return found_pupils(watch_list, CLASSES, PupilQuestion.read(fields or {}), LINKS, NAMES)


def ids(found):
    return [line.student_id for line in found.lines]


def test_without_a_question_all_are_there_alerts_first_and_then_by_risk():
    assert ids(find()) == ["p-2", "q-3", "p-1", "q-4"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [("李", ["p-1"]), ("anna", ["q-3"]), ("P-", ["p-2", "p-1"]), ("8-1", ["p-2"]), ("nobody", [])],
)
def test_names_ids_and_classes_are_found_whatever_their_case_and_width(words, expected):
    assert ids(find({"q": words})) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [("id", ["p-1", "p-2", "q-3", "q-4"]), ("class", ["q-3", "p-2", "p-1", "q-4"])],
)
def test_what_is_found_is_sorted_as_asked(order, expected):
    assert ids(find({"sort": order})) == expected


def test_a_long_list_comes_by_pages_and_each_pupil_once():
    pupils = [pupil(f"p-{number:03}", 0.2) for number in range(ON_A_PAGE + 5)]
    first, second = (find({"page": page}, pupils) for page in ("1", "2"))
    assert sorted(ids(first) + ids(second)) == sorted(item.student_id for item in pupils)
    assert (first.start, second.start) == (1, ON_A_PAGE + 1)
    assert find({"page": "3"}, pupils) is None
    assert second.pages[0][1].startswith("review/pupils?q=&sort=list&page=1&lang=en")


@pytest.mark.parametrize(
    "fields",
    [
        {"sort": "risk; drop"},
        {"page": "0x9"},
        {"page": "-1"},
        {"page": 7 * "9"},
        {"q": "x" * (LONGEST + 1)},
    ],
)
def test_what_is_no_question_is_refused_without_its_words(fields):
    with pytest.raises(SettingsError) as raised:
        PupilQuestion.read(fields)
    assert not any(value in str(raised.value) for value in fields.values())
