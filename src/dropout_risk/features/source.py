"""Where features are read from: school records, or the histories made of them."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords

Source = SchoolRecords | Histories
_MADE: WeakKeyDictionary[SchoolRecords, Histories] = WeakKeyDictionary()


def histories_of(source: Source) -> Histories:
    """Give the histories of records, building them once for as long as the records live."""
    if isinstance(source, Histories):
        return source
    if source not in _MADE:
        _MADE[source] = Histories.from_records(source)
    return _MADE[source]
