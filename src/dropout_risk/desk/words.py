"""The words of the desk: what fired, what is to be done by when, and what its pages are called."""

from __future__ import annotations

import datetime as dt
import re

from dropout_risk.casebook.case import Case
from dropout_risk.casebook.machine import PARTS, REGISTER_BACK
from dropout_risk.casebook.mornings.morning import LISTED
from dropout_risk.casebook.release import WORD_RULE, WORD_RULE_TEXT
from dropout_risk.casebook.words import Word
from dropout_risk.catalogue.alert_kinds import (
    ABSENT,
    CRITICAL_ITEM,
    MARKS_FALL,
    REGISTER_SILENT,
    kind_of_rule,
)
from dropout_risk.text import DAY_OF_YEAR, Language, Text, date_in_words

WORRY = "worry"
RULES: dict[str, Text] = {
    CRITICAL_ITEM: Text(zh="心理测评有须当天关注的回答", en="a test answer that asks for care on the day"),
    ABSENT: Text(zh="无故缺课满{days}天", en="absent without leave for {days} day(s)"),
    REGISTER_SILENT: Text(
        zh="班级已登记考勤，本人没有记录", en="no register entry, though the class has one"
    ),
    MARKS_FALL: Text(zh="成绩下滑，缺课增多", en="falling marks with more absence"),
    WORRY: Text(zh="有人提出担心", en="somebody is worried"),
    WORD_RULE: WORD_RULE_TEXT,
    LISTED: Text(zh="列入关注名单，建议谈话", en="on the watch list: a talk is suggested"),
}
"""What each kind of rule says, the most urgent first."""
OTHER_RULE = Text(zh="其他预警", en="another alert")
_SINCE = Text(zh="{fact}（{day}起）", en="{fact} (since {day})")
_TESTED = Text(zh="{fact}（{day}测评）", en="{fact} (test of {day})")
_DAYS = re.compile(r"_(\d+)_day")


def days_of_rule(rule: str) -> int:
    """Give the number of days that a rule names, 0 where it names none.

    >>> days_of_rule("absent_3_days"), days_of_rule("listed")
    (3, 0)
    """
    found = _DAYS.search(rule)
    return int(found[1]) if found else 0


def rule_text(rule: str) -> Text:
    """Say what a rule says.

    >>> rule_text("absent_3_days").zh, rule_text("register_silent").en
    ('无故缺课满3天', 'no register entry, though the class has one')
    """
    return RULES.get(kind_of_rule(rule), OTHER_RULE).filled(days=days_of_rule(rule))


def rule_order(rule: str) -> tuple[int, int]:
    """Give the key that sorts rules, the most urgent first: by kind, then the longer one."""
    kinds = [*RULES]
    kind = kind_of_rule(rule)
    return (kinds.index(kind) if kind in kinds else kinds.index(WORRY)), -days_of_rule(rule)


def main_rule(case: Case) -> str:
    """Give the most urgent of the rules that fired for a case."""
    return min(case.signals, key=rule_order)


def fact_text(case: Case) -> Text:
    """Tell a case in one fact, as the book knows it."""
    rule = main_rule(case)
    return since_text(rule, case.signals[rule])


def since_text(rule: str, since: str) -> Text:
    """Tell what fired and since when."""
    if kind_of_rule(rule) == CRITICAL_ITEM:  # a test may be of years ago
        day = dt.date.fromisoformat(since)
        return _TESTED.filled(fact=rule_text(rule), day=Text(zh=date_in_words(day, "zh"), en=since))
    return _SINCE.filled(fact=rule_text(rule), day=day_text(since))


def day_text(day: str | dt.date) -> Text:
    """Write a day of this year."""
    date = day if isinstance(day, dt.date) else dt.date.fromisoformat(day)
    return Text(zh=DAY_OF_YEAR.fill("zh", day=date), en=DAY_OF_YEAR.fill("en", day=date))


