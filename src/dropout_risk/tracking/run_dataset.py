"""The records behind a run as MLflow's data set: tables, columns, numbers of rows, and where they lie."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES

CONTEXT = "training"
_DIGEST_LENGTH = 32
_TYPES = {
    "string": "string", "int8": "integer", "int16": "integer", "int32": "integer", "int64": "long",
    "float": "float", "double": "double", "bool": "boolean", "date32[day]": "datetime",
}  # fmt: skip


@dataclass(frozen=True)
class RunDataset:
    """What a run was trained on; no value of a pupil is in it.

    Parameters
    ----------
    name : str
        What the store calls it.
    fingerprint : str
        :attr:`SchoolRecords.fingerprint`.
    folder : str or None
        Where the records were read from, which the store can read back; None for frames.
    columns : tuple of (str, str)
        Columns as ``table.column`` with MLflow's types; personal ones are left out.
    rows : mapping of str to int
        Usable rows by table.
    """

    name: str
    fingerprint: str
    folder: str | None = None
    columns: tuple[tuple[str, str], ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of_records(cls, records: SchoolRecords) -> RunDataset:
        """Describe school records."""
        tables = {name: records.table(name) for name in TABLES}
        given = {name: table for name, table in tables.items() if table.num_rows}
        columns = tuple(
            (f"{name}.{column.name}", _mlflow_type(column.type))
            for name, table in given.items()
            for column in table.schema
            if column.name not in TABLES[name].personal
        )
        folder = None if records.folder is None else str(records.folder.absolute())
        rows = {name: table.num_rows for name, table in given.items()}
        return cls("school_records", records.fingerprint, folder, columns, rows)

    def to_input(self) -> Any:
        """Give MLflow's ``DatasetInput``; its source is the folder, or says that there is none."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        source: dict[str, Any] = {"tags": {"fingerprint": self.fingerprint}}
        if self.folder is not None:
            source = {"uri": self.folder}
        colspec = [{"name": name, "type": kind, "required": False} for name, kind in self.columns]
        dataset = Dataset(
            name=self.name,
            digest=self.fingerprint.removeprefix("sha256:")[:_DIGEST_LENGTH],
            source_type="code" if self.folder is None else "local",
            source=json.dumps(source),
            schema=json.dumps({"mlflow_colspec": colspec}),
            profile=json.dumps({"fingerprint": self.fingerprint, "rows": dict(self.rows)}),
        )
        return DatasetInput(dataset=dataset, tags=[InputTag("mlflow.data.context", CONTEXT)])


def fingerprint_of(run: Any) -> str | None:
    """Give the fingerprint of the records behind a run of the store; None where it names none."""
    found = run.inputs.dataset_inputs
    return str(json.loads(found[0].dataset.profile)["fingerprint"]) if found else None


def _mlflow_type(kind: pa.DataType) -> str:
    """Name a column's type as MLflow does; what it has no word for is told as text."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return _TYPES.get(str(value), "string")
