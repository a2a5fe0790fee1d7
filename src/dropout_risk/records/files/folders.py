"""A folder as the parts of its tables: which file is which table, and which files are not read, and why."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dropout_risk.errors import RecordsError
from dropout_risk.records.files.archives import COMPRESSIONS, TableFile, zipped_files
from dropout_risk.records.files.copies import kind_of_copy
from dropout_risk.records.files.csv_files import CsvPart
from dropout_risk.records.files.readers import FILE, ParquetPart, Part, PartitionedPart, partition_values
from dropout_risk.records.files.workbooks import ENDINGS as WORKBOOK_ENDINGS
from dropout_risk.records.files.workbooks import Workbook
from dropout_risk.records.rules import RULES, Problem
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.text import Text, same_words

_PLAIN_TEXT = (".csv", ".tsv", ".txt", ".tab")
TEXT_ENDINGS = (*(text + packed for text in _PLAIN_TEXT for packed in COMPRESSIONS), *_PLAIN_TEXT)
PARQUET_ENDINGS = (".parquet", ".pq")
_READ_ENDINGS = (*TEXT_ENDINGS, *PARQUET_ENDINGS, *WORKBOOK_ENDINGS, ".zip")
_ZIP, _OLD_WORKBOOK, _PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"
_PAGE = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|table|meta|style|div|script)", re.IGNORECASE
)
_OTHER_KINDS = {
    b"Rar!": Text(zh="是 RAR 压缩包", en="it is an archive of RAR"),
    b"7z\xbc\xaf": Text(zh="是 7-Zip 压缩包", en="it is an archive of 7-Zip"),
    b"%PDF": Text(zh="是 PDF", en="it is a PDF"),
    b"\x1f\x8b": Text(zh="由 gzip 压缩", en="it is compressed with gzip"),
}
_OPEN = Text(
    zh="该文件正在表格软件中打开，请在那里保存并关闭",
    en="it is open in a spreadsheet program; save and close it there",
)
_LEFT_OUT = Text(zh="未读取", en="it is not read")
_READ = Text(zh="已读取", en="it is read")
_EQUAL = Text(zh="与另一文件相同，未读取", en="it equals another file and is not read")
_BESIDE = Text(zh="与其他文件一并读取", en="it is read beside the others")
_NO_SHEET = Text(zh="没有含数据的工作表", en="it has no sheet with values")
_PARQUET_INSIDE = Text(zh="压缩包内是 Parquet 文件，请先解压", en="it is Parquet inside a zip; unpack it")
_NO_TABLE = Text(zh="文件名看不出是表格", en="its name does not say that it is a table")
_IS_PAGE = Text(
    zh="内容是 HTML 或 XML 网页，与文件名不符；请用表格软件打开后另存",
    en="it is a page in HTML or XML, whatever its name says; open it in a spreadsheet program",
)
_NO_WORKBOOK = Text(zh="内容不是工作簿，与文件名不符", en="it is no workbook, whatever its name says")

_HOUSEKEEPING = re.compile(
    r"(?:\.ds_store|thumbs\.db|desktop\.ini|__macosx|\._.*|.*\.crc|_success|_delta_log|_temporary"
    r"|_(?:common_)?metadata|\.git.*|(?:readme|license|licence|changelog|说明|使用说明)(?:\.(?:md|txt|rst|html|docx?|pdf))?"
    r"|.*\.toml|.*\.sha256|.*\.md5)",
    re.IGNORECASE,
)
"""What lies beside tables and never is one."""

_LOCK = re.compile(r"~\$|\.~lock\.")


class FoundParts(NamedTuple):
    """The parts of each table in a folder, what names no table, and what is to be said about files."""

    parts: dict[str, list[Part]]
    unknown: list[str]
    problems: list[Problem]


class FoundFile(NamedTuple):
    """A file that may hold tables: the ``table`` that its name speaks of, and the name to call it by.

    Its ``kind`` is text, parquet or workbook, or else why it is not read.
    """

    file: TableFile
    table: str | None
    called: str
    kind: str | Text


class _Given(NamedTuple):
    """A file with the table that its name, or that of its folder, speaks of."""

    file: TableFile
    table: str | None
    inside: str


def find_parts(folder: Path, mapping: RecordsMapping) -> FoundParts:
    """Find the parts of each table in a folder, and the files that are not read.

    The folder holds one file, or one sub-folder of files, per table; or a workbook with a sheet per table.
    """
    if not folder.is_dir():
        raise RecordsError(
            f"There is no folder {str(folder)!r}.", hint="give the folder that holds students.csv"
        )
    search = _Search(folder, mapping)
    for entry in sorted(folder.iterdir()):
        search.look_at(entry)
    search.take_all()
    return FoundParts(search.parts, search.unknown, search.problems)


def find_files(source: Path, mapping: RecordsMapping) -> list[FoundFile]:
    """Find every file that may hold a table, whatever it is called, without copies and templates.

    The source is a folder, or one file or zip alone.
    """
    alone = source.is_file()
    search = _Search(source.parent if alone else source, mapping, whatever_called=True)
    for entry in [source] if alone else sorted(source.iterdir()):
        search.look_at(entry)
    return [
        FoundFile(file, table, table_stem(PurePosixPath(inside).parts[0]), _kind_of(file))
        for given in search.unpacked()
        if not search.is_left_out(given)
        for file, table, inside in [given]
    ]


class _Search:
    """Goes through a folder; without ``whatever_called``, past what is not called after a table."""

    def __init__(self, folder: Path, mapping: RecordsMapping, whatever_called: bool = False) -> None:
        self.folder, self.mapping, self.whatever_called = folder, mapping, whatever_called
        self.given: list[_Given] = []
        self.parts: dict[str, list[Part]] = {}
        self.unknown: list[str] = []
        self.problems: list[Problem] = []

    def look_at(self, entry: Path) -> None:
        """Note which table a file or a sub-folder is of, or that it is of none."""
        name, stem = entry.name, table_stem(entry.name)
        if _HOUSEKEEPING.fullmatch(name) or name == FILE or self._ignores(name, stem):
            return
        if _LOCK.match(name):
            self._say("copy_or_template", "", name, _OPEN)
            return
        hidden = name.startswith((".", "_"))
        table = None if hidden else self.mapping.table_of(stem)
        files = [entry] if entry.is_file() else list(_files_in(entry))
        if hidden:
            files = [file for file in files if file.name.lower().endswith(_READ_ENDINGS)]
        some = self.whatever_called or any(_may_hold_tables(file.name) for file in files)
        if hidden or (table is None and not some):
            self.unknown += [name] if files else []
            return
        for file in files:
            inside = file.relative_to(self.folder).as_posix()
            self.given.append(_Given(TableFile(file, inside), table, inside))

    def _ignores(self, name: str, stem: str) -> bool:
        return self.mapping.ignores(name) or (
            self.mapping.table_of(stem) is None and self.mapping.ignores(stem)
        )

    def take_all(self) -> None:
        """Read the headers of all files but copies and templates of others."""
        for given in self.unpacked():
            if not self.is_left_out(given):
                self._take(given)

    def unpacked(self) -> list[_Given]:
        """Give all files, those in zips as if they lay in the folder."""
        self.given = [member for given in self.given for member in self._members(given)]
        return self.given

    def _members(self, given: _Given) -> Iterator[_Given]:
        """Give what is in a zip, as if it lay in the folder; any other file as it is."""
        lower = given.file.base.lower()
        if not lower.endswith(".zip"):
            yield given
            return
        members = [
            (PurePosixPath(inside).parts, file)
            for inside, file in zipped_files(given.file)
            if not any(_HOUSEKEEPING.fullmatch(part) for part in PurePosixPath(inside).parts)
        ]
        while members and self._is_bare_folder({parts[:-1][:1] for parts, _ in members}):
            members = [(parts[1:], file) for parts, file in members]
        for parts, file in members:
            stem = table_stem(parts[0])
            if not self._ignores(parts[0], stem):
                inside = PurePosixPath(given.inside).parent.joinpath(*parts).as_posix()
                yield from self._members(_Given(file, self.mapping.table_of(stem) or given.table, inside))

    def _is_bare_folder(self, tops: set[tuple[str, ...]]) -> bool:
        """Tell whether a single folder that is no table holds all that is in a zip."""
        top = next(iter(tops))
        return len(tops) == 1 and bool(top) and self.mapping.table_of(top[0]) is None

    # --- copies and templates -----------------------------------------------------------------------

    def is_left_out(self, given: _Given) -> bool:
        """Tell whether a file is a copy or template of another, and say so."""
        kind = kind_of_copy(given.file.name)
        if given.table is None or kind is None:
            return False
        others = [
            other for other in self.given
            if other.table == given.table and other is not given and kind_of_copy(other.file.name) is None
        ]  # fmt: skip
        same = kind == "counted" and any(_equal_files(given.file, other.file) for other in others)
        left_out = bool(others) and (kind != "counted" or same)
        detail = _LEFT_OUT if left_out else _READ
        if kind == "counted":
            detail = _EQUAL if same else _BESIDE
        self._say("copy_or_template", given.table, given.file.name, detail)
        return left_out

    # --- parts --------------------------------------------------------------------------------------

    def _take(self, given: _Given) -> None:
        file, table = given.file, given.table
        kind = _kind_of(file)
        if kind == "workbook":
            self._take_workbook(file, table)
        elif table is None:
            self._name_unknown(given)
        elif kind in ("text", "parquet"):
            part: Part = (
                ParquetPart(file.path, file.name) if kind == "parquet" else CsvPart(file, table, self.mapping)
            )
            values = partition_values(given.inside)
            self.parts.setdefault(table, []).append(PartitionedPart(part, values) if values else part)
        else:
            self._refuse(table, file, kind if isinstance(kind, Text) else same_words(kind))

    def _refuse(self, table: str, file: TableFile, why: Text) -> None:
        """Say that a file is not read; the records are refused if it was the pupils'."""
        if table == "students" and sum(given.table == table for given in self.given) == 1:
            raise RecordsError(
                f"File {file.name!r} is not read: {why.en}.", hint=RULES["file_not_read"].hint.en
            )
        self._say("file_not_read", table, file.name, why)

    def _take_workbook(self, file: TableFile, table: str | None) -> None:
        book = Workbook(file, table, self.mapping)
        for named, part in book.parts:
            self.parts.setdefault(named, []).append(part)
        if not book.parts:
            if table is None:
                self.unknown.append(file.name)
            else:
                self._refuse(table, file, _NO_SHEET)
            return
        for sheet in book.unread:
            self._say("sheet_not_read", table or "", file.name, sheet.detail)

    def _name_unknown(self, given: _Given) -> None:
        name = given.file.name if " [" in given.file.name else PurePosixPath(given.inside).parts[0]
        if name not in self.unknown:
            self.unknown.append(name)

    def _say(self, rule: str, table: str, name: str, detail: Text) -> None:
        severity = RULES[rule].severity
        self.problems.append(Problem(table, "", RULES[rule], 0, None, name, severity, detail))


