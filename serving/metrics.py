"""What the service counts and measures: declared here alone, as plain data, and shared by all workers.

No label holds what a caller wrote: addresses are the service's own, and everything else is a code, a band, a
stage, or a name of the model's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

Kind = Literal["Counter", "Gauge", "Histogram"]
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SHARES = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class Metric(NamedTuple):
    """One declared metric; a gauge of several workers is joined as ``joined`` says."""

    kind: Kind
    words: str
    labels: tuple[str, ...] = ()
    joined: str = "livesum"
    buckets: tuple[float, ...] = _SECONDS


METRICS: dict[str, Metric] = {
    "dropout_risk_model_info": Metric(
        "Gauge", "Workers that answer with a model", ("name", "version", "manifest")
    ),
    "dropout_risk_model_switches_total": Metric(
        "Counter", "Models taken up by a worker, or refused by it", ("outcome",)
    ),
    "dropout_risk_stage_seconds": Metric(
        "Histogram", "How long each stage of a request takes", ("route", "stage")
    ),
    "dropout_risk_refusals_total": Metric("Counter", "Requests refused, by code", ("route", "code")),
    "dropout_risk_pupils_total": Metric("Counter", "Pupils answered for", ("route",)),
    "dropout_risk_rows_refused_total": Metric("Counter", "Rows and pupils not used, by code", ("code",)),
    "dropout_risk_bands_total": Metric("Counter", "Pupils scored, by band", ("band",)),
    "dropout_risk_reasons_total": Metric("Counter", "Reasons told, by domain and side", ("domain", "side")),
    "dropout_risk_drift_psi": Metric(
        "Gauge",
        "Population stability index since training: the worst feature of a family",
        ("family",),
        "livemax",
    ),
    "dropout_risk_missing_share": Metric(
        "Gauge", "Share of rows without a value: the worst feature of a family", ("family",), "livemax"
    ),
    "dropout_risk_drift_rows": Metric("Gauge", "Rows that drift is measured on"),
    "dropout_risk_bodies": Metric("Gauge", "Bodies that arrive, or are answered or wait for it", ("state",)),
    "dropout_risk_large_rows": Metric("Gauge", "Rows of large bodies being answered or waiting for it"),
    "dropout_risk_resident_bytes": Metric("Gauge", "Memory that the workers hold"),
    "dropout_risk_shadow_pupils_total": Metric(
        "Counter", "Pupils scored by the challenger, too: its band beside the champion's", ("band",)
    ),
    "dropout_risk_shadow_difference": Metric(
        "Histogram", "How far the challenger's risk is from the champion's", buckets=_SHARES
    ),
    "dropout_risk_shadow_requests_total": Metric(
        "Counter", "Requests that the challenger answered, failed at, or was too busy for", ("outcome",)
    ),
}


class Stopwatch:
    """How long something takes, from the one end of a ``with`` to the other."""

    __slots__ = ("_labels", "_metrics", "_name", "_started")

    def __init__(self, metrics: Metrics, name: str, labels: dict[str, str]) -> None:
        self._metrics, self._name, self._labels = metrics, name, labels

    def __enter__(self) -> None:
        """Begin."""
        self._started = perf_counter()

    def __exit__(self, *_: object) -> None:
        """End, and say it."""
        self._metrics.observe(self._name, perf_counter() - self._started, **self._labels)


@dataclass(eq=False)
class Metrics:
    """The metrics of one registry, each made when it is first used; without a client nothing is counted."""

    client: Any = None
    _made: dict[str, Any] = field(default_factory=dict)
    _labelled: dict[tuple[str, ...], Any] = field(default_factory=dict)

    @classmethod
    def of(cls, client: Any) -> Metrics:
        """Give those of a client's registry, which takes each name once."""
        return _KNOWN.setdefault(client.registry, cls(client))

    def count(self, name: str, number: float = 1, /, **labels: str) -> None:
        """Add to a counter."""
        if self.client is not None and number:
            self._metric(name, labels).inc(number)

    def put(self, name: str, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        if self.client is not None:
            self._metric(name, labels).set(value)

    def add(self, name: str, number: float, /, **labels: str) -> None:
        """Add to a gauge, or take from it."""
        if self.client is not None:
            self._metric(name, labels).inc(number)

    def observe(self, name: str, value: float, /, **labels: str) -> None:
        """Add a value to a histogram."""
        if self.client is not None:
            self._metric(name, labels).observe(value)

    def timed(self, name: str, /, **labels: str) -> Stopwatch:
        """Measure how long something takes, also where it fails."""
        return Stopwatch(self, name, labels)

    def _metric(self, name: str, labels: dict[str, str]) -> Any:
        """Give a metric with some labels; looked up once, since each request asks for some twenty."""
        key = (name, *labels.values())
        made = self._labelled.get(key)
        if made is None:
            if name not in self._made:
                self._made[name] = self._new(name)
            made = self._made[name].labels(**labels) if labels else self._made[name]
            self._labelled[key] = made
        return made

    def _new(self, name: str) -> Any:
        told = METRICS[name]
        ways: dict[Kind, dict[str, Any]] = {
            "Counter": {},
            "Gauge": {"multiprocess_mode": told.joined},
            "Histogram": {"buckets": told.buckets},
        }
        more = ways[told.kind]
        return getattr(self.client, told.kind)(name, told.words, told.labels, **more)


_KNOWN: WeakKeyDictionary[Any, Metrics] = WeakKeyDictionary()
