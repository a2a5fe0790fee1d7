"""The exams and subjects that are known, each with the words that are written for it; core subjects first."""

from __future__ import annotations

CORE = {"chinese": "语文", "maths": "数学", "english": "英语"}
"""The core subjects, and what a table calls them that is read without a mapping."""
EXAM_SPELLINGS = {
    "midterm": "midterm midterms mid mt 期中",
    "final": "final finals endterm 期末",
    "monthly": "monthly month 月考",
    "unit": "unit units 单元",
    "mock": "mock mocks 模拟 模考",
}
TERM_SPELLINGS = {
    "autumn": "autumn fall 秋季 秋",
    "spring": "spring 春季 春",
}
SUBJECT_SPELLINGS = {
    "chinese": "chinese chn yuwen 语文 语",
    "maths": "maths math mth shuxue 数学 数",
    "english": "english eng engl 英语 英文 英",
    "physics": "physics phy phys 物理",
    "chemistry": "chemistry chem 化学",
    "biology": "biology bio biol 生物",
    "history": "history hist 历史",
    "geography": "geography geo geog 地理",
    "politics": "politics pol 政治 道法 思政 思想品德",
    "science": "science sci 科学",
    "physical_education": "pe sport sports 体育 体育与健康",
    "music": "music mus 音乐",
    "art": "art arts 美术",
    "computing": "computing ict it 信息技术 信息科技 信息",
    "labour": "labour labor 劳动",
}
