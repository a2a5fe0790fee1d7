"""The service as it is run: in processes of its own, on a free port, as ``dropout-risk serve`` starts it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
READY_SECONDS = 120


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def environment(folder, **more):
    own = {"BENTOML_HOME": str(folder), "BENTOML_DO_NOT_TRACK": "True", "PYTHONUNBUFFERED": "1",
           "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}  # fmt: skip
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DROPOUT_RISK")}
    return kept | own | {key: str(value) for key, value in more.items()}


def limited(words, files):
    """Give a process no more than some open files."""
    return words if files is None else ["sh", "-c", f'ulimit -n {files} && exec "$@"', "sh", *map(str, words)]


def command(port, *more):
    return [sys.executable, "-m", "serving.run", "--port", str(port), *more]


@dataclass
class Running:
    """A service that answers, and what it has written."""

    port: int
    process: subprocess.Popen
    log: Path
    client: httpx.Client

    def said(self):
        return self.log.read_text()

    def worker(self):
        """The worker that said last that it started."""
        return int(re.findall(r"Started server process \[(\d+)\]", self.said())[-1])

    def resident(self):
        return int(Path(f"/proc/{self.worker()}/statm").read_text().split()[1]) * 4096

    def ask_raw(self, sent, wait=15.0):
        """Send bytes as they are; give the statuses of what comes, and whether the service closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as held:
            held.sendall(sent)
            came = b""
            try:
                while more := held.recv(65536):
                    came += more
            except TimeoutError:
                return statuses_in(came), False
            except ConnectionResetError:
                pass
        return statuses_in(came), True

    def wait_for(self, status):
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                if self.client.get("/readyz").status_code == status:
                    return
            assert self.process.poll() is None, self.said()
            time.sleep(0.2)
        pytest.fail(f"not ready within {READY_SECONDS} s: {self.said()}")


def keep_lines(said, sink):
    """Write what a process says to a file, whatever limits the process itself."""
    with contextlib.suppress(ValueError):
        for line in said:
            sink.write(line)
            sink.flush()


def statuses_in(came):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", came)]


@contextlib.contextmanager
def running_service(folder, bundle, *options, files=None, start=command, **more):
    """Start the service on a bundle by the command ``start``, wait for its answer, and end it afterwards."""
    port, log = free_port(), folder / "log.txt"
    told = {"DROPOUT_RISK_MODEL": bundle, "DROPOUT_RISK_ALLOW_SYNTHETIC": 1} | more
    with log.open("wb") as sink:
        process = subprocess.Popen(
            limited(start(port, *options), files), cwd=folder,
            env=environment(folder, **told),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=keep_lines, args=(process.stdout, sink), daemon=True).start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                running = Running(port, process, log, client)
                running.wait_for(200)
                yield running
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def ended_service(folder, port=None, **more):
    """Start a service that cannot start; give how it ended."""
    return subprocess.run(
        command(port or free_port()), cwd=folder, env=environment(folder, **more), capture_output=True,
        text=True, timeout=READY_SECONDS, check=False,
    )  # fmt: skip
