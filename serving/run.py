"""Start the service: ``python -m serving.run``, which is what ``dropout-risk serve`` does.

One process holds the port, and starts workers that answer, each with the application under uvicorn. A worker
that dies is replaced, by one with the same model or by none; a service that cannot go on ends, with a code
that says why.
"""

from __future__ import annotations

import argparse
import errno
import logging
import os
import resource
import socket
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process, logger

from dropout_risk.errors import DropoutRiskError, SettingsError
from dropout_risk.scoring.bundles.model_switch import ModelSwitch
from serving.gate.costs import Limits, positive_number
from serving.gate.guard import identity_from_environment, require_safe_address, said_at_start
from serving.logs import log_settings
from serving.served.following import Follower
from serving.served.served_model import PINNED, SWITCH, ServedModel, bundle_folder, present_bundle

NOT_CONFIGURED, CANNOT_START, GAVE_UP = 2, STARTUP_FAILURE, 4
"""Exit codes: a setting or the port is wrong, a worker cannot start, workers died again and again."""
MOST_DEATHS, WITHIN = 5, 300
COUNTERS = "PROMETHEUS_MULTIPROC_DIR"


class Supervisor(Multiprocess):
    """Keeps workers alive, but not for ever."""

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self.deaths: deque[float] = deque()
        self.silent: dict[int | None, float] = {}
        self.exit_code = 0

    def keep_subprocess_alive(self) -> None:
        """Replace each worker that died; stop if it cannot start, or if they die again and again."""
        for index, process in enumerate(self.processes):
            if self.should_exit.is_set() or self._is_well(process):
                continue
            process.kill()
            process.join()
            forget_worker(process)
            if process.exitcode == STARTUP_FAILURE:
                self._give_up(CANNOT_START, "a worker cannot start: its own lines say why")
            elif self._dies_again():
                self._give_up(GAVE_UP, f"workers died {MOST_DEATHS} times within {WITHIN} s")
            elif not self.should_exit.is_set():
                logger.error("Worker %s died (code %s); another is started.", process.pid, process.exitcode)
                self.processes[index] = Process(self.config, self.sockets)
                self.processes[index].start()

    def _is_well(self, process: Process) -> bool:
        """Say whether a worker lives and has not been silent for too long; look for a second at most."""
        if process.process.is_alive() and process.ping(timeout=1):
            self.silent.pop(process.pid, None)
            return True
        since = self.silent.setdefault(process.pid, monotonic())
        patience = self.config.timeout_worker_healthcheck
        return process.process.is_alive() and monotonic() - since < patience

    def _dies_again(self) -> bool:
        now = monotonic()
        self.deaths.append(now)
        while self.deaths[0] < now - WITHIN:
            self.deaths.popleft()
        return len(self.deaths) >= MOST_DEATHS

    def _give_up(self, code: int, why: str) -> None:
        logger.error("The service ends: %s.", why)
        self.exit_code = code
        self.should_exit.set()


def listen_on(host: str, port: int) -> socket.socket:
    """Take the port; SettingsError if it cannot be had."""
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((host, port))
    except (OSError, OverflowError) as error:
        held.close()
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        why = (
            "another process has it" if taken else (getattr(error, "strerror", None) or "there is none such")
        )
        hint = (
            "stop that process, or choose another port with --port" if taken else "choose another with --port"
        )
        raise SettingsError(f"Port {port} of {host} cannot be had: {why}.", hint=hint) from error
    held.set_inheritable(True)
    return held


def pin_model() -> ServedModel:
    """Name, in the environment, the model that all workers serve: its manifest, or the switch's folder.

    A switch that is not there yet begins with the model of the environment; BundleError if that is none.
    """
    place = os.environ.get(SWITCH, "")
    if place:
        switch = ModelSwitch(Path(place).resolve())
        if not switch.is_there:
            switch.use(os.environ.get("DROPOUT_RISK_MODEL", "") or bundle_folder(""))
        os.environ[SWITCH] = str(switch.folder)
        return ServedModel.read(present_bundle())
    folder = bundle_folder(os.environ.get("DROPOUT_RISK_MODEL", ""))
    served = ServedModel.read(folder)
    served.require_pinned()
    os.environ |= {"DROPOUT_RISK_MODEL": str(folder.resolve()), PINNED: served.manifest}
    return served


@contextmanager
def shared_counters(workers: int) -> Iterator[None]:
    """Give several workers a private folder for their counters, in memory where there is such a place."""
    if workers == 1:
        yield
        return
    memory = "/dev/shm"  # noqa: S108
    where = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="dropout-risk-", dir=where) as folder:
        os.environ[COUNTERS] = folder
        yield


def forget_worker(process: Process) -> None:
    """Take what a dead worker was doing out of the counters."""
    if COUNTERS in os.environ:
        from prometheus_client import multiprocess

        forget: Callable[[int | None], None] = multiprocess.mark_process_dead
        forget(process.pid)


def run_service(host: str, port: int, workers: int) -> int:
    """Serve until told to end; give the exit code."""
    limits, identity = Limits.from_environment(), identity_from_environment()
    require_safe_address(host, identity)
    follower = Follower.from_environment()
    pin_model()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    config = Config(
        "serving.asgi:app", host=host, port=port, workers=workers, http="serving.protocol:DoorProtocol",
        ws="none", lifespan="on", log_config=log_settings(), access_log=False, server_header=False,
        timeout_graceful_shutdown=limits.seconds, timeout_worker_healthcheck=limits.seconds,
    )  # fmt: skip
    logging.getLogger("bentoml.dropout_risk").info("%s", said_at_start(identity))
    with listen_on(host, port) as held, shared_counters(workers):
        supervisor = Supervisor(config, [held])
        with follower:
            supervisor.run()
    return supervisor.exit_code


def run_command() -> int:
    """Read the command line, and say in one sentence what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m serving.run")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=positive_number("DROPOUT_RISK_WORKERS", 1))
    asked = parser.parse_args()
    try:
        return run_service(asked.host, asked.port, max(1, asked.workers))
    except DropoutRiskError as error:
        sys.stderr.write(f"{error}\n")
        return NOT_CONFIGURED


if __name__ == "__main__":
    sys.exit(run_command())
