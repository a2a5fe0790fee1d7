"""What a run on Spark costs: processor seconds of all its processes, and the bytes that it shuffles."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def tree_seconds(pid: int | None = None) -> float:
    """Give the processor seconds of this process and of all below it: Java, and the Python workers.

    Those that ended are counted by their parents.
    """
    own = os.getpid() if pid is None else pid
    fields = Path(f"/proc/{own}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    ticks = sum(int(value) for value in fields[11:15])  # of itself, and of its children that ended
    return ticks / TICKS + sum(tree_seconds(child) for child in _children_of(own))


def _children_of(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text(encoding="utf-8").split())


def stage_costs(folder: Path) -> list[dict[str, float]]:
    """Read the stages of an event log: seconds of their tasks, seconds in Java, bytes read and shuffled."""
    (log,) = (file for file in folder.rglob("*") if file.is_file() and not file.name.startswith((".", "app")))
    events = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    stages = [event["Stage Info"] for event in events if event["Event"] == "SparkListenerStageCompleted"]
    return [_stage_cost(stage) for stage in stages]


def _stage_cost(stage: dict[str, object]) -> dict[str, float]:
    values = {found["Name"]: found["Value"] for found in stage["Accumulables"]}  # type: ignore[attr-defined]
    metric = {name: float(values.get(f"internal.metrics.{name}", 0)) for name in _METRICS}
    return {
        "tasks": float(stage["Number of Tasks"]),  # type: ignore[arg-type]
        "task_seconds": metric["executorRunTime"] / 1e3,
        "java_seconds": metric["executorCpuTime"] / 1e9,
        "shuffle_bytes": metric["shuffle.write.bytesWritten"],
    }


_METRICS = ("executorRunTime", "executorCpuTime", "shuffle.write.bytesWritten")
