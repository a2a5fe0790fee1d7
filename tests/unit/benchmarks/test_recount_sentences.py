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
def simulated(recount):
    return recount.simulated_district(400, 3)


@pytest.fixture(scope="module")
def told(recount, simulated):
    return simulated.district, simulated.as_of, recount.simulated_pages(simulated, 3, 40)


def test_no_sentence_of_a_page_is_false(recount, told):
    district, as_of, pages = told
    counts = [recount.faults_of_page(page, district, student, as_of) for student, page in pages.items()]

    assert [fault for _, faults in counts for fault in faults] == []
    assert sum(number for number, _ in counts) > 3 * len(pages)


def test_what_a_class_teacher_is_told_without_a_number_is_true_and_has_its_days(recount, simulated):
    pages = recount.simulated_pages(simulated, 3, 40, role="class_teacher")
    counts = [
        recount.folded_faults(page, *simulated[:1], student, simulated.as_of)
        for student, page in pages.items()
    ]

    assert [fault for _, faults in counts for fault in faults] == []
    assert sum(number for number, _ in counts) > len(pages)


def faults_after_an_earlier_list(recount, simulated, pages, earlier):
    return [
        fault
        for student, page in pages.items()
        for fault in recount.faults_of_page(page, simulated.district, student, simulated.as_of, earlier)[1]
    ]


def test_what_an_earlier_list_has_told_is_said_to_be_told_and_nothing_else(recount, simulated, told):
    earlier = simulated.as_of - dt.timedelta(days=7)
    pages = recount.simulated_pages(simulated, 3, 5, earlier=earlier)

    assert faults_after_an_earlier_list(recount, simulated, pages, earlier) == []
    assert any("跟进中的预警" in page for page in pages.values())
    assert faults_after_an_earlier_list(recount, simulated, pages, None)
    assert faults_after_an_earlier_list(recount, simulated, told[2], earlier)


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


def faults_once_changed(recount, told, pattern, change):
    """How many pages tell something, and on how many of them a changed telling is found."""
    district, as_of, pages = told
    with_it = [(student, page) for student, page in pages.items() if re.search(pattern, page)]
    found = [
        bool(recount.faults_of_page(re.sub(pattern, change, page, count=1), district, student, as_of)[1])
        for student, page in with_it
    ]
    return len(with_it), sum(found)


def one_more(own):
    return f"{own[1]}{int(own[2]) + 1}{own[3]}"


@pytest.mark.parametrize(
    ("pattern", "change"),
    [
        (r"(已连续)(\d+)(个教学日无故缺课)", one_more),
        (r"(可用记录的教学日已有)(\d+)(个)", one_more),
        (r"(有记录的)(\d+)(天都无故缺课（未请假)", one_more),
        (r"(月)(\d+)(日无故缺课（未请假)", one_more),
        (r"(考勤：近\d+个教学日缺课)(\d+)(天)", one_more),
        (r"(<li>20\d\d年.季学期[^<]*[^\d.])(\d+)(/1\d\d)", one_more),
        (r"(<li>20\d\d年.季学期[^<]*[：、][^：、<]+)缺考", r"\g<1>60%"),
        (r"<h2>今日预警</h2>", "<h2>跟进中的预警</h2>"),
        (r"<h2>与一周前的记录相比</h2>", "<h2>与上次相比</h2>"),
        (r"(家庭情况：[^<]*月)(\d+)(日起)", one_more),
        (r"(家校距离\d*)(\d)(.\d公里|公里)", one_more),
        (r"(总分达到筛查线（\d+年)(\d+)(月)", one_more),
        (r"<li>考勤：[^<]*</li>", ""),
        (r'<p class="alert">.*?</p>', ""),
    ],
)
def test_a_false_or_missing_line_before_the_model_is_found(recount, told, pattern, change):
    with_it, found = faults_once_changed(recount, told, pattern, change)

    assert with_it > 0
    assert found == with_it
