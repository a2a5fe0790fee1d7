"""An echo under BentoML, as an application for uvicorn: what the server alone costs for the same bodies."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

import bentoml
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.context import server_context
from bentoml._internal.server.metrics.prometheus import PrometheusClient
from starlette.responses import Response


@bentoml.service(name="echo", workers=1, logging={"access": {"enabled": False}})
class Echo:
    """Gives back what it is sent."""

    @bentoml.api(route="/echo", output_spec=dict)
    async def echo(self, body: bytes, /) -> Response:
        """Give the body back."""
        return Response(body, media_type="application/json")


def _as_entry() -> Any:
    BentoMLContainer.metrics_client.set(PrometheusClient(multiproc=False))
    server_context.service_type = "entry_service"
    server_context.service_name = server_context.bento_name = Echo.name
    server_context.bento_version = "not available"
    server_context.service_routes = [method.route for method in Echo.apis.values()]
    return Echo.to_asgi(is_main=True)


app = _as_entry()
