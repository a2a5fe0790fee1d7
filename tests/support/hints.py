"""What a hint names: columns and tables of the contract, and keys of the mapping."""

import re
import tomllib

from dropout_risk.errors import DropoutRiskError
from dropout_risk.records.tables import CLOSED_WORDS, TABLES
from dropout_risk.records.wording.mapping import RecordsMapping

# names of columns that hints also use as plain words
PLAIN = {"date", "days", "value", "name"}
SAID_IN_CHINESE = {"学生表": "students", "校历": "calendar"}
COLUMNS = {column.name for table in TABLES.values() for column in table.columns}
_SECTION = re.compile(r"\[([a-z_]+(?:\.[a-z_]+)?)\]")
_ENTRY = re.compile(r'(?<![\w"])([a-z_]+|"") = ("[^"]*"|\d{4}-\d\d-\d\d|\d+)')
_BARE = re.compile(
    r"\b(?:under|as) ([a-z_]+) in the mapping|映射文件的 ([a-z_]+) |映射文件中用 ([a-z_]+) 写明"
)


def words_of(hint):
    """The words in Latin letters of a hint, without entries and sections of the mapping."""
    bare = _BARE.sub(" ", _SECTION.sub(" ", _ENTRY.sub(" ", hint)))
    return set(re.findall(r"(?<![\w'])[a-z]+(?:_[a-z]+)*(?![\w=])", bare))


def strange_columns(hint, table):
    """The columns that a hint names and that neither its table nor one it names has."""
    words = words_of(hint) | {table for said, table in SAID_IN_CHINESE.items() if said in hint}
    known = [TABLES[name] for name in {table, *words} if name in TABLES]
    named = (words & COLUMNS) - PLAIN
    return {word for word in named if not any(word in one for one in known)}


def mappings_of(hint):
    """The mapping that each entry, section or key named in a hint would make."""
    sections = _SECTION.findall(hint)
    for key, value in _ENTRY.findall(hint):
        entry = tomllib.loads(f"{key} = {value}")
        inside = [
            name for name in sections if name in ("calendar", "units") or name.startswith(("words.", "wide."))
        ]
        yield _nested(inside[0], entry) if inside else entry
    for name in sections:
        yield _nested(name, _example(name))
    for found in _BARE.findall(hint):
        name = next(filter(None, found))
        yield {name: _VALUES.get(name, {})}


_VALUES = {"bonus": 0.5, "dates": "dmy", "ignored": ["x"], "encoding": "big5", "unrecorded": "present"}
_VALUES["zone"] = "Europe/Berlin"


def _nested(section, entry):
    for name in reversed(section.split(".")):
        entry = {name: entry}
    return entry


def _example(section):
    """One entry that fits a section of words or of columns; a wide table and values given once need none."""
    kind, _, of = section.partition(".")
    if not of or kind in ("wide", "constants"):
        return {}
    if kind == "spans":
        return {"first": "a header", "last": "another"}
    if kind == "filters":
        return {"a header": ["a word"]}
    if kind == "columns":
        return {"a header": next(iter(TABLES[of].names))}
    column = next((c for table in TABLES.values() for c in table.columns if c.name == of), None)
    meanings = {"number": 80, "integer": 7, "yes_no": True}
    if of == "yes_no":
        return {"a word": True}
    return {"a word": meanings.get(column.kind, CLOSED_WORDS.get(column.kind, ("other",))[0])}


def refused_mappings(hint):
    """What of the mappings that a hint names is refused."""
    refused = []
    for mapping in mappings_of(hint):
        try:
            RecordsMapping(mapping)
        except DropoutRiskError as error:
            refused.append(error.message)
    return refused
