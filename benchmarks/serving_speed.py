"""The service beside a BentoML echo of the same bodies: milliseconds, requests a second, and their ratios.

    python benchmarks/serving_speed.py --model BUNDLE [--quick] [--steady SECONDS] [--json OUT]

Both run under uvicorn on this machine, which the client shares with them: ratios compare what was measured in
turns, in the same minutes, and CPU time, in steps of the system's clock, is what a busy one changes least.
``mlflow models serve`` of the same bundle is measured beside them. ``--steady`` asks for one row of features
from 32 connections for so long, and ends with 1 if it was not answered steadily.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import dropout_risk as dr
import soak
from dropout_risk.scoring.request import request_of
from dropout_risk.scoring.risk_model import RiskModel

AS_OF, PUPILS, SEED = "2025-05-20", 100, 5
AT_ONCE, MANY = 8, 32
READY_SECONDS = 120
FAR_FROM_MEDIAN, MOST_GROWTH = 10, 0.02
BENCHMARKS = Path(__file__).parent


def free_port() -> int:
    """Give a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


OURS, ECHO, MLFLOW = (free_port() for _ in range(3))


class Body(NamedTuple):
    """What is sent, where to, and the most that it may take: times the echo, or milliseconds."""

    path: str
    content: bytes
    rounds: int
    times_echo: float | None = None
    milliseconds: float | None = None


def make_bodies(model: RiskModel) -> dict[str, Body]:
    """Take the bodies from a simulated district."""
    records = dr.simulate_district(n_students=600, seed=SEED)
    cohort = dr.Cohort.on(records, as_of=AS_OF)
    X = dr.build_features(records, cohort, model.catalogue).head(PUPILS)
    rows = [
        {"features": {name: None if value != value else value for name, value in row.items()}}  # noqa: PLR0124
        for row in X.to_dict(orient="records")
    ]
    ids = list(X.index.get_level_values("student_id"))

    def body(content: dict[str, Any]) -> bytes:
        return json.dumps(content, ensure_ascii=False).encode()

    return {
        "one row of features": Body("/score_features", body({"rows": rows[:1]}), 300, times_echo=1.3),
        "100 rows of features": Body("/score_features", body({"rows": rows}), 40, milliseconds=10),
        "one pupil's raw year": Body("/score", body(request_of(records, ids[:1], AS_OF)), 100, times_echo=3),
        "100 pupils' raw years": Body("/score", body(request_of(records, ids, AS_OF)), 15, milliseconds=30),
        "/livez": Body("/livez", b"", 300),
    }


class Caller:
    """One connection, kept: sends a request and reads the whole answer."""

    def __init__(self, port: int) -> None:
        self._held = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._held.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> int:
        """Give the status of the answer."""
        self._held.sendall(request)
        read = b""
        while (end := read.find(b"\r\n\r\n")) < 0:
            read += self._more()
        head = read[:end].lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        left = length - (len(read) - end - 4)
        while left > 0:
            left -= len(self._more())
        return int(head.split(b" ", 2)[1])

    def _more(self) -> bytes:
        read = self._held.recv(1 << 18)
        if not read:
            raise ConnectionError("The service closed the connection.")
        return read


def request_bytes(path: str, content: bytes) -> bytes:
    """Write a request."""
    method = "POST" if content else "GET"
    kind = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n" if content else ""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{kind}\r\n".encode() + content


def timed_ask(caller: Caller, request: bytes) -> float:
    """Give the milliseconds of one answer; what is not answered well is no figure."""
    begun = time.perf_counter()
    status = caller.ask(request)
    if status != 200:
        sys.exit(f"An answer had the status {status}.")
    return 1000 * (time.perf_counter() - begun)


def measured_in_turns(asked: dict[str, tuple[int, bytes]], rounds: int) -> dict[str, float]:
    """Give the median milliseconds of each of some requests, asked in turns."""
    callers = {name: Caller(port) for name, (port, _) in asked.items()}
    times: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(rounds + 2):
        for name, (_, request) in asked.items():
            spent = timed_ask(callers[name], request)
            if turn > 1:
                times[name].append(spent)
    return {name: statistics.median(own) for name, own in times.items()}


def cpu_seconds(process: int) -> float:
    """Give the CPU time that a process and those that it started have used, as far as they live."""
    spent = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    own = (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(map(cpu_seconds, map(int, children)))


def requests_a_second(port: int, request: bytes, seconds: float, at_once: int = AT_ONCE) -> list[list[float]]:
    """Ask over so many connections for so long; give the milliseconds of each one's answers."""
    until = time.perf_counter() + seconds

    def ask_on(_: int) -> list[float]:
        caller, times = Caller(port), []
        while time.perf_counter() < until:
            times.append(timed_ask(caller, request))
        return times

    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(ask_on, range(at_once)))


