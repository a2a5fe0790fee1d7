"""Windows of school days in names, labels and sentences."""

from __future__ import annotations

from dropout_risk.catalogue.feature import Window
from dropout_risk.text import Text


def windowed_name(fact: str, window: Window) -> str:
    """Name a feature after what it says and its window.

    >>> windowed_name("absence_share", 20), windowed_name("absence_share", "year")
    ('absence_share_20d', 'absence_share_year')
    """
    return f"{fact}_year" if window == "year" else f"{fact}_{window}d"


def label_over(window: Window, zh: str, en: str) -> Text:
    """Put a window into a label.

    >>> label_over(20, zh="缺课率", en="Absence")
    Text(zh='近20个教学日缺课率', en='Absence, last 20 school days')
    """
    if window == "year":
        return Text(zh=f"本学年{zh}", en=f"{en}, this school year")
    return Text(zh=f"近{window}个教学日{zh}", en=f"{en}, last {window} school days")


def sentence_over(window: Window, zh: str, en: str) -> Text:
    """Put a window into a sentence, where it says ``<days>`` or ``<period>``.

    The ``{value}``-like fields stay as they are.

    >>> sentence_over("year", zh="<days>中有{value:.0%}缺课", en="Absent on {value:.0%} of <days>").en
    'Absent on {value:.0%} of school days this year'
    >>> sentence_over(20, zh="<period>没有缺课", en="No absence <period>").en
    'No absence in the last {window} school days'
    """
    if window == "year":
        days, period = (
            Text(zh="本学年的教学日", en="school days this year"),
            Text(zh="本学年", en="this school year"),
        )
    else:
        days = Text(zh="近{window}个教学日", en="the last {window} school days")
        period = Text(zh=days.zh, en=f"in {days.en}")
    return Text(
        zh=zh.replace("<days>", days.zh).replace("<period>", period.zh),
        en=en.replace("<days>", days.en).replace("<period>", period.en),
    )


def counted_days(window: Window, zh: str, en: str) -> Text:
    """Word days that are counted; of a school year also out of how many recorded ones."""
    if window == "year":
        zh, en = (
            f"{zh}（有记录的{{recorded:g}}天中）",
            en.replace("<days>", "{recorded:g} recorded days this school year"),
        )
    return sentence_over(window, zh=zh, en=en)
