"""Whether the service grows: its memory after 5,000 and after 25,000 requests.

``python benchmarks/soak.py MODEL [FIRST LAST]`` starts the service on a bundle as ``dropout-risk serve``
does, sends probes, scores and refusals in turn, and ends with 1 if the worker holds more than 5 MB more at
the end.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from dropout_risk.cli.service import serve_command, serve_environment

MOST_GROWTH = 5.0
"""Megabytes."""
READY_SECONDS = 120
EXAMPLE = (files("dropout_risk.scoring") / "contract" / "score.request.example.json").read_bytes()
JSON = {"Content-Type": "application/json"}
ASKED = (
    ("GET", "/livez", None),
    ("POST", "/score", EXAMPLE),
    ("GET", "/readyz", None),
    ("POST", "/score_features", b'{"rows": [{"features": {"absence_share_20d": 0.5}}]}'),
    ("GET", "/model", None),
    ("POST", "/score", b"{"),
    ("GET", "/nowhere", None),
    ("GET", "/metrics", None),
)


@contextlib.contextmanager
def running_service(model: Path, port: int, workers: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """Start the service, wait until it is ready, and stop it afterwards."""
    with tempfile.TemporaryFile() as log:
        told = serve_environment(model) | {
            "DROPOUT_RISK_ALLOW_SYNTHETIC": "1"
        }  # what is sent is made up, too
        process = subprocess.Popen(
            serve_command("127.0.0.1", port, workers), env=told, stdout=log, stderr=log
        )
        try:
            for _ in range(4 * READY_SECONDS):
                with contextlib.suppress(OSError):
                    if ask_once(port, "/readyz") == 200:
                        break
                time.sleep(0.25)
            yield process
        finally:
            process.terminate()
            process.wait(30)


def ask_once(port: int, path: str) -> int:
    """Give the status of an answer."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    client.request("GET", path)
    return client.getresponse().status


def worker_megabytes(parent: int) -> float:
    """Give the memory of a service's workers."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    sizes = [Path(f"/proc/{child}/statm").read_text().split()[1] for child in children]
    return sum(map(int, sizes)) * 4096 / 1e6


def send_requests(port: int, number: int) -> None:
    """Ask so many times, over one connection where the service keeps it."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for turn in range(number):
        method, path, body = ASKED[turn % len(ASKED)]
        client.request(method, path, body, JSON if body else {})
        answer = client.getresponse()
        answer.read()
        if answer.status >= 500:
            sys.exit(f"{path} was answered with {answer.status}")


def measured_growth(model: Path, port: int, first: int, last: int) -> tuple[float, float]:
    """Give the megabytes after the first and after the last of so many requests."""
    with running_service(model, port) as process:
        send_requests(port, first)
        before = worker_megabytes(process.pid)
        send_requests(port, last - first)
        return before, worker_megabytes(process.pid)


def main() -> int:
    """Measure, print, and judge."""
    first, last = map(int, sys.argv[2:4]) if len(sys.argv) > 2 else (5_000, 25_000)
    before, after = measured_growth(Path(sys.argv[1]), 3977, first, last)
    print(json.dumps({"requests": [first, last], "megabytes": [round(before, 1), round(after, 1)]}))
    return int(after - before > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
