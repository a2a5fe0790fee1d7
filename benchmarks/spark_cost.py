"""What a run on Spark costs: processor seconds of all its processes, and the bytes that it shuffles.

``python benchmarks/spark_cost.py --killed --pupils 50000`` scores on local[2], kills the Python worker of
a task when half of the tasks of a stage are done, and says whether every risk is the local path's, bit by
bit, and how much memory all processes held at most.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


class Killer(threading.Thread):
    """Kills one Python worker of a session half-way through a stage, and watches the memory until stopped."""

    def __init__(self, spark: Any) -> None:
        super().__init__(daemon=True)
        self.tracker, self.java = spark.sparkContext.statusTracker(), os.getpid()
        self.killed, self.peak_gb, self.over = 0, 0.0, threading.Event()

    def run(self) -> None:
        """Look five times a second."""
        while not self.over.wait(0.2):
            tree = [*_tree_of(self.java)]
            self.peak_gb = max(self.peak_gb, sum(map(_resident_gb, tree)))
            workers = [pid for pid in tree if _is_worker(pid)]
            if not self.killed and workers and self._is_half_way():
                self.killed = workers[-1]
                os.kill(self.killed, signal.SIGKILL)

    def _is_half_way(self) -> bool:
        stages = map(self.tracker.getStageInfo, self.tracker.getActiveStageIds())
        return any(
            one is not None and one.numTasks > 2 and 2 * one.numCompletedTasks >= one.numTasks
            for one in stages
        )


def _tree_of(pid: int) -> Iterator[int]:
    yield pid
    try:
        for child in _children_of(pid):
            yield from _tree_of(child)
    except OSError:  # it has ended meanwhile
        return


def _resident_gb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e9
    except OSError:
        return 0.0


def _is_worker(pid: int) -> bool:
    """Say whether a process is a worker: a child of the daemon that forks them."""
    try:
        parent = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
        return b"dropout_risk.spark.daemon" in Path(f"/proc/{parent}/cmdline").read_bytes()
    except OSError:
        return False


def run_killed(data: Path, pupils: int, memory: str) -> dict[str, Any]:
    """Score so many pupils on two local cores with a worker killed, and compare with the local path."""
    import pyarrow.parquet as pq

    import scale_data
    from dropout_risk.scoring.population import score_blocks
    from dropout_risk.spark import local_session, score
    from scale_parts import AS_OF, histories_of
    from scale_scores import _model

    place, model, written = scale_data.province(data, pupils), _model(data, "logistic"), data / "killed"
    spark = local_session(2, memory=memory, spark_sql_shuffle_partitions=16)
    tables = {folder.name: str(folder) for folder in place.iterdir() if folder.is_dir()}
    killer, begun = Killer(spark), time.perf_counter()
    killer.start()
    score(spark, tables, model, AS_OF).scores.write.mode("overwrite").parquet(str(written))
    seconds = time.perf_counter() - begun
    killer.over.set()
    killer.join()
    spark.stop()
    table = pq.read_table(written, columns=["student_id", "risk"])
    on_spark = dict(zip(map(str, table["student_id"].to_pylist()), table["risk"].to_pylist(), strict=True))
    local: dict[str, float] = {}
    for batch in score_blocks(model, histories_of(place), AS_OF, sentences=False):
        local |= zip(map(str, batch["student_id"].to_pylist()), batch["risk"].to_pylist(), strict=True)
    return {
        "pupils": len(on_spark), "seconds": seconds, "peak_gb": killer.peak_gb,
        "killed": bool(killer.killed), "equal": on_spark == local,
    }  # fmt: skip


def main() -> None:
    """Run with a worker killed half-way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--killed", action="store_true", required=True)
    parser.add_argument("--pupils", type=int, default=50_000)
    parser.add_argument("--data", type=Path, default=Path("build/scale"))
    parser.add_argument("--memory", default="6g", help="of the Java process")
    asked = parser.parse_args()
    print(run_killed(asked.data, asked.pupils, asked.memory))


if __name__ == "__main__":
    main()
