"""The column of suggested help, by a county's table."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.facts import FactRows
from dropout_risk.alerts.help import HelpTable, help_for
from dropout_risk.explanation.columns import Picked
from dropout_risk.scoring.shared_lists import SharedLists
from dropout_risk.text import Language

HELP = pa.struct({"kind": pa.string(), "because": pa.list_(pa.string()), "text": pa.string()})


class HelpColumn:
    """The column ``suggested_help``, by a county's table of help."""

    def __init__(self, table: HelpTable, language: Language) -> None:
        self._table, self._language = table, language
        self._lists = SharedLists(pa.list_(HELP))
        self._followed = {name for line in table for name in line.facts}
        self._oldest = max((line.min_grade for line in table), default=0)

    def of(
        self, facts: FactRows | None, alerts: list[tuple[Alert, ...]], grades: pa.ChunkedArray | None
    ) -> Picked:
        """Say what help each pupil's facts and alerts ask for."""
        nothing: list[tuple[str, ...]] = [()] * len(alerts)
        names = nothing if facts is None else facts.names_among(self._followed)
        levels = grades.to_pylist() if grades is not None else [None] * len(alerts)
        keys = [
            (own, min(level or 0, self._oldest), tuple(alert.rule for alert in told) if told else ())
            for own, level, told in zip(names, levels, alerts, strict=True)
        ]

        def make(row: int) -> list[dict[str, Any]]:
            found = help_for(names[row], alerts[row], levels[row], self._language, self._table)
            return [item.to_dict() for item in found]

        return self._lists.take(keys, make)