def weekday_text(day: dt.date) -> Text:
    """Write a day with its weekday.

    >>> weekday_text(dt.date(2025, 5, 20)).zh, weekday_text(dt.date(2025, 5, 20)).en
    ('5月20日 星期二', 'Tue 2025-05-20')
    """
    number = day.weekday()
    return Text(
        zh=f"{day_text(day).zh} 星期{'一二三四五六日'[number]}",
        en=f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[number]} {day}",
    )


_CLASS = Text(zh="{grade}年级 {name}", en="grade {grade}, {name}")
_DIGITS = "零一二三四五六七八九"


def class_text(class_name: str) -> Text:
    """Name a class within its school; a name of another form is told as it is.

    >>> class_text("s-1/7/4").zh, class_text("s-1/7/4").en, class_text("一中/10/1班").zh
    ('七年级 4班', 'grade 7, class 4', '10年级 1班')
    >>> class_text("s-1").zh
    's-1'
    """
    _, *parts = class_name.rsplit("/", 2)
    if len(parts) < 2 or not parts[0].isdecimal():
        return Text(zh=class_name, en=class_name)
    grade, name = parts
    named = Text(zh=f"{name}班", en=f"class {name}") if name.isdecimal() else Text(zh=name, en=name)
    told = Text(zh=_DIGITS[int(grade)] if int(grade) < len(_DIGITS) else grade, en=grade)
    return _CLASS.filled(grade=told, name=named)


# --- What is to be done, by the ladder ---

_STEPS = {
    "staying": Text(
        zh="{due}前核对一次出勤，问问孩子近况", en="check the attendance and ask how it goes by {due}"
    ),
    "care": Text(
        zh="今天见到学生，确认安全，通知监护人",
        en="see the pupil today, make sure it is safe, tell the guardian",
    ),
    "met": Text(
        zh="{due}前核对约定的结果，再联系家长", en="see by {due} what came of it, call the family again"
    ),
    "listed": Text(zh="{due}前与学生谈一次", en="talk with the pupil by {due}"),
    "first": Text(zh="{due}12:00前联系家长，问清原因", en="reach the family by noon of {due}, ask why"),
    "visit": Text(
        zh="{due}家访，可请村（社区）同去；请校长知情",
        en="visit the home on {due}, with the village; tell the principal",
    ),
    "report": Text(
        zh="{due}17:00前书面报告乡镇，安排联合家访",
        en="report to the township in writing by 17:00 of {due}; plan a joint visit",
    ),
    "township": Text(zh="{due}前与学校联合家访，动员返校", en="visit by {due}, with the school"),
    "back": Text(
        zh="考勤显示{back}起已到校：{due}前核实，属实就登记返校",
        en="the register has the pupil back since {back}: see by {due} whether that is so, and write it down",
    ),
    "county": Text(zh="{due}前核实去向，研究劝返方案", en="find out by {due} where the pupil is, and decide"),
}
REPORT_DAYS, VISIT_DAYS = 3, 2
"""From so many days of absence the school reports in writing, and somebody visits."""


def step_text(case: Case, last: str, back: dt.date | None = None) -> Text:
    """Say what is to be done next and by when: by the ladder, the case's level and the verb last written.

    ``back`` is the day since which the register has the pupil back, of which nobody has written yet.
    """
    due = day_text(case.due or case.turned)
    if back is not None:
        return _STEPS["back"].filled(due=due, back=day_text(back))
    return _STEPS[_step_of(case, last)].filled(due=due)


def _step_of(case: Case, last: str) -> str:
    rule = main_rule(case)
    if case.line == "care":
        return "met" if case.met else "care"
    if case.state == "staying":
        return "staying"
    if case.met and last not in ("signal", "away", "pass_up"):
        return "met"
    if case.office in ("township", "county"):
        return case.office
    if kind_of_rule(rule) == ABSENT and days_of_rule(rule) >= VISIT_DAYS:
        return "report" if days_of_rule(rule) >= REPORT_DAYS else "visit"
    return "listed" if rule in (LISTED, WORD_RULE) else "first"


