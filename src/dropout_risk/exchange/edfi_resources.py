"""Ed-Fi resources in JSON and in the bulk XML, as flat rows under the same names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from xml.parsers import expat

from dropout_risk.errors import RecordsError

Flat = dict[str, str]
Resource = tuple[str, Flat]
_MOST_DEPTH = 12
RESOURCES = {
    "studentschoolattendanceevent": "event",
    "studentschoolassociation": "enrolment",
    "student": "student",
    "calendar": "calendar",
    "calendardate": "day",
}
"""The resources that are read, by the name of their element, and what they are called here."""
OTHER = "other resources"
"""What resources in JSON are called that nobody reads; those of XML have a name of their own."""
_TELLING = {
    "attendanceeventcategory": "event",
    "entrydate": "enrolment",
    "calendarevent": "day",
    "calendartype": "calendar",
    "birthdate": "student",
}
_WRAPPERS = ("attendanceevent", "calendarevents", "birthdata", "name")
_NARROWER = ("sectionreference", "programreference", "interventionreference")
_BEFORE = b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"
_NO_XML = "in JSON as an API gives it, or in XML as the bulk interchange has it"


def is_text_of_resources(data: bytes) -> bool:
    """Say whether a file begins as JSON or XML does.

    >>> is_text_of_resources(b"[{}]"), is_text_of_resources(b"student_id,date")
    (True, False)
    """
    return data.lstrip(_BEFORE).startswith((b"<", b"[", b"{"))


def read_resources(name: str, data: bytes) -> Iterator[Resource]:
    """Give each resource of a file with its kind; of kinds that nobody reads, the kind is their own name.

    Names of fields are small, and joined by dots; ``Identity`` and ``Descriptor`` are left off.

    Raises
    ------
    RecordsError
        If it is neither JSON nor XML, or XML with a document type, which could bring in entities.

    Examples
    --------
    >>> list(read_resources("a.json", b'[{"eventDate": "2024-09-02", "attendanceEventCategory": "Tardy"}]'))
    [('event', {'eventdate': '2024-09-02', 'attendanceeventcategory': 'Tardy'})]
    """
    if data.lstrip(_BEFORE).startswith(b"<"):
        yield from _XmlResources(name).read(data)
    else:
        yield from _json_resources(name, data)


def _json_resources(name: str, data: bytes) -> Iterator[Resource]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise RecordsError(f"File {name!r} is no JSON.", hint=f"give resources {_NO_XML}") from None
    listed = (
        found
        if isinstance(found, list)
        else next(iter(found.values()), ())
        if isinstance(found, dict)
        else ()
    )
    for item in listed if isinstance(listed, list) else [found]:
        flat: Flat = {}
        if isinstance(item, Mapping):
            _flatten_into(flat, "", item, 0)
        narrower = any(field.startswith(_NARROWER) for field in flat)
        kind = next((kind for field, kind in _TELLING.items() if field in flat), OTHER)
        yield OTHER if narrower and kind == "event" else kind, flat


def _flatten_into(flat: Flat, path: str, value: Any, depth: int) -> None:
    if isinstance(value, Mapping) and depth < _MOST_DEPTH:
        for key, part in value.items():
            _flatten_into(flat, _joined_path(path, str(key)), part, depth + 1)
    elif isinstance(value, list) and depth < _MOST_DEPTH:
        for part in value:
            _flatten_into(flat, path, part, depth + 1)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        _add_value(flat, path, str(value))


def _joined_path(path: str, key: str) -> str:
    """Join a name to a path; of wrappers nothing stays.

    >>> _joined_path("", "StudentReference"), _joined_path("studentreference", "StudentIdentity")
    ('studentreference', 'studentreference')
    >>> _joined_path("", "calendarEvents"), _joined_path("", "calendarEventDescriptor")
    ('', 'calendarevent')
    """
    key = key.casefold().removesuffix("descriptor")
    if key.endswith("identity") or key in _WRAPPERS:
        return path
    return f"{path}.{key}" if path else key


def _add_value(flat: Flat, path: str, text: str) -> None:
    """Keep a value; of a descriptor what stands behind its sign, of several all, with bars between."""
    text = text.strip().rpartition("#")[2] if "://" in text else text.strip()
    if text and path:
        flat[path] = f"{flat[path]}|{text}" if path in flat else text


class _XmlResources:
    """Reads the elements below the root one by one; entities and document types are refused."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._path: list[str] = []
        self._text: list[str] = []
        self._flat: Flat = {}
        self._found: list[Resource] = []

    def read(self, data: bytes) -> Iterator[Resource]:
        """Give each element below the root."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._begin
        parser.CharacterDataHandler = self._text.append
        parser.EndElementHandler = self._end
        try:
            for start in range(0, len(data), 1 << 16):
                parser.Parse(data[start : start + (1 << 16)], False)
                yield from self._taken()
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise RecordsError(
                f"File {self.name!r} is no well-formed XML (line {error.lineno}).", hint="is it complete?"
            ) from None
        yield from self._taken()

    def _taken(self) -> list[Resource]:
        found, self._found = self._found, []
        return found

    def _refuse_doctype(self, *_: Any) -> None:
        raise RecordsError(
            f"File {self.name!r} has a document type, which can bring in other files or grow without end.",
            hint="Ed-Fi's interchange has none: export it again, or take the line out",
        )

    def _begin(self, name: str, _: Any) -> None:
        self._path.append(name.rpartition(" ")[2])
        self._text.clear()
        if len(self._path) > _MOST_DEPTH:
            raise RecordsError(f"File {self.name!r} is nested too deeply.", hint="is it Ed-Fi's interchange?")

    def _end(self, _: str) -> None:
        text = "".join(self._text).strip()
        self._text.clear()
        if len(self._path) == 2:
            kind = self._path[1].casefold()
            self._found.append((RESOURCES.get(kind, self._path[1]), self._flat))
            self._flat = {}
        elif text and len(self._path) > 2:
            path = ""
            for part in self._path[2:]:
                path = _joined_path(path, part)
            _add_value(self._flat, path, text)
        self._path.pop()
