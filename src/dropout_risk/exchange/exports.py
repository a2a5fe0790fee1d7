"""The kinds of export by name, each with what it writes."""

from __future__ import annotations

from collections.abc import Callable

from dropout_risk.errors import SettingsError, nearest
from dropout_risk.exchange.edfi_export import export_edfi
from dropout_risk.exchange.left_out import LeftOut
from dropout_risk.exchange.oneroster_export import export_oneroster, zipped_export
from dropout_risk.exchange.roll_export import export_roll
from dropout_risk.records.school_records import SchoolRecords

Exported = tuple[str | bytes, LeftOut]


def _roll_file(records: SchoolRecords, with_directory: bool) -> Exported:
    text, left = export_roll(records, with_directory=with_directory)
    return "\ufeff" + text, left


def _oneroster_file(records: SchoolRecords, with_directory: bool) -> Exported:
    files, left = export_oneroster(records, with_directory=with_directory)
    return zipped_export(files), left


def _edfi_file(records: SchoolRecords, _: bool) -> Exported:
    return export_edfi(records)


EXPORTS: dict[str, Callable[[SchoolRecords, bool], Exported]] = {
    "roll": _roll_file,
    "oneroster": _oneroster_file,
    "edfi": _edfi_file,
}


def require_kind(kind: str) -> None:
    """Refuse a kind of export that there is not, with SettingsError."""
    if kind not in EXPORTS:
        raise SettingsError(f"There is no export {kind!r}.", hint=nearest(kind, EXPORTS))


def exported_as(kind: str, records: SchoolRecords, *, with_directory: bool) -> Exported:
    """Give the content of the file of one kind, and what it cannot carry; events hold no names."""
    return EXPORTS[kind](records, with_directory)
