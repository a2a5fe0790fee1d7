"""One form for the spellings of a class or a school: 八（1）班 and 8(1)班, 第一中学 and 一中."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from dropout_risk.records.wording.words import chinese_number, narrow_text

_COUNT = re.compile(r"(?=[一二三四五六七八九十])([一二三四五六七八九])?(十)?([一二三四五六七八九])?")
_STAGE = re.compile(r"([初高])中?([一二三\d])")
_OF_CLASS = re.compile(r"\([12]\d{3}[^()]*[^()\d][^()]*\)|年级|班级|班|第|\b(?:class|grade|room|cls)\b")
_OF_SCHOOL = (
    ("初级中学", "初中"),
    ("高级中学", "高中"),
    ("中学", "中"),
    ("小学", "小"),
    ("学校", "校"),
    ("第", ""),
)
_AREA = re.compile(r"(.*[省市县区旗镇乡])?(.+)", re.DOTALL)
_PARTS = re.compile(r"\d+|[^\W\d_]+|[+-](?=$)")


@lru_cache(maxsize=65536)
def class_key(name: str) -> str:
    """Bring the name of a class to the form by which two spellings of it are one.

    >>> class_key("八（1）班") == class_key("8(1)班"), class_key("一班") == class_key("1"), class_key("12班")
    (True, True, '12')
    """
    text = narrow_text(name).casefold()
    if not text.isascii():
        text = _COUNT.sub(_number_of, _STAGE.sub(_level_of, text))
    parts = _PARTS.findall(_OF_CLASS.sub(" ", text))
    return ".".join(part.lstrip("0") or "0" for part in parts) or text


@lru_cache(maxsize=65536)
def school_key(name: str) -> str:
    """Bring the name of a school to the form by which two spellings of it are one.

    >>> school_key("第一中学") == school_key("一中"), school_key("实验小学") == school_key("实验中学")
    (True, False)
    """
    text = narrow_text(name).casefold()
    for long, short in _OF_SCHOOL:
        text = text.replace(long, short)
    return ".".join(_PARTS.findall(_COUNT.sub(_number_of, text))) or text


def school_key_among(names: Iterable[str]) -> Callable[[str], str]:
    """Give the form of the names of some schools; an area before a name may be left out, wholly or in part.

    Of one name with several areas that contradict each other nothing is known: these are several schools.

    >>> key = school_key_among(["某市一中", "市一中", "第一中学", "甲县二中", "乙县二中"])
    >>> key("市一中") == key("第一中学") == key("某市一中"), key("甲县二中") == key("乙县二中")
    (True, False)
    """
    areas: dict[str, set[str]] = {}
    for name in names:
        area, own = _area_and_name(name)
        areas.setdefault(own, set()).add(area)
    one = {own for own, told in areas.items() if all(max(told, key=len).endswith(area) for area in told)}

    def key(name: str) -> str:
        own = _area_and_name(name)[1]
        return own if own in one else school_key(name)

    return key


def _area_and_name(name: str) -> tuple[str, str]:
    found = _AREA.fullmatch(narrow_text(name).casefold())
    return (found[1] or "", school_key(found[2])) if found else ("", school_key(name))


def _level_of(found: re.Match[str]) -> str:
    return f"{chinese_number(found[2]) + (6 if found[1] == '初' else 9)} "


def _number_of(found: re.Match[str]) -> str:
    if found[1] and found[3] and not found[2]:  # 八一: two numbers
        return f"{chinese_number(found[1])} {chinese_number(found[3])}"
    return str(chinese_number(found[0]))
