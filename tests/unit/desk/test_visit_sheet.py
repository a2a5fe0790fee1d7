"""The sheet to take along: what stands on it of a pupil, and that it can be filled in."""

import base64
import datetime as dt
import hashlib
import re

import pyarrow as pa
import pytest

from dropout_risk.casebook.visiting.visit_week import plan_week
from dropout_risk.casebook.visiting.visits import Hours, Stop, Visitor
from dropout_risk.casebook.words import QUESTIONS
from dropout_risk.desk.visit_sheet_page import visit_sheet
from dropout_risk.records.directory import Directory

DAY = dt.date(2025, 5, 19)
KNOWN = Directory(
    pa.table(
        {
            "student_id": ["p-1"], "name": ["<b>某某</b>"], "guardian": ["祖母"], "phone": ["0851-1"],
            "village": ["杨家湾"], "address": ["三组"], "seat": ["17"],
        }
    )
)  # fmt: skip


@pytest.fixture
def routes():
    stops = [Stop("c-1", "p-1", "planned village", days_overdue=2), Stop("c-2", "p-2", due=DAY)]
    return plan_week(stops, [Visitor("t-1", (Hours(DAY, dt.time(13), dt.time(18)),))], [DAY]).routes


def test_a_sheet_holds_of_a_pupil_what_the_directory_holds_and_no_more(routes):
    whole, bare = (visit_sheet(routes, directory) for directory in (KNOWN, Directory.empty()))
    named = visit_sheet(routes, KNOWN.only(["name"]))

    assert all(word in whole for word in ("&lt;b&gt;某某&lt;/b&gt;", "祖母", "0851-1", "杨家湾", "三组"))
    assert not [
        word for word in ("某某", "祖母", "0851-1", "杨家湾", "三组", "planned village") if word in bare
    ]
    assert "p-1" in bare
    assert "某某" in named
    assert "祖母" not in named
    assert "p-1" not in named


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_word_that_a_visit_is_written_down_with_has_a_box(routes, language):
    page = visit_sheet(routes, KNOWN, language).replace("&#39;", "'")

    for question in QUESTIONS.values():
        for word in question.words:
            assert page.count(f'<span class="box">{word.text.to(language)}</span>') == 2


def test_a_sheet_says_when_by_whom_and_what_is_overdue(routes):
    page = visit_sheet(routes, KNOWN)

    assert all(word in page for word in ("2025年5月19日", "家访人：t-1", "已逾期 2 天", "期限 2025年5月19日"))
    assert f"编号 {routes[0].reference}" in page
    assert "家访人：某老师" in visit_sheet(routes, KNOWN, names={"t-1": "某老师"})


def test_a_sheet_runs_no_script_and_asks_nobody_for_anything(routes):
    page = visit_sheet(routes, KNOWN)
    (css,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()

    assert f"sha256-{digest}" in page
    assert not re.findall(r"<script|https?://|<form|\son\w+=", page)


def test_no_route_is_said_in_words():
    assert "这几天没有安排家访" in visit_sheet([], KNOWN)
