"""A part of a report that one question fills: its remarks, its tables, its figures and its checks."""

from __future__ import annotations

import datetime as dt
import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from dropout_risk.evaluation.resampling import Interval
from dropout_risk.text import CLAUSES, Language, Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.evaluation.result import Measured
    from dropout_risk.evaluation.trained_model import TrainedModel

# --- From Markdown to HTML in which nothing runs and nothing is fetched ---


def to_html(text: str, *, under: int = 0) -> str:
    r"""Render Markdown: HTML in it is shown as text, and images and links as their words.

    Under a heading of the level ``under``, a first heading becomes one level lower.

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
    return html.replace("<th></th>", "<td></td>")  # a heading without a word is none


# --- Small tables of words, written for a terminal, for Markdown and for a page ---


@dataclass(frozen=True)
class Table:
    """Rows of words under a title, as many per row as there are columns.

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
        widths = [max(len(line[position]) for line in lines) for position in range(len(self.columns))]
        return "\n".join([self.title, *(_aligned_line(line, widths) for line in lines if any(line))])

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


def _aligned_line(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        word.ljust(width) if position == 0 else word.rjust(width)
        for position, (word, width) in enumerate(zip(line, widths, strict=True))
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
    None: Text(zh="现有数据不足以判断", en="could not be made"),
}


@dataclass(frozen=True)
class Check:
    """A question that must be answered before a model is published, under a stable key.

    ``passed`` is None where the data cannot answer it, which counts as not passed. ``reason`` says what was
    found, and against which bound. ``zh`` is what its :class:`Question` calls it in Chinese, and is not
    written out with what was found.
    """

    name: str
    passed: bool | None
    reason: Text
    zh: str = field(default="", compare=False)

    @property
    def title(self) -> Text:
        """What people call it: in English its key."""
        return Text(zh=self.zh or self.name, en=self.name)


