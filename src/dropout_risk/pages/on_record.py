"""What a page shows that no model made: whom to call, how long the risk reaches, and the words for it."""

from __future__ import annotations

from dropout_risk.records.directory import PERSONAL, Directory
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import ITEMS, Language, Text, percent_text

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
