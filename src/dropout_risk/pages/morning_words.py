"""The wording of the first page and of the search, in both languages."""

from __future__ import annotations

from dropout_risk.text import Text

MORNING_WORDS: dict[str, Text] = {
    "find": Text(zh="查找学生", en="Find a pupil"),
    "find_by": Text(zh="姓名、学号或班级", en="name, id or class"),
    "find_button": Text(zh="查找", en="Find"),
    "find_listed": Text(zh="名单上的学生，按姓氏或学号", en="Pupils on the list, by name or id"),
    "found": Text(zh="找到{n}人", en="{n} found"),
    "sorted_by": Text(zh="排序：", en="Sorted by:"),
    "order_list": Text(zh="名单顺序", en="the list"),
    "order_name": Text(zh="姓名", en="name"),
    "order_id": Text(zh="学号", en="id"),
    "order_class": Text(zh="班级", en="class"),
    "parts": Text(zh="第几页：", en="Page:"),
    "more_own": Text(zh="名单上还有{n}人，看完整名单", en="{n} more on the list: the whole list"),
    "more_alerts": Text(zh="今日预警还有{n}人", en="{n} more have an alert today"),
    "whole_list": Text(zh="看完整名单", en="The whole list"),
    "talk_first": Text(
        zh="先和孩子谈一谈，听听有什么困难", en="Talk with the child first, and ask what is difficult"
    ),
    "all_others": Text(zh="其余", en="All others"),
    "each_day": Text(zh="逐日（不含到校日）", en="Day by day, but those present"),
    "each_exam": Text(zh="每次考试", en="Each exam"),
    "synthetic_short": Text(zh="模拟数据", en="SYNTHETIC DATA"),
}