@contextlib.contextmanager
def started(words: list[str], port: int, ready: Callable[[], bool], **environment: str) -> Iterator[int]:
    """Run a peer until it is no longer needed."""
    process = subprocess.Popen(
        words, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        cwd=BENCHMARKS, start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(4 * READY_SECONDS):
            with contextlib.suppress(OSError):
                if ready():
                    break
            time.sleep(0.25)
        else:
            sys.exit(f"What was to answer at port {port} did not begin.")
        yield process.pid
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def echo_service(workers: int) -> contextlib.AbstractContextManager[int]:
    """Run the echo as the service is run."""
    words = [sys.executable, "-m", "uvicorn", "serving_echo:app", "--port", str(ECHO)]
    words += ["--workers", str(workers), "--http", "httptools", "--no-access-log", "--log-level", "error"]
    ready = request_bytes("/echo", b"{}")
    return started(words, ECHO, lambda: Caller(ECHO).ask(ready) == 200)


def mlflow_service(model: Path) -> contextlib.AbstractContextManager[int]:
    """Run MLflow's own server on the same bundle."""
    words = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model.resolve())]
    words += ["--env-manager", "local", "--port", str(MLFLOW)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return started(words, MLFLOW, lambda: soak.ask_once(MLFLOW, "/ping") == 200, PATH=path)


def measured_workers(
    model: Path, bodies: dict[str, Body], workers: int, *, quick: bool
) -> dict[str, dict[str, float]]:
    """Measure the service with so many workers beside the echo."""
    found: dict[str, dict[str, float]] = {}
    with soak.running_service(model, OURS, workers) as process, echo_service(workers) as other:
        for name, body in bodies.items():
            ours = (OURS, request_bytes(body.path, body.content))
            echo = (ECHO, request_bytes("/echo", body.content) if body.content else ours[1])
            rounds = 3 if quick else body.rounds
            before = [cpu_seconds(pid) for pid in (process.pid, other)]
            figures = measured_in_turns({"ours": ours, "echo": echo}, rounds)
            for who, pid, spent in zip(("ours", "echo"), (process.pid, other), before, strict=True):
                figures[f"{who}_cpu"] = 1000 * (cpu_seconds(pid) - spent) / (rounds + 2)
            seconds = 0.2 if quick else 3.0
            for who, (port, request) in (("ours", ours), ("echo", echo)):
                answers = sum(map(len, requests_a_second(port, request, seconds)))
                figures[f"{who}_a_second"] = answers / seconds
            found[name] = figures
        found["memory"] = {"megabytes_a_worker": soak.worker_megabytes(process.pid) / workers}
    return found


def measured_mlflow(model: Path, bodies: dict[str, Body]) -> dict[str, float]:
    """Measure MLflow's own server on the rows of features, where MLflow is installed."""
    if find_spec("mlflow") is None:
        return {}
    found = {}
    with mlflow_service(model):
        for name, body in bodies.items():
            if body.path == "/score_features":
                rows = [row["features"] for row in json.loads(body.content)["rows"]]
                content = json.dumps({"dataframe_records": rows}).encode()
                asked = {"mlflow": (MLFLOW, request_bytes("/invocations", content))}
                found[name] = measured_in_turns(asked, max(10, body.rounds // 6))["mlflow"]
    return found


def measured_steadily(model: Path, body: Body, seconds: float, workers: int) -> dict[str, float]:
    """Ask from many connections for long: medians, the slowest hundredth, and what memory grew by."""
    request = request_bytes(body.path, body.content)
    with soak.running_service(model, OURS, workers) as process:
        requests_a_second(OURS, request, max(seconds / 10, 1), MANY)
        before = soak.worker_megabytes(process.pid)
        times = sorted(chain.from_iterable(requests_a_second(OURS, request, seconds, MANY)))
        grown = soak.worker_megabytes(process.pid) / before - 1
    p50, p99 = (times[int(share * len(times))] for share in (0.5, 0.99))
    return {"requests": len(times), "p50": p50, "p99": p99, "times_p50": p99 / p50, "memory_growth": grown}


def table_lines(results: dict[str, Any], bodies: dict[str, Body]) -> Iterator[str]:
    """Write the figures beside their bounds."""
    yield "| body | workers | ms | echo, ms | times | CPU, ms | echo | a second | echo | bound | met |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for workers, found in results["workers"].items():
        for name, body in bodies.items():
            own = found[name]
            ratio = own["ours"] / own["echo"]
            bound, met = "", ""
            if body.times_echo is not None:
                bound, met = f"≤ {body.times_echo:g} × echo", "yes" if ratio <= body.times_echo else "no"
            elif body.milliseconds is not None:
                bound = f"≤ {body.milliseconds:g} ms"
                met = "yes" if own["ours"] <= body.milliseconds else "no"
            yield (
                f"| {name} | {workers} | {own['ours']:.2f} | {own['echo']:.2f} | {ratio:.1f} "
                f"| {own['ours_cpu']:.2f} | {own['echo_cpu']:.2f} "
                f"| {own['ours_a_second']:,.0f} | {own['echo_a_second']:,.0f} | {bound} | {met} |"
            )
        yield f"| memory | {workers} | {found['memory']['megabytes_a_worker']:.0f} MB a worker ||||||||| |"
    first = next(iter(results["workers"].values()))
    for name, spent in results["mlflow"].items():
        times = spent / first[name]["ours"]
        yield f"| {name}, `mlflow models serve` | 1 | {spent:.1f} ||||||| ≥ 8 × ours | {times:.1f} × |"


def main() -> int:
    """Measure, print, and judge what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="the bundle that is served")
    parser.add_argument("--quick", action="store_true", help="a few requests, one worker, no MLflow")
    parser.add_argument("--steady", type=float, metavar="SECONDS", help="only this, for so long")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--no-mlflow", action="store_true", help="leave MLflow's own server out")
    parser.add_argument("--json", type=Path, help="where the figures go besides")
    given = parser.parse_args()
    bodies = make_bodies(RiskModel.load(given.model))
    if given.steady:
        found = measured_steadily(given.model, bodies["one row of features"], given.steady, given.workers[0])
        print(json.dumps({name: round(value, 4) for name, value in found.items()}))
        return int(found["times_p50"] > FAR_FROM_MEDIAN or found["memory_growth"] > MOST_GROWTH)
    workers = [1] if given.quick else given.workers
    results = {
        "workers": {n: measured_workers(given.model, bodies, n, quick=given.quick) for n in workers},
        "mlflow": {},
    }
    if not (given.quick or given.no_mlflow):
        results["mlflow"] = measured_mlflow(given.model, bodies)
    print(*table_lines(results, bodies), sep="\n")
    if given.json:
        given.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
