"""A list of the county's own: pupils and what it knows of them, read when it is needed and kept nowhere."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple, Self

from dropout_risk.errors import RecordsError
from dropout_risk.records.files.archives import TableFile
from dropout_risk.records.files.csv_files import CsvPart
from dropout_risk.records.files.readers import Part, read_batches
from dropout_risk.records.files.workbooks import ENDINGS, Workbook
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.words import plain_form, trimmed_text
from dropout_risk.text import Text

DECLARED: dict[str, Any] = tomllib.loads(
    resources.files(__package__).joinpath("ledgers.toml").read_text(encoding="utf-8")
)
LIST_COLUMNS: dict[str, list[str]] = DECLARED["list"]
"""What is read of a list, by the headers that mean it, the surest first; all else is not looked at."""
_NO = frozenset(
    ("", "0", "00", "否", "非", "无", "无残疾", "正常", "非留守", "非留守儿童", "n", "no", "false")
)
_REMARKS = re.compile(r"[*★※]|[(（][^)）]*[)）]")
_CODE = re.compile(r"\d+(?=\D)[-_.: 、]*")


class ListProblem(NamedTuple):
    """A row that could not be used, by its number from 1 (0 for a file or a sheet), and why."""

    source: str
    row: int
    why: Text


_NO_ID = Text(zh="没有学号或身份证件号", en="no id of a pupil")
_AGAIN = Text(zh="与第{row}行是同一名学生，未使用", en="the same pupil as in row {row}; not used")
_BROKEN = Text(zh="这一行无法分成各列", en="the line cannot be split into columns")
_UNREAD = Text(zh="未读取：{name}", en="not read: {name}")
NameOf = Callable[[str], str | None]
"""Gives the id that records have for an id of a list, such as the keyed pseudonym of an identity number."""


def says_yes(cell: str) -> bool:
    """Say whether a cell, a code or a word, says that something is so.

    >>> [says_yes(cell) for cell in ("是", "1-是", "2", "否", "0-非留守儿童", "")]
    [True, True, True, False, False, False]
    """
    bare = cell.strip().casefold()
    return bare not in _NO and _CODE.sub("", bare, count=1) not in _NO


@dataclass(frozen=True, repr=False)
class CountyList:
    r"""Pupils of a list, by the id that records have for them, and what is known of each.

    Parameters
    ----------
    rows : mapping of str to mapping
        By pupil the values of :data:`LIST_COLUMNS` that are not empty.
    problems : tuple of ListProblem
        What could not be used, named.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "roll.csv")
    >>> _ = path.write_text("学号,姓名,现住址\n007,x,y\n007,x,z\n")
    >>> roll = CountyList.from_file(path)
    >>> roll.rows["007"]["address"], roll.problems[0].why.en
    ('y', 'the same pupil as in row 1; not used')
    """

    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    problems: tuple[ListProblem, ...] = ()

    @classmethod
    def from_file(cls, path: str | Path, name_of: NameOf | None = None) -> Self:
        """Read a CSV or a workbook; every cell is text.

        Parameters
        ----------
        path : path
            Its sheets with the headers of the first, or the lines of a CSV.
        name_of : callable, optional
            Where records hold keyed pseudonyms and the list the numbers themselves.

        Raises
        ------
        RecordsError
            If it cannot be read, or no column names a pupil.
        """
        rows: dict[str, dict[str, str]] = {}
        seen: dict[str, int] = {}
        problems: list[ListProblem] = []
        for part in _opened_parts(Path(path), problems):
            for number, row in _read_rows(part, problems):
                given = row.pop("pupil", "")
                pupil = name_of(given) if name_of is not None and given else given
                if not pupil:
                    problems.append(ListProblem(part.name, number, _NO_ID))
                elif pupil in rows:
                    problems.append(ListProblem(part.name, number, _AGAIN.filled(row=seen[pupil])))
                else:
                    rows[pupil], seen[pupil] = row, number
        return cls(rows, tuple(problems))

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, pupil: str) -> bool:
        return pupil in self.rows

    def of_pupil(self, pupil: str) -> Mapping[str, str]:
        """Give what is known of a pupil; nothing where the list has none of that id."""
        return self.rows.get(pupil, {})


def _opened_parts(path: Path, problems: list[ListProblem]) -> list[Part]:
    file, mapping = TableFile(path, path.name), RecordsMapping.of(None)
    if path.suffix.lower() not in ENDINGS:
        return [CsvPart(file, "students", mapping)]
    book = Workbook(file, "students", mapping)
    problems += [ListProblem(path.name, 0, _UNREAD.filled(name=sheet.detail)) for sheet in book.unread]
    return [part for _, part in book.parts]


def _read_rows(part: Part, problems: list[ListProblem]) -> Iterator[tuple[int, dict[str, str]]]:
    headers = _known_headers(part.header)
    if "pupil" not in headers:
        raise RecordsError(
            f"File {part.name!r} has no column that names a pupil.",
            hint=f"one of: {', '.join(LIST_COLUMNS['pupil'])}",
        )
    wanted = list(dict.fromkeys(headers.values()))
    lines = [
        dict(zip(wanted, values, strict=True))
        for batch in read_batches(part, wanted)
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]
    apart = {*part.broken, *part.blank}
    problems += [ListProblem(part.name, number, _BROKEN) for number in part.broken]
    numbers = (number for number in range(1, len(lines) + len(apart) + 1) if number not in apart)
    for number, line in zip(numbers, lines, strict=True):
        texts = {key: trimmed_text(line[header]) for key, header in headers.items()}
        yield number, {key: text for key, text in texts.items() if text}


def _known_headers(header: tuple[str, ...]) -> dict[str, str]:
    """Find the header of each column, with or without what stands in brackets."""
    given = {plain_form(_REMARKS.sub("", name)): name for name in reversed(header)}
    given |= {plain_form(name): name for name in reversed(header)}
    found = {
        key: next((given[plain_form(name)] for name in names if plain_form(name) in given), None)
        for key, names in LIST_COLUMNS.items()
    }
    return {key: name for key, name in found.items() if name is not None}
