"""The bundle as a model of MLflow: the files by which MLflow knows it.

MLflow itself is not imported. Its ``MLmodel`` file is YAML, of which JSON is a part; nothing of the model is
in another form than the bundle's own, and nothing is pickled.
"""

from __future__ import annotations

import json
import math
import platform
from importlib.metadata import version
from typing import Any

from dropout_risk.scoring.bundles.bundle import LIBRARIES
from dropout_risk.scoring.model_parts import ModelParts

LOADER = "dropout_risk.tracking.pyfunc_model"
"""What MLflow imports to load a bundle."""
GRADE_LEVEL = "grade_level"
_EXAMPLE, _SERVED_EXAMPLE = "input_example.json", "serving_input_example.json"
_MLFLOW = "mlflow>=3.17"
NUMBERS = ("risk", "low", "high")
OUTPUTS = dict.fromkeys(NUMBERS, "double") | {"band": "string"}


def mlflow_files(model: ModelParts) -> dict[str, bytes]:
    """Write the files by which MLflow knows a bundle: what goes in, what comes out, what it needs."""
    names = [*model.catalogue.names, GRADE_LEVEL]
    means = model.reference.stayed(model.catalogue.names)
    example = {"columns": names, "data": [[*map(_number_or_none, means), None]]}
    about = {
        "flavors": {
            "python_function": {
                "loader_module": LOADER,
                "python_version": platform.python_version(),
                "env": {"virtualenv": "python_env.yaml"},
            }
        },
        "model_uuid": model.version,
        "utc_time_created": f"{model.trained_to or '1970-01-01'} 00:00:00",
        "metadata": {"name": model.name, "version": model.version, "synthetic": model.synthetic},
        "signature": {
            "inputs": json.dumps([_column_spec(name, "double") for name in names]),
            "outputs": json.dumps(
                [
                    *(_column_spec(name, kind) for name, kind in OUTPUTS.items()),
                    _column_spec("reasons", "array") | {"items": {"type": "string"}},
                    _column_spec("error", "string"),
                ]
            ),
            "params": json.dumps(
                [{"name": "language", "type": "string", "default": model.settings.language, "shape": None}]
            ),
        },
        "saved_input_example_info": {
            "artifact_path": _EXAMPLE,
            "serving_input_path": _SERVED_EXAMPLE,
            "type": "dataframe",
            "pandas_orient": "split",
        },
    }
    needed = "\n".join([*(f"{name}=={version(name)}" for name in (*LIBRARIES, "pandas")), _MLFLOW, ""])
    environment = {"python": platform.python_version(), "dependencies": ["-r requirements.txt"]}
    return {
        "MLmodel": _json_bytes(about),
        _EXAMPLE: _json_bytes(example),
        _SERVED_EXAMPLE: _json_bytes({"dataframe_split": example}),
        "python_env.yaml": _json_bytes(environment),
        "requirements.txt": needed.encode(),
    }


def _column_spec(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "required": False}


def _number_or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _json_bytes(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
