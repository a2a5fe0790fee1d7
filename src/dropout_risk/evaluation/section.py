"""A part of a report that one question fills: its remarks, its tables, its figures and its checks."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from dropout_risk.evaluation.report_words import check_name
from dropout_risk.evaluation.resampling import Interval
from dropout_risk.text import CLAUSES, Language, Text

# --- From Markdown to HTML in which nothing runs and nothing is fetched ---


def to_html(text: str, *, under: int = 0) -> str:
    r"""Render Markdown: HTML in it is shown as text, and images and links as their words.

    Parameters
    ----------
    text : str
        Markdown with tables.
    under : int, default=0
        The level of the heading above it: a first heading becomes one level lower.

    Examples
    --------
    >>> to_html("# Card <script>", under=1)
    '<h2>Card &lt;script&gt;</h2>\n'
    """
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink"])
    tokens = reader.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + under, 6)}"
    reader.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0">\n<table>\n')
    reader.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    html: str = reader.renderer.render(tokens, reader.options, {})
    return html


# --- Small tables of words, written for a terminal, for Markdown and for a page ---


@dataclass(frozen=True)
class Table:
    """Rows of words under a title.

    Parameters
    ----------
    title : str
        What the table shows.
    columns : sequence of str
        The head.
    rows : sequence of sequence of str
        As many words per row as there are columns.

    Examples
    --------
    >>> print(Table("Results", ["", "AUC"], [["Model", "0.85"], ["Base rate", "0.50"]]).to_text())
    Results
                AUC
    Model      0.85
    Base rate  0.50
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def to_text(self) -> str:
        """Write for a terminal: the first column to the left, the others to the right."""
        lines = [list(self.columns), *map(list, self.rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        return "\n".join([self.title, *(_aligned(line, widths) for line in lines if any(line))])

    def to_markdown(self, *, level: int = 2) -> str:
        """Write as a Markdown table under a heading."""
        head = ["| " + " | ".join(map(_markdown_cell, self.columns)) + " |", "|" + "---|" * len(self.columns)]
        body = ["| " + " | ".join(map(_markdown_cell, row)) + " |" for row in self.rows]
        return "\n".join([f"{'#' * level} {_markdown_cell(self.title)}", "", *head, *body])

    def to_html(self) -> str:
        """Write as an HTML table with every word escaped."""
        head = "".join(f"<th scope='col'>{html.escape(word)}</th>" for word in self.columns)
        body = "".join(f"<tr>{_html_row(row)}</tr>" for row in self.rows)
        caption = html.escape(self.title)
        return (
            f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        word.ljust(width) if place == 0 else word.rjust(width)
        for place, (word, width) in enumerate(zip(line, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()


def _markdown_cell(word: str) -> str:
    escaped = html.escape(word, quote=False)
    return escaped.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _html_row(row: Sequence[str]) -> str:
    first, *others = (html.escape(word) for word in row)
    return f"<th scope='row'>{first}</th>" + "".join(f"<td>{word}</td>" for word in others)


Cell = Text | str | float | int | None
CHECKS = Text(zh="检查：{checks}", en="Checks: {checks}")
CHECK = Text(zh="{name}{passed}（{reason}）", en="{name} {passed} ({reason})")
PASSED = {
    True: Text(zh="通过", en="passed"),
    False: Text(zh="未通过", en="failed"),
    None: Text(zh="无法判断", en="could not be made"),
}


@dataclass(frozen=True)
class Check:
    """A question that must be answered before a model is published.

    Parameters
    ----------
    name : str
        A stable key, such as ``calibration_slope``.
    passed : bool or None
        None where the data cannot answer it, which counts as not passed.
    reason : Text
        What was found, and against which bound.
    """

    name: str
    passed: bool | None
    reason: Text


def inside(interval: tuple[float, float], bounds: tuple[float, float]) -> bool | None:
    """Judge a figure by its interval: the one rule of every check that has one.

    Returns
    -------
    bool or None
        True where the whole interval lies within the bounds, False where it lies outside them, None where
        the data leave both open: what is not known is not passed.

    Examples
    --------
    >>> [inside(interval, (0.8, 1.25)) for interval in ((0.9, 1.1), (0.5, 0.7), (0.7, 1.1))]
    [True, False, None]
    """
    (low, high), (least, most) = interval, bounds
    if least <= low and high <= most:
        return True
    return False if high < least or low > most else None


@dataclass(frozen=True)
class SectionTable:
    """A table in both languages; figures are written out with three digits, None as a dash.

    Parameters
    ----------
    title : Text
        What the table shows.
    columns : tuple of Text or str
        The head; the first column names the rows.
    rows : tuple of tuple of Text, str, float, int or None
        As many cells per row as there are columns.
    by_school : bool, default=False
        Whether rows are schools: such a table stays in the report and is left out of the model card.
    """

    title: Text
    columns: tuple[Text | str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    by_school: bool = False

    def to(self, language: Language) -> Table:
        """Write the table in one language."""
        head = [_word(cell, language) for cell in self.columns]
        return Table(
            self.title.to(language), head, [[_word(cell, language) for cell in row] for row in self.rows]
        )


@dataclass(frozen=True)
class Section:
    """One part of a report, as plain data in both languages: no pupil's row is in it.

    Parameters
    ----------
    name : str
        A stable key, such as ``fairness``; figures are logged as ``fairness.<figure>``.
    title : Text
        The heading.
    remarks : tuple of Text
        What must be said before the tables: the verdict in a sentence, what is missing and why.
    tables : tuple of SectionTable
        The figures for people.
    metrics : mapping of str to float
        The figures for machines.
    checks : tuple of Check
        What publishing asks.

    Examples
    --------
    >>> verdict = Check("slope", True, Text(zh="斜率0.98", en="slope 0.98, wanted 0.8 to 1.25"))
    >>> section = Section("calibration", Text(zh="校准", en="Calibration"), metrics={"slope": 0.98},
    ...                   checks=(verdict,))
    >>> print(section.to_markdown("en"))
    ## Calibration
    <BLANKLINE>
    - Checks: slope passed (slope 0.98, wanted 0.8 to 1.25)
    >>> Section.from_dict(section.to_dict()) == section
    True
    """

    name: str
    title: Text
    remarks: tuple[Text, ...] = ()
    tables: tuple[SectionTable, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()

    def told(self, language: Language) -> list[str]:
        """Give the remarks and the checks as sentences."""
        made = [
            CHECK.fill(
                language,
                name=check_name(check.name, language),
                passed=PASSED[check.passed].to(language),
                reason=check.reason.to(language),
            )
            for check in self.checks
        ]
        said = [remark.to(language) for remark in self.remarks]
        return [*said, CHECKS.fill(language, checks=CLAUSES.join(language, made))] if made else said

    def to_markdown(self, language: Language, *, by_school: bool = True) -> str:
        """Write the section under its heading, on request without the tables that name schools."""
        said = "\n".join(f"- {sentence}" for sentence in self.told(language))
        shown = [table for table in self.tables if by_school or not table.by_school]
        body = [table.to(language).to_markdown(level=3) for table in shown]
        return "\n\n".join(part for part in [f"## {self.title.to(language)}", said, *body] if part)

    def to_html(self, language: Language) -> str:
        """Write the section for a page, every word escaped."""
        said = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self.told(language))
        body = "".join(table.to(language).to_html() for table in self.tables)
        return f"<h4>{html.escape(self.title.to(language))}</h4>{said}{body}"

    def to_text(self, language: Language) -> str:
        """Write the section for a terminal."""
        tables = [table.to(language).to_text() for table in self.tables]
        return "\n\n".join([self.title.to(language), *self.told(language), *tables])

    def to_dict(self) -> dict[str, Any]:
        """Write the section as JSON-able data."""
        return {
            "name": self.name,
            "title": _plain(self.title),
            "remarks": [_plain(remark) for remark in self.remarks],
            "tables": [
                {
                    "title": _plain(table.title),
                    "columns": [_plain(cell) for cell in table.columns],
                    "rows": [[_plain(cell) for cell in row] for row in table.rows],
                    "by_school": table.by_school,
                }
                for table in self.tables
            ],
            "metrics": {key: _plain(value) for key, value in self.metrics.items()},
            "checks": [
                {"name": check.name, "passed": check.passed, "reason": _plain(check.reason)}
                for check in self.checks
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a section written by :meth:`to_dict`."""
        return cls(
            name=data["name"],
            title=Text(**data["title"]),
            remarks=tuple(Text(**remark) for remark in data["remarks"]),
            tables=tuple(
                SectionTable(
                    Text(**table["title"]),
                    tuple(_cell(cell) for cell in table["columns"]),  # type: ignore[misc]
                    tuple(tuple(_cell(cell) for cell in row) for row in table["rows"]),
                    table["by_school"],
                )
                for table in data["tables"]
            ),
            metrics={key: float(value) for key, value in data["metrics"].items() if value is not None},
            checks=tuple(
                Check(item["name"], item["passed"], Text(**item["reason"])) for item in data["checks"]
            ),
        )


def _word(cell: Cell, language: Language) -> str:
    if isinstance(cell, Text):
        return cell.to(language)
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "–"
    return format(cell, ".3f") if isinstance(cell, float) else str(cell)


def _plain(cell: Cell) -> Any:
    if isinstance(cell, Text):
        return {"zh": cell.zh, "en": cell.en}
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _cell(cell: Any) -> Cell:
    return Text(**cell) if isinstance(cell, dict) else cell


# --- Figures with their intervals, and wordings filled in both languages ---


def with_interval(
    value: float | None, ends: Interval | Mapping[str, Any] | None, *, digits: int = 2, form: str = ""
) -> str:
    """Write a figure and its interval; a dash for a figure that is not defined.

    >>> with_interval(0.1234, Interval(0.08, 0.151)), with_interval(0.1234, None), with_interval(None, None)
    ('0.12 [0.08, 0.15]', '0.12', '–')
    >>> with_interval(0.1234, Interval(0.08, 0.151), form="+")
    '+0.12 [+0.08, +0.15]'
    """
    if value is None or math.isnan(value):
        return "–"
    return f"{rounded(value, digits=digits, form=form)}{bracketed(ends, digits=digits, form=form)}"


def bracketed(
    ends: Interval | Mapping[str, Any] | None, *, digits: int = 2, form: str = "", before: str = " "
) -> str:
    """Write an interval alone; nothing where there is none.

    >>> bracketed({"low": 0.5, "high": 0.75}, before="")
    '[0.50, 0.75]'
    """
    given = vars(ends) if isinstance(ends, Interval) else ends
    if not given or given["low"] is None:
        return ""
    low, high = (rounded(given[end], digits=digits, form=form) for end in ("low", "high"))
    return f"{before}[{low}, {high}]"


def rounded(value: float, *, digits: int, form: str = "") -> str:
    """Write a number with some digits; what rounds to zero has no sign.

    >>> rounded(-0.001, digits=2), rounded(-0.001, digits=2, form="+"), rounded(-0.01, digits=2)
    ('0.00', '0.00', '-0.01')
    """
    written = f"{value:{form}.{digits}f}"
    return written.lstrip("+-") if float(written) == 0 else written
