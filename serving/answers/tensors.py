"""The open inference protocol (v2): tensors become a request for scores of rows, and its reply tensors.

Nothing is scored here, and nobody is told more: rights, limits, scores and the audit are those of the rows
that the tensors stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from dropout_risk.errors import NotAllowedValueError, RequestError, UnknownRouteError, WrongTypeError
from dropout_risk.scoring.contract_problems import MOST_PROBLEMS
from dropout_risk.scoring.risk_model import RiskModel
from serving.answers.asked_scores import ReadyFeatures
from serving.gate.body import Contract, RefusedError

INFER = Contract("infer", "inputs")
ID, WORDS = "student_id", "BYTES"
_ENCODE = msgspec.json.Encoder().encode
Told = dict[str, Any]
OUTPUTS: dict[str, tuple[str, tuple[int, ...], Callable[[Told, Any], Any]]] = {
    ID: (WORDS, (), lambda told, asked: str(asked)),
    "risk": ("FP64", (), lambda told, _: told.get("risk")),
    "interval": ("FP64", (2,), lambda told, _: told.get("interval", [None, None])),
    "band": (WORDS, (), lambda told, _: told.get("band", "")),
    "score": (WORDS, (), lambda told, _: _ENCODE(told).decode()),
}
"""Each output: its datatype, what is behind its rows, and its value for a result, or an error, of a row.

``score`` is the whole result as JSON, with its reasons; of a row that was not scored it says why, and the
numbers are null.
"""


@dataclass
class InferredFeatures(ReadyFeatures):
    """Ready features of pupils as tensors, asked of a model by its name and version."""

    route: str = "/v2/models/infer"
    named: str = ""
    version: str = ""

    @cached_property
    def tensors(self) -> dict[str, Any]:
        """The request as it was sent; RefusedError with all that keeps it from the contract."""
        require_named(self.model, self.named, self.version)
        return INFER.read(self.body)

    @cached_property
    def request(self) -> dict[str, Any]:
        """The rows that the tensors stand for; RefusedError with all that keeps them from being rows."""
        inputs = self.tensors["inputs"]
        problems = list(_tensor_problems(inputs))
        if problems:
            raise RefusedError(problems[:MOST_PROBLEMS])
        columns = {tensor["name"]: tensor["data"] for tensor in inputs}
        ids = columns.pop(ID, None)
        rows: list[dict[str, Any]] = [
            {"features": {name: data[row] for name, data in columns.items()}}
            for row in range(len(inputs[0]["data"]))
        ]
        if ids is not None:
            rows = [row | {ID: pupil} for row, pupil in zip(rows, ids, strict=True)]
        return {"rows": rows, "language": self.tensors.get("parameters", {}).get("language", "zh")}

    def reply(self, told: dict[str, Any]) -> dict[str, Any]:
        """Write what is told of the rows as tensors, in their order."""
        wrong = {error["index"]: error for error in told["errors"]}
        results = iter(told["results"])
        rows = [wrong.get(row) or next(results) for row in range(len(self.request["rows"]))]
        asked = [output["name"] for output in self.tensors.get("outputs", ())] or [*OUTPUTS]
        name = {"id": self.tensors["id"]} if "id" in self.tensors else {}
        outputs = [_output_tensor(output, rows) for output in dict.fromkeys(asked)]
        return {
            "model_name": self.model.name,
            "model_version": self.model.version,
            **name,
            "outputs": outputs,
        }


def require_named(model: RiskModel, name: str, version: str = "") -> None:
    """Refuse another model's name, or another version than the one that answers; UnknownRouteError."""
    if name != model.name or version not in ("", model.version):
        raise UnknownRouteError(
            "There is no such model here.", hint="GET /model names the one that answers", field="path"
        )


def about_model(model: RiskModel) -> dict[str, Any]:
    """Describe what goes in and comes out, as the protocol describes a model."""
    features = [{"name": name, "datatype": "FP64", "shape": [-1]} for name in model.catalogue]
    outputs = [
        {"name": name, "datatype": kind, "shape": [-1, *behind]}
        for name, (kind, behind, _) in OUTPUTS.items()
    ]
    return {
        "name": model.name,
        "versions": [model.version],
        "platform": "dropout_risk",
        "inputs": [*features, {"name": ID, "datatype": WORDS, "shape": [-1]}],
        "outputs": outputs,
    }


def _output_tensor(name: str, rows: list[Told]) -> dict[str, Any]:
    kind, behind, value = OUTPUTS[name]
    values = [value(told, told.get(ID) or "") for told in rows]
    data = [number for pair in values for number in pair] if behind else values
    return {"name": name, "datatype": kind, "shape": [len(rows), *behind], "data": data}


def _tensor_problems(inputs: list[dict[str, Any]]) -> Iterator[RequestError]:
    """List why tensors are no rows: names that come again, rows that differ, values of another type."""
    rows, seen = len(inputs[0]["data"]), set[str]()
    for index, tensor in enumerate(inputs):
        field, name, data = f"inputs[{index}]", tensor["name"], tensor["data"]
        if name in seen:
            yield NotAllowedValueError(
                f"{field}.name is that of another input.", hint="name each input once", field=f"{field}.name"
            )
        seen.add(name)
        if len(data) != rows or tensor["shape"] not in ([rows], [rows, 1]):
            yield NotAllowedValueError(
                f"{field}.shape should be [{rows}] or [{rows}, 1], with as much data.",
                hint="give all inputs the rows of the first", field=f"{field}.shape",
            )  # fmt: skip
        kinds = _kinds_of(name, tensor["datatype"])
        if not kinds:
            yield NotAllowedValueError(
                f"{field}.datatype should be that of numbers, and BYTES or INT64 for {ID}.",
                field=f"{field}.datatype",
            )
        elif not all(isinstance(value, kinds) and value != "" for value in data):
            yield WrongTypeError(f"{field}.data is not all of its datatype.", field=f"{field}.data")


def _kinds_of(name: str, datatype: str) -> tuple[type, ...]:
    """Give what values of an input are in Python; nothing for a datatype that it cannot have."""
    if name == ID:
        return {WORDS: (str,), "INT64": (int,)}.get(datatype, ())
    return () if datatype == WORDS else (int, float, type(None))
