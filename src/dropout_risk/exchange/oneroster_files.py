"""OneRoster 1.2 CSV: its files and their columns, which of them are used, and what a manifest says."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

from dropout_risk.errors import RecordsError
from dropout_risk.exchange.left_out import NOT_READ, PERSONAL, SECRET, LeftOut
from dropout_risk.exchange.source_files import Row, SourceFile, require_nothing, source_files
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.text import Text

VERSION = "1.2"
_DECLARED = {
    part: {name: tuple(columns.split()) for name, columns in told.items()}
    for part, told in tomllib.loads(
        resources.files(__package__).joinpath("oneroster.toml").read_text(encoding="utf-8")
    ).items()
}
COLUMNS = {
    name: ("sourcedId", "status", "dateLastModified", *columns)
    for name, columns in _DECLARED["columns"].items()
}
"""The columns of the files that are written, in their order."""
FILES = (*COLUMNS, *_DECLARED["files"]["others"])
"""All files of the format but the manifest."""
_READ = {name: ("sourcedId", "status", *columns) for name, columns in _DECLARED["read"].items()}
_NAMES = ("givenName", "familyName")
_NEEDED = ("orgs", "users", "roles")
_NO_KEEPER = Text(zh="个人信息，不保存", en="it is personal, and nothing keeps it")
_WHYS = {"password": SECRET, **dict.fromkeys(_NAMES, PERSONAL)}
_WHYS |= dict.fromkeys(_DECLARED["files"]["personal"], _NO_KEEPER)
_BAD = "The OneRoster export cannot be read"
_UNLISTED = Text(zh="清单未列出，或写明没有", en="the manifest does not list it, or says that it is absent")
_NO_FILE = Text(zh="不是 OneRoster 的文件", en="it is no file of OneRoster")
_DELETED = Text(zh="标记为待删除", en="marked as to be deleted")


class OneRosterFiles:
    """The files of an export that its manifest vouches for.

    Raises
    ------
    RecordsError
        Naming all that is wrong at once: no manifest, another version, files that hold changes only, files
        that the manifest promises and that are not there, columns that are missing.
    """

    def __init__(self, source: Path, left: LeftOut, *, with_names: bool = False) -> None:
        self.left, self.with_names = left, with_names
        self._read: dict[str, list[Row]] = {}
        files = source_files(source, RecordsMapping.of(None), left)
        found = {file.stem.casefold(): file for file in files}
        twice = sorted({file.name for file in files} - {file.name for file in found.values()})
        require_nothing([f"{name} is there twice" for name in twice], _BAD, "give one export at a time")
        if "manifest" not in found:
            raise RecordsError(
                f"{str(source)!r} has no manifest.csv.",
                hint="give the folder or zip of a OneRoster 1.2 export, with its manifest",
            )
        said = _manifest_of(found.pop("manifest"), left)
        self.files = {name: found[name.casefold()] for name in FILES if name.casefold() in found}
        require_nothing(
            self._problems(said), _BAD, "ask the system for a whole (bulk) export in OneRoster 1.2 CSV"
        )
        self._name_unused(found, said)
        self.files = {name: file for name, file in self.files.items() if said.get(f"file.{name}") == "bulk"}

    def _problems(self, said: Mapping[str, str]) -> Iterator[str]:
        version = said.get("oneroster.version", "")
        if version != VERSION:
            yield f"oneroster.version is {version!r}, not {VERSION}"
        for name in _READ:
            mode = said.get(f"file.{name}", "absent")
            if mode == "delta":
                yield f"{name}.csv is a delta: it holds what has changed, and nobody else"
            elif mode not in ("bulk", "absent"):
                yield f"file.{name} is {mode!r}: allowed are absent, bulk and delta"
            elif mode == "bulk" and name not in self.files:
                yield f"{name}.csv is missing, which the manifest calls bulk"
            elif mode == "absent" and name in _NEEDED:
                yield f"{name}.csv is absent, without which nobody is known"
            elif mode == "bulk":
                lacking = {*_DECLARED["required"][name]} - {*self.files[name].header}
                yield from [f"{name}.csv lacks {', '.join(sorted(lacking))}"] if lacking else []
        if said.get("file.results") == "bulk" != said.get("file.lineItems"):
            yield "results.csv is there without lineItems.csv, so that no result has an exam"

    def _name_unused(self, found: Mapping[str, SourceFile], said: Mapping[str, str]) -> None:
        for file in found.values():
            name = next((name for name in self.files if self.files[name] is file), None)
            if name is None:
                self.left.add_file(file.name, _NO_FILE)
            elif said.get(f"file.{name}") != "bulk":
                self.left.add_file(file.name, _UNLISTED)
            elif name not in _READ:
                self.left.add_file(file.name, NOT_READ)

    def refuse_repeated(self) -> None:
        """Refuse ids that two rows have, for what points to them would point to either."""
        told = []
        for name in _DECLARED["files"]["pointed_at"]:
            counts = Counter(row["sourcedId"] for row in self.rows(name))
            number = sum(count > 1 for count in counts.values())
            told += [f"{name}.csv has {number} sourcedId(s) in more than one row"] if number else []
        require_nothing(told, _BAD, "give each row a sourcedId of its own")

    def rows(self, name: str) -> list[Row]:
        """Read the rows of a file that are not to be deleted; none where it is absent."""
        if name not in self._read:
            self._read[name] = self._rows_of(name)
        return self._read[name]

    def _rows_of(self, name: str) -> list[Row]:
        file = self.files.get(name)
        if file is None:
            return []
        wanted = (*_READ[name], *(_NAMES if name == "users" and self.with_names else ()))
        unused = [header for header in file.header if header not in (*wanted, "dateLastModified")]
        for header in unused:
            why = _WHYS.get(header, NOT_READ) if name == "users" else NOT_READ
            self.left.add_columns(file.name, [header], why)
        rows = file.rows({column: column for column in wanted if column in file.header}, self.left)
        status = [(row.get("status") or "active").casefold() for row in rows]
        odd = sum(word not in ("active", "tobedeleted") for word in status)
        told = f"{odd} row(s) of {file.name} have a status other than active and tobedeleted"
        require_nothing([told] if odd else [], _BAD, "correct the column; a bulk export leaves it empty")
        self.left.add_rows(file.name, status.count("tobedeleted"), _DELETED)
        kept = [row for row, word in zip(rows, status, strict=True) if word == "active"]
        return [{column: row.get(column) for column in wanted} for row in kept]


def _manifest_of(file: SourceFile, left: LeftOut) -> dict[str, str]:
    if not {"propertyName", "value"} <= {*file.header}:
        raise RecordsError(
            f"{file.name} is no manifest: its columns are propertyName and value.", hint="export it again"
        )
    rows = file.rows({"name": "propertyName", "value": "value"}, left)
    return {(row["name"] or "").rstrip("*"): (row["value"] or "").casefold() for row in rows}
