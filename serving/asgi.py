"""The application for uvicorn: ``uvicorn serving.asgi:app --http serving.protocol:DoorProtocol``.

``dropout-risk serve`` starts it under ``serving.run``. Nothing of BentoML's own server runs: no control port,
no supervisor, and, with one worker, no file that is written to.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from multiprocessing.connection import wait
from typing import Any

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
if "BENTOML_HOME" not in os.environ:  # BentoML makes empty folders there, and nothing is kept in them
    os.environ["BENTOML_HOME"] = tempfile.mkdtemp(prefix="dropout-risk-")
    atexit.register(shutil.rmtree, os.environ["BENTOML_HOME"], ignore_errors=True)

from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.context import server_context
from bentoml._internal.server.metrics.prometheus import PrometheusClient

from dropout_risk.errors import DropoutRiskError
from serving.service import DropoutRisk, prepare_model

COUNTERS = "PROMETHEUS_MULTIPROC_DIR"
_PATIENCE = 30


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer; at the start, say in one line what is wrong with the configuration."""
    if scope["type"] == "lifespan":
        try:
            prepare_model()
        except DropoutRiskError as error:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
    await _service(scope, receive, send)


def _as_entry() -> Any:
    """Build the service as BentoML's own worker does, with counters in memory unless workers share them."""
    BentoMLContainer.metrics_client.set(PrometheusClient(multiproc=COUNTERS in os.environ))
    server_context.service_type = "entry_service"
    service: Any = DropoutRisk  # what BentoML's decorator makes of the class
    server_context.service_name = server_context.bento_name = service.name
    server_context.bento_version = "not available"
    server_context.service_routes = [method.route for method in service.apis.values()]
    return service.to_asgi()


def _end_with_parent() -> None:
    """End when the process that started this one is gone, so that no orphan keeps the port."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_PATIENCE)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


_end_with_parent()
_service = _as_entry()
