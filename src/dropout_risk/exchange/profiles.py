"""An export of another system as school records at once, by the profile of the system: no folder between."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from dropout_risk.errors import SettingsError, nearest
from dropout_risk.exchange.edfi_import import import_edfi
from dropout_risk.exchange.left_out import LeftOut
from dropout_risk.exchange.oneroster_import import import_oneroster
from dropout_risk.exchange.pseudonyms import Pseudonyms
from dropout_risk.exchange.record_folder import Imported, Rows, written_columns
from dropout_risk.exchange.roll_import import import_roll
from dropout_risk.records.days.calendar import DateLike, date_of, ordinal_of
from dropout_risk.records.files.readers import FramePart
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.wording.mapping import RecordsMapping

_READERS: dict[str, Callable[..., Imported]] = {
    "edfi": import_edfi,
    "oneroster": import_oneroster,
    "xueji": import_roll,
}
PROFILES = tuple(_READERS)
_OPTIONS = {"edfi": ("unrecorded", "week", "mapping"), "oneroster": (), "xueji": ("enters", "id_column")}


class ReadExport(NamedTuple):
    """School records of an export, and what of it was left out, with the reason."""

    records: SchoolRecords
    left: LeftOut


def read_export(
    source: str | Path,
    profile: str,
    *,
    key: str | Path | None = None,
    today: DateLike | None = None,
    directory: bool = False,
    **options: str | int | Path | None,
) -> ReadExport:
    """Read an export of another system, by the readers of ``dropout-risk import``.

    Parameters
    ----------
    source : path
        A folder, a zip or one file, as the other system wrote it.
    profile : {"edfi", "oneroster", "xueji"}
        Attendance events of Ed-Fi, a whole OneRoster 1.2 export, or the school roll (学籍) by its template.
    key : path, optional
        The key file of pseudonyms; without it identity numbers are dropped.
    today : date, optional
        The day on which it was drawn, by default today.
    directory : bool, default=False
        Whether names, guardians, telephones and addresses are kept, for pages alone.
    **options
        Of ``edfi`` ``unrecorded``, ``week`` and ``mapping``; of ``xueji`` ``enters`` and ``id_column``.

    Returns
    -------
    ReadExport
        ``records`` and ``left``: print both.

    Raises
    ------
    SettingsError
        If there is no such profile, or it has no such option.
    RecordsError
        If the export cannot be read, all that is wrong with it at once.
    """
    if profile not in PROFILES:
        raise SettingsError(f"There is no profile {profile!r}.", hint=nearest(str(profile), PROFILES))
    unknown = [name for name in options if name not in _OPTIONS[profile]]
    if unknown:
        known = ", ".join(_OPTIONS[profile]) or "none besides key, today and directory"
        raise SettingsError(f"The profile {profile} has no option {unknown[0]!r}.", hint=f"it has: {known}")
    place, day = Path(source), dt.date.today() if today is None else date_of(ordinal_of(today))
    names = Pseudonyms.from_file(None if key is None else Path(key), *([place] if place.is_dir() else []))
    given: dict[str, Any] = {**options, "with_directory": directory}
    if profile == "xueji":
        given["drawn_on"] = day
    found = _READERS[profile](place, names, **given)
    parts = {name: [_TextPart(name, rows)] for name, rows in found.tables.items() if rows}
    mapping = RecordsMapping.of(found.conventions or None)
    records = SchoolRecords(parts, mapping, today=day, synthetic=found.synthetic)
    return ReadExport(records, found.left)


class _TextPart(FramePart):
    """Rows of a table as texts, which are read as those of a file are."""

    typed = False

    def __init__(self, table: str, rows: Rows) -> None:
        names = written_columns(table, rows)
        columns = {name: [_cell_text(row.get(name)) for row in rows] for name in names}
        super().__init__(pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()}))


def _cell_text(value: Any) -> str | None:
    return None if value is None else str(value)