PLAN_TEXT = Text(
    zh="1. 今天当面见到学生，陪伴在旁，不让其独处；2. 直接、平和地问清处境，不作评判；"
    "3. 通知监护人，请其看护并收好危险物品；4. 必要时转介医院或拨打心理援助热线；"
    "5. 只让必须知道的人知道，记录写在这里。",
    en="1. See the pupil in person today and stay there; 2. ask openly and calmly, judge nothing; 3. tell "
    "the guardian, who keeps watch and puts dangerous things away; 4. refer to a hospital or a crisis line "
    "where needed; 5. tell only those who must know, and write it down here.",
)

PUT_OFF = (
    Word("nobody_home", Text(zh="家里没人", en="nobody was at home")),
    Word("family_asked", Text(zh="家长请求改天", en="the family asked for another day")),
    Word("pupil_ill", Text(zh="学生生病", en="the pupil is ill")),
    Word("weather", Text(zh="天气或道路", en="weather or roads")),
    Word("other_duty", Text(zh="有其他急事", en="something more urgent")),
    Word("not_needed_yet", Text(zh="暂不需要安排", en="not needed yet")),
)
"""Why a day is put off."""
REASONS = {word.key: word.text for word in PUT_OFF} | {
    REGISTER_BACK: Text(zh="考勤显示已到校，等待核实", en="the register has the pupil back, to be verified")
}

SEEN_BY = {
    "yes": Text(zh="见到学生", en="the pupil was seen"),
    "no": Text(zh="没有见到学生", en="the pupil was not seen"),
}

