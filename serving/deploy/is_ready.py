"""Whether the service on this machine is ready: ``python -m serving.deploy.is_ready``, for health checks."""

from __future__ import annotations

import http.client
import os
import sys


def is_ready(port: int, seconds: float = 3) -> bool:
    """Ask ``/readyz`` on the loopback address."""
    held = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        held.request("GET", "/readyz")
        return held.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        held.close()


if __name__ == "__main__":
    sys.exit(0 if is_ready(int(os.environ.get("DROPOUT_RISK_PORT", "3000"))) else 1)
