"""Chinese words that gave way to others, what is used in their place, and what of a page a reader sees."""

from __future__ import annotations

import re
from html import unescape

LEFT: dict[str, str] = {
    r"线下": "未列入",
    r"(?<![虚斜连曲])线上": "已列入",
    r"先关心谁": "优先关注",
    r"由[^，。；：、（）{}]{1,12}处理": "…办理",
    r"离开学校的可能": "辍学的可能",
    r"上课日|上学日": "教学日",
    r"缺勤": "缺课",
    r"同班平均": "同班其他同学…",
    r"个标准差": "…分（按满分100计）",
    r"对数几率": "（升高、降低多少，用话说）",
    r"该生": "本人 / 该学生",
    r"按方面": "按类别",
    r"按原因": "按具体情况",
    r"其余各项": "其他情况合计",
    r"没有家庭情况记录": "家庭情况未登记，请核实",
    r"没有本人成绩": "缺考…科次",
    r"家离学校": "家校距离",
    r"在校住宿": "寄宿生",
    r"还不了解|值得补的": "有待核实的信息",
    r"这个分数不是什么": "使用须知",
    r"补课": "课后辅导或结对帮扶",
    r"结对帮学": "结对帮扶",
    r"普职融合": "（由人决定，不由系统提出）",
    r"劝返程序": "劝返复学程序",
    r"起在名单上": "…列入",
    r"未能评估|无法评估|不作评估|资料太少": "信息不足，暂不评估",
    r"尚无包保": "尚未落实包保责任人",
    r"责任教师": "包保责任人",
    r"模型卡": "模型说明书",
    r"能否发布": "能否投入使用",
    r"无法判断": "现有数据不足以判断",
    r"心理老师": "心理教师",
    r"需留意": "关注",
    r"偏高": "较高",
    r"档次": "风险等级",
    r"使风险(上升|下降)": "使风险升高 / 降低",
    r"理由": "依据",
    r"已连续1个教学日": "（一天不说连续）",
}
"""By pattern, the word that is used instead."""

TAGS = re.compile(r"<(style|head)\b.*?</\1>|<[/!a-zA-Z][^>]*>", re.DOTALL)
SAID = re.compile(r"""(?:aria-label|title|alt)=(?:"([^"]*)"|'([^']*)')""")


def left_words(text: str) -> list[str]:
    """Give each left word that a text holds, with what is used in its place."""
    return [f"{found[0]} → {used}" for pattern, used in LEFT.items() if (found := re.search(pattern, text))]


def shown_text(page: str) -> str:
    """Give what a page shows, and what it says of its pictures."""
    said = " ".join(first or second for first, second in SAID.findall(page))
    return unescape(f"{TAGS.sub(' ', page)} {said}")
