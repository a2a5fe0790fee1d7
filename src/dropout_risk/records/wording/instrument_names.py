"""How the instruments of well-being tests and their items are named: one form for every spelling."""

from __future__ import annotations

import re

from dropout_risk.records.wording.words import chinese_number, narrow_text, remember_words, word_key

INSTRUMENT_CODES = ("PHQ-9-A", "PHQ-9", "PHQ-A", "GAD-7", "MHT", "MSSMHS", "SDQ", "SCL-90")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_JOINTS = re.compile(r"(?<!\d)[\W_]+|[\W_]+(?!\d)")
_COUNT = r"(?P<number>\d+|[一二三四五六七八九十百]+)"
_NO_MORE = r"(?![\d一二三四五六七八九十百~至到._\-])"
_NAMED_ITEM = re.compile(rf"(?:item|question|题目|条目|题){_COUNT}{_NO_MORE}")
_NTH_ITEM = re.compile(rf"第{_COUNT}(?:$|题|项|条)")
_SHORT_ITEM = re.compile(rf"(?:q|i|no|问)?{_COUNT}[题项条]?").fullmatch


@remember_words
def instrument_spellings(name: str) -> tuple[str, ...]:
    """Give the forms under which an instrument is looked for: its whole name, then what stands in brackets.

    >>> instrument_spellings("PHQ 9"), instrument_spellings("抑郁筛查（PHQ-9）")
    (('phq9',), ('抑郁筛查phq9', 'phq9'))
    """
    text = narrow_text(name).casefold()
    forms = ("".join(filter(str.isalnum, part)) for part in (text, *_BRACKETS.findall(text)))
    return tuple(dict.fromkeys(filter(None, forms)))


_CODES = re.compile("|".join(instrument_spellings(code)[0] for code in INSTRUMENT_CODES))


@remember_words
def scale_key(scale: str) -> str:
    """Bring a scale to the form by which it is found; an item is known by its number.

    >>> {scale_key(name) for name in ("item_9", "Item 09", "第9题", "第九题", "题9", "PHQ9_9", "Q9", "9")}
    {'item_9'}
    >>> scale_key("Total"), scale_key("learning anxiety")
    ('total', 'learninganxiety')
    """
    number = item_number(scale)
    return word_key(scale) if number is None else f"item_{number}"


@remember_words
def item_number(scale: str) -> int | None:
    """Give the number of the item that a scale is named after; None for a scale that is no item.

    >>> item_number("第八十五题"), item_number("PHQ-9 item 9"), item_number("第1-9题")
    (85, 9, None)
    """
    text = _JOINTS.sub("", narrow_text(scale).casefold())
    found = _NAMED_ITEM.search(text) or _NTH_ITEM.search(text) or _SHORT_ITEM(text)
    if found is None:
        code = _CODES.match("".join(filter(str.isalnum, text)))
        found = code and _SHORT_ITEM("".join(filter(str.isalnum, text))[code.end() :])
    return chinese_number(found["number"]) if found else None
