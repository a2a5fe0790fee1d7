"""Pages tell nothing that the raw tables do not bear out: every sentence is counted again."""

import datetime as dt
import re

import pytest


@pytest.fixture(scope="module")
def recount():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend("benchmarks")
        import recount_sentences
    return recount_sentences


@pytest.fixture(scope="module")
def told(recount):
    return recount.simulated_pages(400, 3, 40)


def test_no_sentence_of_a_page_is_false(recount, told):
    district, as_of, pages = told
    counts = [recount.faults_of_page(page, district, student, as_of) for student, page in pages.items()]

    assert [fault for _, faults in counts for fault in faults] == []
    assert sum(number for number, _ in counts) > 3 * len(pages)


def false_days(recount, told, change):
    """How many faults there are once one date on each page is changed, and on how many pages there is one."""
    district, as_of, pages = told
    found = changed = 0
    for student, page in pages.items():
        own = recount.DATE_ON_PAGE.search(page)
        if own is not None:
            changed += 1
            _, faults = recount.faults_of_page(change(page, own), district, student, as_of)
            found += bool(faults)
    return found, changed


def a_day_later(page, own):
    year, month, day = map(int, re.findall(r"\d+", own["day"]))
    later = dt.date(year, month, day) + dt.timedelta(days=1)
    told = f"{later.year}年{later.month}月{later.day}日"
    return page[: own.start("day")] + told + page[own.end("day") :]


def test_one_false_date_is_found(recount, told):
    found, changed = false_days(recount, told, a_day_later)

    assert found == changed
    assert changed > len(told[2]) / 2


def test_one_false_number_is_found(recount, told):
    district, as_of, pages = told
    student, page = next((s, p) for s, p in pages.items() if "无故缺课" in p.split('<ul class="fall">')[2])
    wrong = re.sub(r"无故缺课(\d+)天", lambda own: f"无故缺课{int(own[1]) + 1}天", page)
    wrong = wrong.replace("没有无故缺课", "无故缺课3天")

    assert recount.faults_of_page(wrong, district, student, as_of)[1]