@dataclass(frozen=True)
class Question:
    """What a check asks, declared once in the file of its section; the stable key is its title in English.

    ``plain`` asks the same of who knows no statistics, on lists and on the first page of the card.

    >>> Question("split_in_time", "按时间划分").answered(None, Text(zh="不明", en="unclear")).title.zh
    '按时间划分'
    """

    name: str
    zh: str
    plain: Text | None = None

    def answered(self, passed: bool | None, reason: Text) -> Check:
        """Give the check that answers it."""
        return Check(self.name, passed, reason, self.zh)


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Judge several answers as one: not passed if one is not, not known if one is not known.

    >>> all_of([True, None]), all_of([None, False]), all_of([True])
    (None, False, True)
    """
    found = set(answers)
    return False if False in found else None if None in found else True


def inside_bounds(interval: tuple[float, float], bounds: tuple[float, float]) -> bool | None:
    """Judge a figure by its interval: the one rule of every check that has one.

    None where the data leave open whether it lies within the bounds: what is not known is not passed.

    >>> [inside_bounds(interval, (0.8, 1.25)) for interval in ((0.9, 1.1), (0.5, 0.7), (0.7, 1.1))]
    [True, False, None]
    """
    (low, high), (least, most) = interval, bounds
    if least <= low and high <= most:
        return True
    return False if high < least or low > most else None


@dataclass(frozen=True)
class SectionTable:
    """A table in both languages; figures are written out with three digits, None as a dash.

    The first column names the rows. A table whose rows are schools stays in the report and is left out of
    the model card.
    """

    title: Text
    columns: tuple[Text | str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    by_school: bool = False

    def to(self, language: Language) -> Table:
        """Write the table in one language."""
        head = [_cell_in_words(cell, language) for cell in self.columns]
        return Table(
            self.title.to(language),
            head,
            [[_cell_in_words(cell, language) for cell in row] for row in self.rows],
        )


@dataclass(frozen=True)
class Section:
    """One part of a report, as plain data in both languages: no pupil's row is in it.

    ``name`` is a stable key, such as ``fairness``; its ``metrics``, the figures for machines, are logged as
    ``fairness.<figure>``. ``remarks`` are what must be said before the tables: the verdict in a sentence,
    what is missing and why. ``checks`` are what publishing asks. ``points`` are what pictures are drawn from.

    >>> verdict = Check("slope", True, Text(zh="斜率0.98", en="slope 0.98, wanted 0.8 to 1.25"))
    >>> section = Section("calibration", Text(zh="校准", en="Calibration"), metrics={"slope": 0.98},
    ...                   checks=(verdict,))
    >>> print(section.to_markdown("en"))
    ## Calibration
    <BLANKLINE>
    - Checks: slope passed (slope 0.98, wanted 0.8 to 1.25)
    """

    name: str
    title: Text
    remarks: tuple[Text, ...] = ()
    tables: tuple[SectionTable, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    points: Mapping[str, Any] = field(default_factory=dict)

    def told(self, language: Language) -> list[str]:
        """Give the remarks and the checks as sentences."""
        said = [remark.to(language) for remark in self.remarks]
        made = [
            CHECK.filled(name=check.title, passed=PASSED[check.passed], reason=check.reason)
            for check in self.checks
        ]
        return [*said, CHECKS.filled(checks=CLAUSES.joined(made)).to(language)] if made else said

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
        data: dict[str, Any] = plain_data(asdict(self))
        for check in data["checks"]:
            del check["zh"]
        return data

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
                    tuple(map(_read_cell, table["columns"])),
                    tuple(tuple(map(_read_cell, row)) for row in table["rows"]),
                    table["by_school"],
                )
                for table in data["tables"]
            ),
            metrics={key: float(value) for key, value in data["metrics"].items() if value is not None},
            checks=tuple(
                Check(item["name"], item["passed"], Text(**item["reason"])) for item in data["checks"]
            ),
            points=data.get("points", {}),
        )


def _cell_in_words(cell: Cell, language: Language) -> str:
    if isinstance(cell, Text):
        return cell.to(language)
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "–"
    return format(cell, ".3f") if isinstance(cell, float) else str(cell)


def _read_cell(cell: Any) -> Any:
    return Text(**cell) if isinstance(cell, dict) else cell


@dataclass(frozen=True, eq=False, kw_only=True)
class SectionKind:
    """All that is declared of a section, in the one file that holds it.

    The list of sections, :data:`dropout_risk.evaluation.sections.SECTIONS`, is what a report is made of, and
    what publishing asks. Either ``of_figures`` makes the section, from what was measured on the test rows,
    in every report, or ``of_model``, from the trained model, in reports of training; None where there is
    nothing to say. A refusal to publish calls it as in ``required``; a section without that may be missing.
    ``panels`` draw on axes of the report's chart, ``picture`` draws the section alone.
    """

    name: str
    title: Text
    of_figures: Callable[[Measured], Section | None] | None = None
    of_model: Callable[[TrainedModel], Section | None] | None = None
    questions: tuple[Question, ...] = ()
    required: Text | None = None
    panels: tuple[Callable[[Any, EvaluationReport], None], ...] = ()
    picture: Callable[[Section], Figure | None] | None = None

    def make(self, measured: Measured, trained: TrainedModel | None) -> Section | None:
        """Make the section, if there is what it is made of and something to say."""
        if self.of_figures is not None:
            return self.of_figures(measured)
        return None if self.of_model is None or trained is None else self.of_model(trained)

    def section(
        self,
        remarks: Iterable[Text] = (),
        tables: Iterable[SectionTable] = (),
        metrics: Mapping[str, float] | None = None,
        checks: Iterable[Check] = (),
        points: Mapping[str, Any] | None = None,
    ) -> Section:
        """Give the section with what was found."""
        found = metrics or {}, tuple(checks), plain_data(points or {})
        return Section(self.name, self.title, tuple(remarks), tuple(tables), *found)


# --- Plain data, and figures with their intervals, and wordings filled in both languages ---


def plain_data(value: Any) -> Any:
    """Turn numbers, dates, wordings and containers into JSON-able data; NaN and infinities into None.

    >>> plain_data({"auc": np.float64("nan"), "days": (np.int32(3),), "as_of": dt.date(2025, 3, 3)})
    {'auc': None, 'days': [3], 'as_of': '2025-03-03'}
    """
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, np.generic | np.ndarray):
        return plain_data(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain_data(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
    figure = rounded_figure(value, digits=digits, form=form)
    return figure + interval_in_brackets(ends, digits=digits, form=form)


def interval_figures(name: str, value: float | None, ends: Interval | None) -> dict[str, float]:
    """Give a figure for machines, with its interval; only what is defined.

    >>> interval_figures("auc", 0.7, Interval(0.6, 0.8))
    {'auc': 0.7, 'auc_low': 0.6, 'auc_high': 0.8}
    """
    found = {} if value is None or not math.isfinite(value) else {name: value}
    return found if ends is None else found | {f"{name}_low": ends.low, f"{name}_high": ends.high}


def interval_in_brackets(
    ends: Interval | Mapping[str, Any] | None, *, digits: int = 2, form: str = "", before: str = " "
) -> str:
    """Write an interval alone; nothing where there is none.

    >>> interval_in_brackets({"low": 0.5, "high": 0.75}, before="")
    '[0.50, 0.75]'
    """
    given = vars(ends) if isinstance(ends, Interval) else ends
    if not given or given["low"] is None:
        return ""
    low, high = (rounded_figure(given[end], digits=digits, form=form) for end in ("low", "high"))
    return f"{before}[{low}, {high}]"


def rounded_figure(value: float, *, digits: int, form: str = "") -> str:
    """Write a number with some digits; what rounds to zero has no sign.

    >>> rounded_figure(-0.001, digits=2), rounded_figure(-0.001, digits=2, form="+")
    ('0.00', '0.00')
    """
    written = f"{value:{form}.{digits}f}"
    return written.lstrip("+-") if float(written) == 0 else written
