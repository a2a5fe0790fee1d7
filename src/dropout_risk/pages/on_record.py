"""What a page shows that no model made: whom to call, how long the risk reaches, and the words for it."""

from __future__ import annotations

import datetime as dt

import numpy as np

from dropout_risk.records.directory import PERSONAL, Directory
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.settings import OutcomeSettings
from dropout_risk.text import ITEMS, Language, Text, date_in_words, percent_text

RECORD_WORDS: dict[str, Text] = {
    "on_record": Text(zh="已知情况", en="On record"),
    "nothing_on_record": Text(zh="没有登记任何情况。", en="Nothing is on record."),
    "open_alerts": Text(zh="跟进中的预警", en="Alerts still open"),
    "open_alerts_note": Text(
        zh="以前的名单已告知；有新的情况才会再列入今日预警。",
        en="Earlier lists have told them; only something new brings them back among the alerts of today.",
    ),
    "arithmetic": Text(zh="计算", en="computed"),
    "arithmetic_note": Text(
        zh="以下各条是模型计算这个数的依据，不是事实的轻重，也不用来安排帮助；帮助只依据已知情况。",
        en="What follows is the arithmetic of the number. It does not weigh the facts, and suggests no help: "
        "help follows what is on record.",
    ),
    "beside_crisis": Text(
        zh="这个数与上面的预警无关，不能据此推迟见面。",
        en="This number says nothing of the alert above, and is no reason to wait.",
    ),
    "risk_within": Text(zh="其中{told}", en="of it {told}"),
    "within_days": Text(zh="{days}个教学日内{risk}", en="{risk} within {days} school days"),
    "graduates": Text(
        zh="本人读毕业年级：{date}前后毕业，离今天约{days}个教学日，不足{horizon}个。"
        "这个风险只说到毕业为止，毕业后的升学、就业不在其内。",
        en="This pupil is in a final grade and leaves about {date}, some {days} school days from now and not "
        "{horizon}. The risk ends there, and says nothing of what comes after school.",
    ),
}
COLUMN_WORDS: dict[str, Text] = dict(
    zip(
        PERSONAL,
        (
            Text(zh="姓名", en="Name"),
            Text(zh="座号", en="Seat"),
            Text(zh="监护人", en="Guardian"),
            Text(zh="电话", en="Phone"),
            Text(zh="村（社区）", en="Village"),
            Text(zh="住址", en="Address"),
        ),
        strict=True,
    )
)


def contact_lines(directory: Directory, score: PupilScore, language: Language) -> tuple[tuple[str, str], ...]:
    """Give what the directory says of a pupil besides its name, each with what it is called."""
    told = directory.of(score.student_id)
    return tuple((COLUMN_WORDS[name].to(language), told[name]) for name in told if name != "name")


def days_to_graduation(grade_level: float, as_of: dt.date, outcome: OutcomeSettings) -> int | None:
    """Count the weekdays until a pupil of a final grade leaves; None where the horizon ends before that.

    >>> days_to_graduation(9, dt.date(2025, 5, 19), OutcomeSettings())
    30
    >>> days_to_graduation(8, dt.date(2025, 5, 19), OutcomeSettings()) is None
    True
    >>> days_to_graduation(9, dt.date(2024, 10, 8), OutcomeSettings()) is None
    True
    """
    if grade_level not in outcome.final_grades:
        return None
    left = int(np.busday_count(as_of, graduation_after(as_of, outcome)))
    return left if left < outcome.horizon_days else None


def graduation_after(as_of: dt.date, outcome: OutcomeSettings) -> dt.date:
    """Give the next day of graduation."""
    day = dt.date.fromisoformat(f"{as_of.year}-{outcome.graduation}")
    return day if day > as_of else day.replace(year=day.year + 1)


def graduation_note(grade_level: float, as_of: dt.date, outcome: OutcomeSettings, language: Language) -> str:
    """Say that the risk ends with school; empty where the horizon ends before that."""
    days = days_to_graduation(grade_level, as_of, outcome)
    if days is None:
        return ""
    date = date_in_words(graduation_after(as_of, outcome), language)
    return RECORD_WORDS["graduates"].fill(language, date=date, days=days, horizon=outcome.horizon_days)


def risk_within_text(
    score: PupilScore, days: tuple[int, ...], reaches: int | None, language: Language
) -> str:
    """Tell the risk within parts of the horizon, as far as it reaches; empty where nobody knows."""
    parts = [
        RECORD_WORDS["within_days"].fill(language, days=number, risk=percent_text(risk))
        for number, risk in zip(days[:-1], score.risk_within[:-1], strict=False)
        if reaches is None or number < reaches
    ]
    if not parts:
        return ""
    return RECORD_WORDS["risk_within"].fill(language, told=ITEMS.join(language, parts))