def _files_in(folder: Path) -> Iterator[Path]:
    for child in sorted(folder.iterdir()):
        if _HOUSEKEEPING.fullmatch(child.name) or child.name.startswith((".", "_")):
            continue
        if child.is_dir():
            yield from _files_in(child)
        else:
            yield child


def table_stem(name: str) -> str:
    """Take the endings off a file's name.

    >>> table_stem("考勤_2024.csv.zip"), table_stem("grades.XLSX"), table_stem("attendance")
    ('考勤_2024', 'grades', 'attendance')
    """
    for ending in _READ_ENDINGS:
        if name.lower().endswith(ending):
            return table_stem(name[: -len(ending)]) if ending == ".zip" else name[: -len(ending)]
    return name


def _may_hold_tables(name: str) -> bool:
    return name.lower().endswith((".zip", *WORKBOOK_ENDINGS))


def _equal_files(one: TableFile, other: TableFile) -> bool:
    if one.size != other.size:
        return False
    return hashlib.sha256(one.read()).digest() == hashlib.sha256(other.read()).digest()


def _kind_of(file: TableFile) -> str | Text:
    """Tell by its first bytes and its name what a file is: text, parquet, workbook, or why it is not read."""
    begins, name = file.begins(512), file.base.lower()
    if begins.startswith(_PARQUET) or name.endswith(PARQUET_ENDINGS):
        return "parquet" if type(file) is TableFile else _PARQUET_INSIDE
    if begins.startswith((_ZIP, _OLD_WORKBOOK)) and name.endswith((*WORKBOOK_ENDINGS, *_PLAIN_TEXT)):
        return "workbook"
    if not name.endswith((*TEXT_ENDINGS, *WORKBOOK_ENDINGS)):
        found = [why for mark, why in _OTHER_KINDS.items() if begins.startswith(mark)]
        return found[0] if found else _NO_TABLE
    if _PAGE.match(begins):
        return _IS_PAGE
    if name.endswith(TEXT_ENDINGS):
        return "text"
    return "text" if b"\t" in begins or b"," in begins else _NO_WORKBOOK
