"""Lines of the log: as text, or as JSON for whoever collects them (``DROPOUT_RISK_LOG=json``)."""

from __future__ import annotations

import logging
import os
from collections.abc import MutableMapping
from typing import Any

import structlog

from dropout_risk.errors import SettingsError

FORMS = ("text", "json")
_LINE = {"format": "%(asctime)s [%(levelname)s] %(message)s", "datefmt": "%Y-%m-%dT%H:%M:%S%z"}
_JSON = {"()": "serving.logs.json_formatter"}
TOLD = ("method", "path", "status", "ms", "request_id", "trace_id")
"""What the line of a request tells by fields, beside its time and level."""


def log_settings() -> dict[str, Any]:
    """Give the settings of all loggers; SettingsError if ``DROPOUT_RISK_LOG`` names no form."""
    form = os.environ.get("DROPOUT_RISK_LOG", "") or "text"
    if form not in FORMS:
        raise SettingsError("DROPOUT_RISK_LOG names no form of logs.", hint=f"one of {', '.join(FORMS)}")
    told = {"level": "INFO", "handlers": ["out"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": _JSON if form == "json" else _LINE},
        "handlers": {
            "out": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stdout"}
        },
        "loggers": {"bentoml": told, "uvicorn.error": told},
        "root": {"level": "WARNING", "handlers": ["out"]},
    }


def json_formatter() -> logging.Formatter:
    """Give what writes a line as one JSON object."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.ExtraAdder(allow=TOLD),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _named_request,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def _named_request(_: Any, __: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Let the fields of a request speak for its line."""
    return {**told, "event": "request"} if "request_id" in told else told
