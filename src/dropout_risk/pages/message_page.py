"""A page that says why there is no other one."""

from __future__ import annotations

from typing import Literal

from dropout_risk.errors import DropoutRiskError
from dropout_risk.pages.rendering import Links, render_page
from dropout_risk.text import Language, Text

Message = Literal["switched_off", "not_here", "nobody_yet", "unknown_language", "no_store"]
_MESSAGES: dict[Message, tuple[Text, Text]] = {
    "switched_off": (
        Text(zh="这里还没有可看的内容", en="There is nothing to review here yet"),
        Text(
            zh="启动服务前，请把环境变量 DROPOUT_RISK_STORE 设为历史库所在的文件夹"
            "（用 dropout-risk store build 建立）。",
            en="Set DROPOUT_RISK_STORE to the folder of a store of histories (dropout-risk store build makes "
            "one) before the service is started.",
        ),
    ),
    "not_here": (
        Text(zh="没有这一页", en="There is no such page"),
        Text(
            zh="评估日没有这名学生（或这所学校）的评估：可能当天不在校，学生表的行未通过检查，或编号有误。",
            en="No pupil (or school) of that id was scored on the date: not at school on it, a row that did "
            "not pass the checks, or another id.",
        ),
    ),
    "nobody_yet": (
        Text(zh="那一天还没有记录", en="Nothing is known on that date"),
        Text(zh="请核对记录的日期。", en="Check the dates of the records."),
    ),
    "unknown_language": (
        Text(zh="没有这种语言", en="There is no such language"),
        Text(zh="可用 ?lang=zh 或 ?lang=en。", en="Ask for ?lang=zh or ?lang=en."),
    ),
    "no_store": (
        Text(zh="历史库暂时无法读取", en="The store of histories cannot be read at present"),
        Text(
            zh="请稍后再试；如仍不行，请联系服务的管理人员。",
            en="Try again later; if it stays so, tell whoever runs the service.",
        ),
    ),
}


def message_page(
    said: Message, language: Language, links: Links, error: DropoutRiskError | None = None
) -> str:
    """Render a page that says why there is no other one, an error's code and words in small print."""
    head, text = (words.to(language) for words in _MESSAGES[said])
    shown = "" if error is None else f"{error.code}: {error.message} {error.hint}"
    return render_page("message.html", language, links=links, head=head, text=text, error=shown)
