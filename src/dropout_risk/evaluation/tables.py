"""Small tables of words, written for a terminal, for Markdown and for a page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass


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
        head = ["| " + " | ".join(map(_cell, self.columns)) + " |", "|" + "---|" * len(self.columns)]
        body = ["| " + " | ".join(map(_cell, row)) + " |" for row in self.rows]
        return "\n".join([f"{'#' * level} {_cell(self.title)}", "", *head, *body])

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


def _cell(word: str) -> str:
    escaped = html.escape(word, quote=False)
    return escaped.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _html_row(row: Sequence[str]) -> str:
    first, *others = (html.escape(word) for word in row)
    return f"<th scope='row'>{first}</th>" + "".join(f"<td>{word}</td>" for word in others)