DESK_WORDS: dict[str, Text] = {
    **{name: PARTS[name] for name in ("in_progress", "staying", "nothing", "to_verify")},
    "today": Text(zh="今天", en="Today"),
    "gaps": Text(zh="今天有没有漏", en="Is anybody left out?"),
    "care": Text(zh="心理约见", en="Counselling"),
    "evening": Text(zh="日清", en="End of the day"),
    "village": Text(zh="请帮忙看望", en="Please look in"),
    "county": Text(zh="各校进展", en="Schools"),
    "worry": Text(zh="我担心一个孩子", en="I am worried about a pupil"),
    "screens": Text(zh="工作页面", en="Pages of the working day"),
    "language": Text(zh="English", en="中文"),
    "sign_out": Text(zh="退出", en="Sign out"),
    "responsible_for": Text(zh="共{n}人", en="{n} pupils"),
    "to_do": Text(zh="今天要做", en="To do today"),
    "overdue": Text(zh="已逾期", en="Overdue"),
    "asked": Text(zh="请您协助", en="You are asked to help"),
    "suggested": Text(zh="建议本周谈话", en="Talks suggested this week"),
    "no_work": Text(zh="今天没有要做的。", en="There is nothing to do today."),
    "care_due": Text(zh="另有{n}名学生等您见面", en="{n} other pupils wait to see you"),
    "stale": Text(
        zh="今天的早间处理还没有运行，这里是{day}早上的安排，以及之后登记的内容。",
        en="This morning has not been run yet: so things stood on {day}, with what was written since.",
    ),
    "with_office": Text(zh="{office}在办", en="with the {office}"),
    "due_by": Text(zh="期限{day}", en="due {day}"),
    "seat": Text(zh="座号{n}", en="seat {n}"),
    "a_pupil": Text(zh="一名学生", en="a pupil"),
    "more_cards": Text(zh="还有{n}人，全部显示", en="{n} more: show all"),
    "overdue_since": Text(zh="期限{day}已过", en="was due {day}"),
    "saved": Text(zh="已保存。", en="Saved."),
    "again": Text(
        zh="这张表已经保存过，没有再写一次；要补充，请重新登记。",
        en="This form was saved before and was not written twice; to add something, fill in a new one.",
    ),
    "came_back": Text(
        zh="联系已保存。孩子已返校的话，请在这里登记返校日期。",
        en="The contact is saved. If the pupil is back, write down since when.",
    ),
    "conflict": Text(
        zh="有人先写了：请先看下面的新内容。您填的都还在，核对后再保存。",
        en="Somebody wrote first: read what is new below. What you typed is kept; check it, then save.",
    ),
    "stale_form": Text(
        zh="这张表已过期或不属于本页，没有保存。您填的都还在，请再保存一次。",
        en="This form had expired, or is of another page: nothing was saved. All of it is kept; save again.",
    ),
    "unreadable": Text(
        zh="有字符读不出来（编码有误），没有保存。请重新输入文字。",
        en="Some characters could not be read: nothing was saved. Please type the text again.",
    ),
    "needed": Text(zh="请选择或填写", en="please choose or fill in"),
    "not_offered": Text(zh="请从给出的选项中选择", en="please choose one of those given"),
    "too_long": Text(zh="最多{n}个字", en="at most {n} characters"),
    "no_day": Text(zh="请填不晚于今天的日期", en="give a date, not after today"),
    "refused": Text(
        zh="没有保存：个案现在不能这样登记。请看看个案最新情况。",
        en="Not saved: the case does not take this as it stands. Look at what is new in it.",
    ),
    "check_form": Text(zh="还有没填好的地方：", en="Something is not filled in yet:"),
    "save": Text(zh="保存", en="Save"),
    "save_refer": Text(zh="保存并转介", en="Save and refer"),
    "back": Text(zh="返回", en="Back"),
    "since_then": Text(zh="这期间新写的", en="Written meanwhile"),
    "optional": Text(zh="可不选", en="optional"),
    "many": Text(zh="可多选", en="several may be chosen"),
    "timeline": Text(zh="经过", en="What happened"),
    "family": Text(zh="家庭与资助", en="Family and aid"),
    "attendance": Text(zh="出勤", en="Attendance"),
    "grades": Text(zh="成绩", en="Marks"),
    "contact": Text(zh="联系方式", en="How to reach the family"),
    "why_alert": Text(zh="系统为什么提醒", en="Why the system speaks up"),
    "what_now": Text(zh="可以做什么", en="What can be done"),
    "by_system": Text(zh="系统", en="the system"),
    "owner": Text(zh="责任人：{who}", en="acts: {who}"),
    "state_line": Text(zh="{state} · {office} · {owner}", en="{state} · {office} · {owner}"),
    "care_note": Text(
        zh="本页只有心理教师能看到；别人不知道有这件事。",
        en="Only counsellors see this page; nobody else learns that it exists.",
    ),
    "known_for": Text(zh="得知已{n}天", en="known for {n} day(s)"),
    "seen_pupil": Text(zh="已见面", en="Met"),
    "tell_guardian": Text(zh="通知监护人", en="Guardian told"),
    "crisis_plan": Text(zh="危机预案", en="In a crisis"),
    "no_care": Text(zh="现在没有要见的学生。", en="Nobody waits to be seen."),
    "must_be_zero": Text(zh="没有人管的（必须为0）", en="Nobody's business (must be 0)"),
    "no_responsible": Text(zh="没有包保责任人", en="No responsible teacher"),
    "no_register": Text(zh="昨日未点名的班级", en="Classes without yesterday's register"),
    "unanswered": Text(zh="预警还没有人确认", en="Alerts that nobody has taken up"),
    "without_result": Text(zh="约定日已过没有结果", en="The agreed day has passed without a result"),
    "no_record": Text(zh="在籍但多日无任何记录", en="Enrolled, but nothing recorded for days"),
    "not_known": Text(zh="不知道", en="not known"),
    "alerts": Text(zh="预警和建议谈话（{n}）", en="Alerts and suggested talks ({n})"),
    "matter": Text(zh="事项", en="Matter"),
    "new": Text(zh="新", en="New"),
    "week": Text(zh="本周", en="This week"),
    "week_line": Text(
        zh="联系{contacts}次，其中家访{visits}次；返校{returned}人，约定返校{promised}人，未果{failed}人次，上报{passed_up}人次。",
        en="{contacts} contacts, {visits} of them home visits; {returned} back, {promised} agreed to return, "
        "{failed} contacts without result, {passed_up} passed up.",
    ),
    "round_line": Text(
        zh="应办{due} = 办结{done} + 改期{planned} + 上报{passed_up} + 留办{held} + 还没办{left}",
        en="due {due} = done {done} + planned {planned} + passed up {passed_up} + held {held} + left {left}",
    ),
    "left": Text(zh="还没办（{n}）", en="Left ({n})"),
    "left_note": Text(
        zh="不登记的，明早自动上报上一级。", en="What is not written down goes up a level next morning."
    ),
    "all_done": Text(zh="今天应办的都办完了。", en="All that was due today is done."),
    "village_note": Text(
        zh="看到孩子或没有看到，点一下即可；不用打听原因，也请不要外传。",
        en="One tap says whether you saw the pupil; do not ask for reasons, and tell nobody else.",
    ),
    "not_at_school_since": Text(zh="{day}起没有到校", en="not at school since {day}"),
    "since_day": Text(zh="{day}起", en="since {day}"),
    "joint_visit": Text(zh="一起家访：{day}", en="joint visit: {day}"),
    "seen_yes": Text(zh="见到", en="Seen"),
    "seen_no": Text(zh="没有见到", en="Not seen"),
    "said_today": Text(zh="已回复：{said}", en="answered: {said}"),
    "nobody_to_visit": Text(zh="现在没有要看望的孩子。", en="There is nobody to look in on."),
    "school": Text(zh="学校", en="School"),
    "live": Text(zh="在办", en="Open"),
    "cleared": Text(zh="清零率", en="Closed"),
    "first_contact": Text(zh="首次联系（天，中位）", en="Days to first contact (median)"),
    "return_rate": Text(zh="返校率", en="Back at school"),
    "reopened": Text(zh="60天内再立案", en="Reopened in 60 days"),
    "county_note": Text(
        zh="清零率＝已销号÷全部立案；返校率＝已返校÷近60天全部立案（含没有缺课的）；首次联系和再立案只算近60天。"
        "不足10件的不算比率。这里没有姓名，也不能用来考核学校。",
        en="Closed: of all cases. Back at school: of all cases opened in the last 60 days, also those "
        "without absence. First contact and reopened: of the last 60 days. No rate is made of fewer than "
        "10 cases. No names are here, and no school is to be rated by it.",
    ),
    "feedback": Text(zh="这条原因对不对", en="Does this reason fit?"),
    "letter": Text(zh="家长信", en="Letter to the family"),
    "letter_head": Text(zh="致{name}家长", en="To the family of {name}"),
    "letter_print": Text(zh="用浏览器的打印功能打印这一页。", en="Print this page with the browser."),
    "letter_anew": Text(zh="重新签发", en="Release a new one"),
    "locked": Text(zh="（备注没有密钥，读不了）", en="(the key of a note is not here)"),
    "nothing_here": Text(zh="这里没有给您的内容", en="There is nothing for you here"),
    "nothing_here_text": Text(
        zh="您现在没有可办理的学生。如有疑问，请联系学校。",
        en="There are no pupils for you to act on at present. If that is wrong, ask the school.",
    ),
    "no_page": Text(zh="没有这一页", en="There is no such page"),
    "no_page_text": Text(
        zh="没有这一页，或者不归您办理。", en="There is no such page, or it is not for you to read."
    ),
    "sign_in": Text(zh="请用您的链接进入", en="Please come in by your link"),
    "sign_in_text": Text(
        zh="链接已过期，或还没有登录。请向学校要新的链接。",
        en="The link has expired, or you are not signed in. Ask the school for a new one.",
    ),
    "enter": Text(zh="进入", en="Come in"),
    "enter_text": Text(zh="以{who}的身份进入今天的工作。", en="Come in as {who}."),
    "signed_out": Text(zh="已退出", en="Signed out"),
    "no_book": Text(zh="个案簿暂时无法读取", en="The case book cannot be read at present"),
    "no_book_text": Text(
        zh="请稍后再试；如仍不行，请联系服务的管理人员。",
        en="Try again later; if it stays so, tell whoever runs the service.",
    ),
}


def desk_words(language: Language) -> dict[str, str]:
    """Give the wording in one language, by its name."""
    return {name: text.to(language) for name, text in DESK_WORDS.items()}
