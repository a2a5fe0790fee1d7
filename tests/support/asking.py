"""The service in this process, with an identity that a test declares."""

import contextlib
import datetime as dt
import importlib
import json
import warnings

import pytest
from starlette.testclient import TestClient

from dropout_risk.access.api_keys import make_key

SECRET = b"a secret of the service itself, long enough"
FAR = dt.date(2099, 1, 1)


def with_key(folder, name, role, scope="county", scope_id="*"):
    """The header of a key that is made in a folder."""
    file = folder / "keys.json"
    token = make_key(file, SECRET, name=name, role=role, scope=scope, scope_id=scope_id, until=FAR)
    return {"authorization": f"Bearer {token}"}


@contextlib.contextmanager
def asked_service(bundle, folder, **variables):
    """A client of the service as some variables make it."""
    (folder / "secret").write_bytes(SECRET)
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        told = {"BENTOML_HOME": folder, "DROPOUT_RISK_MODEL": bundle, "DROPOUT_RISK_ALLOW_SYNTHETIC": "1",
                "DROPOUT_RISK_DESK_SECRET": folder / "secret"} | variables  # fmt: skip
        for name, value in told.items():
            patch.setenv(name, str(value))
        from bentoml._internal.configuration.containers import BentoMLContainer
        from bentoml._internal.server.metrics.prometheus import PrometheusClient
        from prometheus_client import CollectorRegistry
        from serving.service import DropoutRisk

        current_services = importlib.import_module("_bentoml_sdk.service")
        before = current_services._current_service
        counters = BentoMLContainer.metrics_client
        own = PrometheusClient(multiproc=False)
        own._registry = CollectorRegistry()  # in memory, and no other service's
        counters.set(own)
        try:
            with TestClient(DropoutRisk.to_asgi()) as started:
                yield started
        finally:
            counters.reset()
            current_services.set_current_service(before)


def posted(client, path, request, headers):
    sent = {"content-type": "application/json"} | headers
    return client.post(path, content=json.dumps(request).encode(), headers=sent)
