"""The pages as files, in a browser: what a reviewer sees, prints and can reach by keyboard."""

from __future__ import annotations

from itertools import pairwise

import pytest

from support.reviewed import EVIL, EVIL_SCHOOL, PUPIL

LANGUAGES = ("zh", "en")
A4_MINUS_MARGINS = 695  # 184 mm at 96 pixels an inch

SECTIONS = {
    "en": {
        "cohort.html": ["How risks are spread", "Lists by capacity", "Where risks come from, by school",
                        "Could not be scored", "The highest risks"],
        "model.html": ["Model card", "Not for", "Limits", "Calibration", "Reasons overall", "How to read"],
        PUPIL: ["Since last time", "How this risk was computed", "By domain", "By reason", "May help",
                                "Attendance", "Marks", "worth finding out", "What a score is not"],
    },
    "zh": {
        "cohort.html": ["风险分布", "各校名单", "各校风险主要来自哪方面", "暂不评估", "风险最高的学生"],
        "model.html": ["模型说明书", "不得用于", "局限", "校准", "总体上哪些因素起作用", "怎样读一条"],
        PUPIL: ["与上次相比", "这个风险是怎样算出的", "按类别", "按具体情况", "可以怎么帮", "出勤",
                                "成绩", "有待核实的信息", "使用须知"],
    },
}  # fmt: skip


def each_page(opened, width=1280):
    for (language, name), tab in opened.items():
        tab.page.set_viewport_size({"width": width, "height": 900})
        yield f"{language} {name}", tab.page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_its_parts_in_its_language(opened, language):
    for name, parts in SECTIONS[language].items():
        page = opened[language, name].page
        heads = page.locator("h1, h2, h3").all_text_contents()
        assert [part for part in parts if not any(part in head for head in heads)] == [], name
        assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pupils_page_shows_the_numbers_of_its_score(opened, reviews, language):
    score = next(pupil for pupil in reviews[language].scores.pupils if pupil.student_id == EVIL)
    page = opened[language, PUPIL].page
    falls = page.locator(".fall")
    assert f"{score.risk:.0%}" in page.locator(".headline").inner_text()
    numbers = falls.nth(1).locator("li:not(.axis) .number").all_inner_texts()
    shown = sum(float(number.replace("−", "-")) for number in numbers[1:-1])
    assert shown == pytest.approx(score.log_odds - score.base_log_odds, abs=0.05)
    assert numbers[-1] == f"{score.risk:.0%}"
    assert page.locator(".strip rect").count() > 60
    assert page.locator(".marks circle").count() > 3


def test_pages_ask_nobody_for_anything_and_complain_of_nothing(opened):
    for (_, name), tab in opened.items():
        assert [url.rsplit("/", 1)[1] for url in tab.asked] == [name]
        assert tab.said == [], name


def test_what_a_record_says_is_text_and_runs_nowhere(opened):
    for name, page in each_page(opened):
        assert page.locator("script, img, iframe, object, form").count() == 0, name
    page = opened["en", PUPIL].page
    assert page.locator("h1").inner_text() == f"Pupil {EVIL}"
    assert EVIL_SCHOOL in page.locator(".whose").inner_text()


@pytest.mark.parametrize("width", [1280, 640, 390, 320])
def test_no_page_scrolls_sideways_at_any_zoom(opened, width):
    for name, page in each_page(opened, width):
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beyond == 0, name


def test_headings_are_in_order(opened):
    for name, page in each_page(opened):
        levels = page.locator("h1, h2, h3, h4, h5").evaluate_all("all => all.map(head => +head.tagName[1])")
        assert levels[0] == 1, name
        assert all(after <= before + 1 for before, after in pairwise(levels)), name


def test_every_picture_has_words(opened):
    silent = """all => all.filter(svg => !svg.closest('[aria-hidden]') && !svg.parentElement.closest('svg')
        && !(svg.getAttribute('role') === 'img' && svg.querySelector('title').textContent.trim())).length"""
    for name, page in each_page(opened):
        assert page.locator("svg").evaluate_all(silent) == 0, name


CONTRAST = """() => {
  const channel = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  const light = rgb => 0.2126 * channel(rgb[0]) + 0.7152 * channel(rgb[1]) + 0.0722 * channel(rgb[2])
  const colour = text => text.match(/[\\d.]+/g).map(Number)
  const ground = node => { for (; node; node = node.parentElement) {
    const of = colour(getComputedStyle(node).backgroundColor)
    if (of[3] !== 0) return of } return [255, 255, 255] }
  const low = []
  for (const node of document.querySelectorAll('body *:not(style)')) {
    if (![...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim())) continue
    if (node.tagName === 'title' || !node.getClientRects().length) continue
    const style = getComputedStyle(node)
    const [a, b] = [light(colour(node.closest('svg') ? style.fill : style.color)), light(ground(node))]
    if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) low.push(node.textContent.trim())
  }
  return low }"""


def test_words_stand_out_from_their_ground(opened):
    for name, page in each_page(opened):
        assert page.evaluate(CONTRAST) == [], name


def test_the_keyboard_leads_past_the_links_and_shows_where_it_is(opened):
    page = opened["en", "cohort.html"].page
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert skip.evaluate("node => node === document.activeElement && node.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    focused = "document.activeElement"
    assert page.evaluate(f"document.querySelector('main').contains({focused})")
    assert page.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid"


def test_every_page_prints_on_a4_on_white_without_cutting_a_card(opened):
    dark = """all => all.filter(node => { const [r, g, b, a] = getComputedStyle(node).backgroundColor
        .match(/[\\d.]+/g).map(Number); return a !== 0 && r + g + b < 450 }).length"""
    for name, page in each_page(opened, A4_MINUS_MARGINS):
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") <= A4_MINUS_MARGINS, name
        assert page.locator("body *").evaluate_all(dark) == 0, name
        cut = "all => all.filter(node => getComputedStyle(node).breakInside !== 'avoid').length"
        assert page.locator("figure, .card, .alert, .fall li, tr").evaluate_all(cut) == 0, name
        page.emulate_media(media="screen")
    assert opened["zh", PUPIL].page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
