"""A proposed mapping as TOML: what is applied as entries, what is doubted as comments in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dropout_risk.proposals.lines import DEGREES, Line
from dropout_risk.proposals.table_guess import TableGuess
from dropout_risk.records.wording.mapping_shape import SECTIONS
from dropout_risk.text import Language, Text


def write_mapping(lines: Sequence[Line], tables: Sequence[TableGuess], language: Language) -> str:
    """Write lines with their evidence; what needs no entry is told in comments."""
    said = [f"# {text}" for text in _HEAD.to(language).split("\n")]
    for section in sorted({line.section for line in lines}, key=_section_place):
        said += ["", *([f"[{'.'.join(section)}]"] if section else ())]
        for line in lines:
            if line.section == section:
                said += _line_texts(line, language)
    understood = list(_understood_headers(tables))
    if understood:
        said += ["", f"# {_UNDERSTOOD.to(language)}", *understood]
    return "\n".join([*said, ""])


def _section_place(section: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return ((*SECTIONS, "joins", "spans", "combined").index(section[0]) + 1 if section else 0), section


def _line_texts(line: Line, language: Language) -> Iterator[str]:
    yield f"# {DEGREES[line.degree].to(language)}: {line.evidence.to(language)}"
    yield line.entry if line.applied else f"# {line.entry}"


def _understood_headers(tables: Sequence[TableGuess]) -> Iterator[str]:
    for guess in tables:
        headers = [f"{c.header} → {c.column}" for c in guess.columns.values() if c.built_in]
        if guess.built_in or (guess.used and headers):
            yield f"#   {guess.file.name} → {guess.table}" + (f": {', '.join(headers)}" if headers else "")


_HEAD = Text(
    zh="由 dropout-risk map 提出的映射。每行上方是依据和把握（确定、很可能、存疑）。\n"
    "存疑的行以 # 开头，不起作用；核对后去掉 # 即可采用。",
    en="A mapping as dropout-risk map proposes it. Above each line stands why, and how sure that is.\n"
    "Doubtful lines begin with # and do nothing: take the # away from those that are right.",
)
_UNDERSTOOD = Text(zh="以下无需条目即可识别：", en="Understood without an entry:")
