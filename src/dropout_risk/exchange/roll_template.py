"""The 71 columns of the school roll's import template (学籍), their codes, and which of them are used.

The columns are those of the template of 2013 and 2014, by name and by the codes that another import of it
uses; a platform of today may export others. Both occur, also in one file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from dropout_risk.exchange.left_out import IDENTITY, NOT_READ, PERSONAL
from dropout_risk.records.mapping import RecordsMapping, plain_form
from dropout_risk.text import Text

FAMILY_MEMBER = Text(zh="家庭成员的信息，不读取", en="it is about a member of the family; it is not read")
_MARKS = re.compile(r"[*★※]|[(\[【（][^)\]】）]*[)\]】）]")


@dataclass(frozen=True)
class RollColumn:
    """One column of the template: its name and its code, and what it gives.

    ``gives`` is a column of ``students``, or a factor of ``family`` with ``factor``; empty where it gives
    nothing, and ``why`` says so.
    """

    name: str
    code: str = ""
    gives: str = ""
    factor: bool = False
    why: Text = NOT_READ


def _columns_of_member(number: int) -> tuple[RollColumn, ...]:
    parts = (
        ("姓名", "xm"), ("关系", "gx"), ("关系说明", "gxsm"), ("现住址", "xzz"), ("户口所在地行政区划", "hkszd"),
        ("联系电话", "lx"), ("是否监护人", "sfjhr"), ("身份证件类型", "sfzjlx"), ("身份证件号", "sfzh"), ("民族", "mz"),
        ("工作单位", "gzdw"), ("职务", "zw"),
    )  # fmt: skip
    whys = {"身份证件号": IDENTITY, "姓名": PERSONAL, "联系电话": PERSONAL}
    return tuple(
        RollColumn(f"成员{number}{name}", f"cy{number}{code}", why=whys.get(name, FAMILY_MEMBER))
        for name, code in parts
    )


ROLL_COLUMNS = (
    RollColumn("学校标识码", gives="school_id"),
    RollColumn("姓名", "xm", gives="name", why=PERSONAL),
    RollColumn("性别", "xb", gives="sex"),
    RollColumn("出生日期", "csrq", gives="birth_date"),
    RollColumn("出生地行政区划代码", "csdxzq"),
    RollColumn("籍贯", "jg"),
    RollColumn("民族", "mz", gives="ethnicity"),
    RollColumn("国籍/地区", "gj"),
    RollColumn("身份证件类型", "sfzjlx"),
    RollColumn("港澳台侨外", "gatqw"),
    RollColumn("健康状况", "jkzk"),
    RollColumn("政治面貌", "zzmm"),
    RollColumn("身份证件号", "sfzjh", why=IDENTITY),
    RollColumn("户口性质", "hkxz", gives="residence"),
    RollColumn("户口所在地行政区划", "hkszdxzqh"),
    RollColumn("班号", "bh", gives="class_id"),
    RollColumn("入学年月", "rxny", gives="enrolled_on"),
    RollColumn("入学方式", "rxfs"),
    RollColumn("就读方式", "jdfs", gives="boarding"),
    RollColumn("现住址", "xzz", gives="address", why=PERSONAL),
    RollColumn("通信地址", "txdz"),
    RollColumn("家庭地址", "jtdz"),
    RollColumn("联系电话", "lxdh", why=PERSONAL),
    RollColumn("邮政编码", "yzbm"),
    RollColumn("是否独生子女", "sfdszn"),
    RollColumn("是否受过学前教育", "sfsgxqjy"),
    RollColumn("是否留守儿童", "sflset", gives="left_behind", factor=True),
    RollColumn("是否需要申请资助", "sfxysqzz"),
    RollColumn("是否享受一补", "sfxsyb"),
    RollColumn("是否孤儿", "sfge", gives="orphan", factor=True),
    RollColumn("是否烈士或优抚子女", "sfls"),
    RollColumn("上下学距离", "sxxjl", gives="distance_km"),
    RollColumn("上下学方式", "sxxfs"),
    RollColumn("是否需要乘坐校车", "sfxyczxc"),
    RollColumn("曾用名", "zym"),
    RollColumn("身份证件有效期", "sfzyxq"),
    RollColumn("血型", "xx"),
    RollColumn("特长", "tc"),
    RollColumn("学籍辅号", "xjfh"),
    RollColumn("班内学号", "bnxh", gives="seat", why=PERSONAL),
    RollColumn("学生来源", "xsly"),
    RollColumn("电子信箱", "dzxx"),
    RollColumn("主页地址", "zydz"),
    RollColumn("残疾类型", "cjlx", gives="disability", factor=True),
    RollColumn("是否由政府购买学位", "sfyzfgmxw"),
    RollColumn("随班就读", "sbjd"),
    *_columns_of_member(1),
    *_columns_of_member(2),
    RollColumn("是否进城务工人员随迁子女", gives="migrant_child", factor=True),
)
BY_NAME = {column.name: column for column in ROLL_COLUMNS}
ID_COLUMNS = ("学籍号", "全国学籍号", "学号", "身份证件号", "学籍辅号")
"""What may name a pupil, the surest first; the template itself has the last two alone."""


def roll_column(header: str) -> RollColumn | None:
    """Find the column that a header means, by name or code; marks and remarks in brackets do not count.

    >>> roll_column("*性 别（必填）").name, roll_column("XB").name, roll_column("血压")
    ('性别', '性别', None)
    """
    return _columns_by_header().get(_bare_header(header))


def _bare_header(header: str) -> str:
    bare = plain_form(_MARKS.sub("", header)).replace("_", "").replace("/", "")
    return bare.removeprefix("家庭") if bare.startswith("家庭成员") else bare


@cache
def _columns_by_header() -> dict[str, RollColumn]:
    codes = {column.code: column for column in ROLL_COLUMNS if column.code}
    return codes | {_bare_header(column.name): column for column in ROLL_COLUMNS}


@cache
def roll_mapping() -> RecordsMapping:
    """Give the mapping by which the readers of records find the headers of a roll."""
    students = {
        header: column.gives
        for column in ROLL_COLUMNS
        for header in (column.name, column.code)
        if header and column.gives and not column.factor
    }
    return RecordsMapping({"columns": {"students": students}})
