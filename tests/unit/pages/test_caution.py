"""What lists and pages say of their model."""

import csv
from dataclasses import replace

import duckdb
import pandas as pd
import pytest

from dropout_risk.evaluation.model_card.caution import caution_head, caution_lines, cautions_of
from dropout_risk.evaluation.section import Section
from dropout_risk.pages.links import FILES
from dropout_risk.pages.watch_list_page import render_index, render_watch_list
from dropout_risk.settings import WatchListSettings
from dropout_risk.text import Text
from dropout_risk.watchlist.table import list_csv
from dropout_risk.watchlist.watch_list import WatchList
from support.lists import pupil, scores
from support.reports import report, sound


def graded(*rows):
    """A sound report whose fairness section tells the share missed by grade."""
    made = [
        replace(section, points={"missed_by_grade": rows} if section.name == "fairness" else {})
        for section in sound()
    ]
    return report(made).to_dict()


def missed(grade, share, sure=True):
    return {"grade": grade, "missed": share, "sure": sure}


ABOUT = cautions_of(graded(missed("7", 0.3), missed("9", 0.4), missed("8", 0.6)), {})


def listed(about, *grades):
    pupils = [pupil(f"p{grade}", 0.4, band="high", background=f"stayed, grade {grade}") for grade in grades]
    made = scores(*pupils, language="zh")
    return WatchList.of(replace(made, model=made.model | about), settings=WatchListSettings())


def test_a_grade_missed_twice_as_often_is_told_on_its_list_and_on_no_other():
    eighth, seventh = (render_watch_list(listed(ABOUT, grade), "zh") for grade in (8, 7))

    assert "8年级：检验中，后来辍学的学生有60%没有列入名单，是7年级（30%）的2.0倍。" in eighth
    assert "没有列入名单，是" not in seventh
    assert "9年级：" not in render_watch_list(listed(ABOUT, 9), "zh")


def test_where_scores_do_not_tell_the_grade_every_line_is_told():
    watch_list = listed(ABOUT, 7)

    assert "8年级：" in render_index(watch_list, FILES)
    assert caution_lines(ABOUT, "en", None)[0].startswith("Grade 8: ")
    assert caution_lines(ABOUT, "zh", ()) == []


def test_chance_is_named_where_it_is_not_ruled_out():
    about = cautions_of(graded(missed("7", 0.3), missed("8", 0.6, sure=False)), {})

    assert "可能有偶然因素" in about["missed_more"]["8"]["zh"]


@pytest.mark.parametrize(("synthetic", "said"), [(True, True), (False, False)])
def test_every_list_says_that_its_model_may_not_be_used_and_none_where_it_may(synthetic, said):
    about = cautions_of(report(synthetic=synthetic).to_dict(), {})
    watch_list = listed(about, 8)
    for page in (render_watch_list(watch_list, "zh"), render_index(watch_list, FILES)):
        assert ("不得投入使用，名单只供试看：它由模拟数据训练" in page) is said
        assert page.count('class="caution"') == int(said)


def test_the_first_page_says_in_one_line_that_the_model_may_not_be_used_and_why_when_opened():
    why = ("它由模拟数据训练", "检查未通过：是否有的群体更常被漏掉")
    for text in why:
        line = f"本模型自2026年5月19日检验以来不得投入使用，名单只供试看：{text}。"
        head = caution_head([line, "8年级：……"], {"for_trial_only": {"zh": line}}, "zh")
        assert head == "本模型自2026年5月19日检验以来不得投入使用，名单只供试看"
    trial = "本模型的检验没有全部通过（检查未通过：甲），5月1日经批准试用：试点"
    assert caution_head([trial], {"for_trial_only": {"zh": trial}}, "zh") == "本模型的检验没有全部通过"
    assert caution_head(["8年级：……"], {}, "zh") == "有的年级更常被漏掉，请点开看"
    assert caution_head([], {}, "zh") == ""


def test_the_csv_says_it_in_its_first_line_and_in_no_row():
    watch_list = listed(cautions_of(report(synthetic=True).to_dict(), {}), 8)
    head, *rows = list_csv(watch_list).splitlines()

    assert "不得投入使用" in head
    assert not [row for row in rows if "不得投入使用" in row]


def test_programs_read_the_csv_with_as_many_cells_in_every_row_as_in_its_head(tmp_path):
    watch_list = listed(cautions_of(report(synthetic=True).to_dict(), {}), 8)
    rows = [*csv.reader(list_csv(watch_list).splitlines())]
    assert len(rows) > 1
    assert len({len(row) for row in rows}) == 1

    path = watch_list.to_csv(tmp_path / "list.csv")
    assert duckdb.read_csv(str(path)).columns[:3] == pd.read_csv(path).columns[:3].tolist() == rows[0][:3]


def test_a_section_of_a_bundle_from_before_has_no_points_and_is_read():
    old = Section("fairness", Text(zh="公平性", en="Fairness")).to_dict()
    del old["points"]

    assert Section.from_dict(old).points == {}
