"""The wording of the pages, in both languages."""

from __future__ import annotations

import datetime as dt

from dropout_risk.pages.pupil_words import PUPIL_WORDS
from dropout_risk.pages.review_words import REVIEW_WORDS
from dropout_risk.text import Language, Text

WORDS: dict[str, Text] = {
    **PUPIL_WORDS,
    **REVIEW_WORDS,
    "title": Text(zh="控辍保学关注名单", en="Watch list: whom to see first"),
    "all_schools": Text(zh="各校名单", en="Lists of all schools"),
    "what_a_score_is": Text(
        zh="风险是根据{as_of}以前的记录，对学生今后{horizon}离开学校的可能性所作的估计，帮助老师决定先去关心谁。"
        "它只提供参考，不作决定：不是对学生的结论，也不能用来评价或处分任何人。",
        en="A risk is an estimate, from the records before {as_of}, of how likely a pupil is to leave school "
        "{horizon}. It helps to decide whom to see first. It informs and never decides: it is no verdict on "
        "a pupil, and nobody may be judged or punished by it.",
    ),
    "some_time": Text(zh="几个月内", en="in the coming months"),
    "horizon": Text(zh="{days}个上课日内", en="within {days} school days"),
    "synthetic": Text(
        zh="模拟数据：本模型用模拟学生训练，不说明任何真实学生的情况",
        en="SYNTHETIC DATA: this model was trained on simulated pupils and says nothing about real ones",
    ),
    "school": Text(zh="学校", en="School"),
    "no_school": Text(zh="学校不详", en="School not known"),
    "teacher": Text(zh="包保责任人", en="Responsible teacher"),
    "no_teacher": Text(zh="尚无包保责任人", en="No responsible teacher"),
    "name_one": Text(
        zh="这些学生还没有包保责任人。请学校尽快确定，让每个孩子都有人关心。",
        en="Nobody is recorded as responsible for these pupils. Please name someone: every child needs one.",
    ),
    "pupils": Text(zh="学生", en="Pupils"),
    "with_alert": Text(zh="今日预警", en="Alerts today"),
    "first": Text(zh="先关心谁", en="Whom to see first"),
    "below": Text(zh="线下", en="Below the line"),
    "not_scored": Text(zh="未能评估", en="Could not be scored"),
    "total": Text(zh="合计", en="Total"),
    "adds_up": Text(
        zh="共{cohort}人 = 列入名单{listed}人 + 线下{below_line}人 + 未能评估{not_scored}人",
        en="{cohort} pupils = {listed} listed + {below_line} below the line + {not_scored} not scored",
    ),
    "who_acts": Text(zh="今日预警由谁处理", en="Alerts today, by who acts"),
    "alerts_note": Text(
        zh="预警来自规则，与模型无关；不受名单人数限制，全部列出。",
        en="Alerts come from rules, whatever the model says, and are all listed.",
    ),
    "first_note": Text(
        zh="预警以外，按风险从高到低，最多{capacity}人；风险低的学生不列入。",
        en="Beside the alerts, by risk, at most {capacity}; pupils at low risk are not listed.",
    ),
    "nobody_first": Text(zh="没有其他需要先关心的学生。", en="Nobody else is above the line."),
    "no_alerts": Text(zh="今天没有预警。", en="No alerts today."),
    "nobody_listed": Text(zh="今天无人列入名单", en="nobody on the list today"),
    "tied": Text(
        zh="线下还有{n}人与名单最后一人风险相同，按学号先后取舍。",
        en="{n} more below the line have the same risk as the last one listed; they are ordered by id.",
    ),
    "below_note": Text(
        zh="线下{n}人：今天不必先安排，不等于没有困难。",
        en="{n} below the line: no need to go first today, which does not mean that all is well.",
    ),
    "list_comma": Text(zh="、", en=", "),
    "class": Text(zh="班级", en="class"),
    "risk": Text(zh="风险", en="Risk"),
    "interval": Text(zh="区间", en="interval"),
    "not_judged": Text(zh="资料太少，暂不评估风险", en="Too little is known to judge the risk"),
    "band_high": Text(zh="高", en="high"),
    "band_elevated": Text(zh="较高", en="elevated"),
    "band_watch": Text(zh="需留意", en="worth watching"),
    "band_low": Text(zh="低", en="low"),
    "status_new": Text(zh="新列入", en="new on the list"),
    "status_worse": Text(zh="比上次升高", en="higher than last time"),
    "status_same": Text(zh="与上次相近", en="about as last time"),
    "status_better": Text(zh="比上次降低", en="lower than last time"),
    "from_to": Text(zh="（{before}→{now}）", en=" ({before} → {now})"),
    "since": Text(zh="{since}起在名单上", en="listed since {since}"),
    "why": Text(zh="为什么", en="Why"),
    "lowering": Text(zh="使风险降低", en="Lowers risk"),
    "missing": Text(zh="还不了解", en="Not known"),
    "help": Text(zh="可以怎么帮", en="May help"),
    "age_of_one_day": Text(zh="昨天的记录", en="recorded yesterday"),
    "age_in_days": Text(zh="{number}天前的记录", en="{number} days ago"),
    "age_in_months": Text(zh="约{number}个月前的记录", en="about {number} months ago"),
    "age_in_years": Text(zh="约{number}年前的记录", en="about {number} years ago"),
    "raises": Text(zh="使风险升高{points}个百分点", en="raises the risk by {points} percentage points"),
    "lowers": Text(zh="使风险降低{points}个百分点", en="lowers the risk by {points} percentage points"),
    "nothing_raises": Text(zh="没有哪一项单独使风险明显升高。", en="No single fact raises the risk by much."),
    "counsellor": Text(zh="心理教师", en="Counsellor"),
    "county": Text(zh="县教育局", en="County"),
    "township": Text(zh="乡镇（街道）", en="Township"),
    "principal": Text(zh="校长", en="Principal"),
    "class_teacher": Text(zh="班主任", en="Class teacher"),
    "acts": Text(zh="由{who}处理", en="for: {who}"),
    "about": Text(zh="说明", en="About this list"),
    "about_model": Text(
        zh="模型 {name}，版本 {version}；评估日 {as_of}，只使用此前的记录；训练数据截至 {trained_to}。",
        en="Model {name}, version {version}; as of {as_of}, from records before it; trained on data up to "
        "{trained_to}.",
    ),
    "undated": Text(zh="未注明", en="an unknown date"),
    "about_interval": Text(
        zh="区间：表示这个百分数本身有多准（分数相同的学生，平均风险大致落在其中），不是对某个孩子的预言。",
        en="Interval: how exact the percentage itself is (where the risk of pupils with this score lies on "
        "average), not a prophecy about a child.",
    ),
    "about_bars": Text(
        zh="横条：向右使风险升高，向左使风险降低，长短表示在该生各项原因中的分量。",
        en="Bars: to the right raises the risk, to the left lowers it; the length is its weight among this "
        "pupil's reasons.",
    ),
    "about_last": Text(zh="与{date}的名单相比。", en="Compared with the list of {date}."),
    "about_first": Text(zh="没有更早的名单可比。", en="There is no earlier list to compare with."),
    "about_new_model": Text(
        zh="上次名单用的是另一个版本的模型，升降可能由此而来。",
        en="The last list was made by another version of the model; changes may come from that.",
    ),
    "most_lack": Text(
        zh="本校多数学生都缺、名单上不再逐一列出的：", en="Not known of most pupils here, and not repeated:"
    ),
    "holds_for_most": Text(zh="对本校多数学生：", en="Of most pupils here:"),
    "keep_private": Text(
        zh="名单含学生个人信息，仅供有关老师使用，请勿外传、张贴。",
        en="This list holds personal data. It is for the teachers concerned; do not pass it on or post it.",
    ),
}


def words(language: Language) -> dict[str, str]:
    """Give the wording in one language."""
    return {name: text.to(language) for name, text in WORDS.items()}


def day(date: dt.date, language: Language) -> str:
    """Write a date.

    Examples
    --------
    >>> day(dt.date(2025, 3, 3), "zh"), day(dt.date(2025, 3, 3), "en")
    ('2025年3月3日', '2025-03-03')
    """
    return f"{date.year}年{date.month}月{date.day}日" if language == "zh" else date.isoformat()
