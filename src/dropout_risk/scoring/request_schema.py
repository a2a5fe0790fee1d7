"""The schema of a request for scores: the contract's file, with a list for each declared table.

The file says most; what it does not name of the declared tables and statuses is written from their
declaration, so that whoever declares one finds it in requests.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from dropout_risk.records.tables import CLOSED_WORDS, TABLES, Column, Kind, Table

Schema = dict[str, Any]
_INCIDENTS = (
    "Incidents. An empty list says that the school keeps such records and that the pupil has none; leave the "
    "list out where the school keeps none."
)
_KINDS: dict[Kind, Schema] = {
    "text": {"type": "string", "minLength": 1},
    "date": {"type": "string", "format": "date"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "yes_no": {"type": "boolean"},
}


def request_schema() -> Schema:
    """Give the JSON Schema of ``POST /score``.

    >>> sorted(request_schema()["properties"])[:3]
    ['as_of', 'class_context', 'language']
    """
    file = files("dropout_risk.scoring") / "contract" / "score.request.schema.json"
    schema: Schema = json.loads(file.read_text(encoding="utf-8"))
    lists = schema["properties"]["students"]["items"]["properties"]
    for name, table in TABLES.items():
        if table.in_request:
            lists[name] = _with_closed_words(table, lists.get(name) or _list_schema(table))
    return schema


def records_schema(stored: Schema) -> Schema:
    """Give the schema of a question about raw records, of the one about pupils of a store.

    Instead of ids it takes what ``POST /score`` takes; a question about two days has two class contexts.
    """
    scores = request_schema()
    own = {name: field for name, field in stored["properties"].items() if name != "student_ids"}
    fields = own | scores["properties"]
    fields["students"] |= {"maxItems": stored["properties"]["student_ids"]["maxItems"]}
    if "before" in own:
        about = (
            "Class context of the earlier day; without it, features that need class-mates are missing then."
        )
        fields["class_context_before"] = fields["class_context"] | {"description": about}
    required = [*scores["required"], *(name for name in stored["required"] if name in own)]
    return stored | {"description": scores["description"], "properties": fields, "required": required}


def _list_schema(table: Table) -> Schema:
    """Describe the rows of a table that a pupil may have in a request."""
    columns = [column for column in table.columns if column.kind != "student"]
    rows = {
        "type": "object",
        "properties": {column.name: _column_schema(column) for column in columns},
        "required": [column.name for column in columns if column.required],
        "additionalProperties": False,
    }
    about = {"description": _INCIDENTS} if table.incidents else {}
    return {"type": "array", **about, "items": rows}


def _column_schema(column: Column) -> Schema:
    if column.kind in CLOSED_WORDS:
        return {"enum": [*CLOSED_WORDS[column.kind]]}
    return _KINDS[column.kind] | ({} if column.lowest is None else {"minimum": column.lowest})


def _with_closed_words(table: Table, schema: Schema) -> Schema:
    """Give a list's schema in which each column of closed words has those that are declared."""
    fields: Mapping[str, Schema] = schema["items"]["properties"]
    for name, field in fields.items():
        if table[name].kind in CLOSED_WORDS and "enum" in field:
            field["enum"] = [*CLOSED_WORDS[table[name].kind]]
    return schema


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(
        json.dumps(request_schema(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
