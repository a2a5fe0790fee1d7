"""Who answers for a model: what no report can compute, as its owner states it; nothing of it is made up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar

from dropout_risk.evaluation.section import SectionTable, Table
from dropout_risk.settings import TomlFile, Word
from dropout_risk.text import ITEMS, Language, Text, date_in_words


class ModelStatement(TomlFile):
    """What the owner of a model states about it, read from one TOML file; what is left out stays not stated.

    Parameters
    ----------
    owner, approver, contact : str, optional
        Which office answers for the model, who approved its use, and where one asks.
    next_review : date, optional
        When it is looked at again.
    source : str, optional
        Which office or system provided the records.
    labelled_by : str, optional
        Who records that a pupil has dropped out, and when.
    suspended, transferred, suspected : str, optional
        What 休学, 转学 and 疑似辍学 count as in those records.
    legal_basis, retention : str, optional
        On what ground the records are used, and how long lists and scores are kept.
    complaints : str, optional
        Where a pupil, a parent or a teacher objects, and who answers by when.

    Examples
    --------
    >>> ModelStatement(owner="县教育局基础教育股").missing("zh")[:2]
    ['批准人', '联系方式']
    """

    called: ClassVar[str] = "Statement"
    they_have: ClassVar[str] = "The statement has"

    owner: Word | None = None
    approver: Word | None = None
    contact: Word | None = None
    next_review: dt.date | None = None
    source: Word | None = None
    labelled_by: Word | None = None
    suspended: Word | None = None
    transferred: Word | None = None
    suspected: Word | None = None
    legal_basis: Word | None = None
    retention: Word | None = None
    complaints: Word | None = None

    def missing(self, language: Language) -> list[str]:
        """Name what is not stated."""
        return [word.to(language) for name, word in ENTRIES.items() if getattr(self, name) is None]

    def to_markdown(self, language: Language, kept: Mapping[str, str] | None = None) -> str:
        """Write every entry under its heading; those that are not stated are named once more below.

        ``kept`` is the record of its publishing: the day, and an override where there was one.
        """
        record = [(word, kept[name]) for name, word in RECORD.items() if kept and name in kept]
        table: Table = SectionTable(
            ANSWERS_FOR,
            ("", STATED),
            (*((word, self._said(name, language)) for name, word in ENTRIES.items()), *record),
        ).to(language)
        missing = self.missing(language)
        listed = MISSING.fill(language, entries=ITEMS.join(language, missing))
        said = f"\n\n> {listed}" if missing else ""
        return table.to_markdown() + said

    def _said(self, name: str, language: Language) -> str:
        value = getattr(self, name)
        if value is None:
            return NOT_STATED.to(language)
        return date_in_words(value, language) if isinstance(value, dt.date) else str(value)


ANSWERS_FOR = Text(zh="谁负责、依据什么", en="Who answers for it")
STATED = Text(zh="由负责单位说明", en="As stated by its owner")
NOT_STATED = Text(zh="未说明", en="not stated")
MISSING = Text(
    zh="尚未说明：{entries}。投入使用前应补齐。", en="Not stated: {entries}. To be filled in before use."
)
ENTRIES: dict[str, Text] = {
    "owner": Text(zh="负责单位", en="Owner"),
    "approver": Text(zh="批准人", en="Approved by"),
    "contact": Text(zh="联系方式", en="Contact"),
    "next_review": Text(zh="下次复核", en="Next review"),
    "source": Text(zh="数据由谁提供", en="Source of the records"),
    "labelled_by": Text(zh="辍学由谁登记、何时登记", en="Who records that a pupil dropped out"),
    "suspended": Text(zh="休学算作", en="Suspension of studies counts as"),
    "transferred": Text(zh="转学算作", en="A transfer counts as"),
    "suspected": Text(zh="疑似辍学算作", en="Suspected dropout counts as"),
    "legal_basis": Text(zh="法律依据", en="Legal basis"),
    "retention": Text(zh="保存期限", en="Kept for"),
    "complaints": Text(zh="异议与投诉", en="Objections and complaints"),
}
RECORD = {
    "published_on": Text(zh="投入使用日期", en="In use since"),
    "override": Text(zh="检查未全部通过而批准的理由", en="Put into use against the checks, because"),
}
FIRST = Text(zh="还没有投入使用过的上一版本可比。", en="There is no earlier version in use to compare with.")
CHANGES = Text(zh="与上一版本相比", en="Changed since the last version")


def no_changes(language: Language) -> str:
    """Say under its heading that there is no version to compare with."""
    return f"## {CHANGES.to(language)}\n\n{FIRST.to(language)}"


def replace_part(card: str, title: str, part: str) -> str:
    r"""Put a part of a card in place of the one of that title; at the end if there is none.

    >>> replace_part("# A\n\n## B\n\nold\n\n## C\n\nc\n", "B", "## B\n\nnew")
    '# A\n\n## B\n\nnew\n\n## C\n\nc\n'
    """
    head, *parts = card.rstrip("\n").split("\n## ")
    body = part.removeprefix("## ").rstrip("\n") + "\n"
    found = [number for number, old in enumerate(parts) if old.split("\n", 1)[0] == title]
    if found:
        parts[found[0]] = body
    else:
        parts.append(body)
    return "\n## ".join([head, *parts]).rstrip("\n") + "\n"
