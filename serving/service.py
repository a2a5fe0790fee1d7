"""The service: parse, score, reply.

``serving.asgi`` is its application, which ``dropout-risk serve`` starts under uvicorn; for development it
also starts with ``bentoml serve serving.service:DropoutRisk`` from the repository's root. It reads, once,

* ``DROPOUT_RISK_MODEL``: a bundle's folder, or ``models:/name@alias`` of the MLflow store;
* ``DROPOUT_RISK_SWITCH`` (optional): the folder of a switch, which says which model answers from when on;
* ``DROPOUT_RISK_CALENDAR`` (optional): a CSV of school days (``date``, ``[school_id]``, ``is_school_day``);
* ``DROPOUT_RISK_CLASS_CONTEXT`` (optional): a JSON file of class context rows (``ClassContext.to_rows``);
* ``DROPOUT_RISK_ALLOW_SYNTHETIC`` (optional): 1 lets a model of simulated pupils answer requests;
* ``DROPOUT_RISK_REPLY_ROLE`` (optional): as which role replies are read; without it they are complete;
* what ``serving.review`` names, for the pages at ``/review``;
* what ``serving.desk`` names, for the pages at ``/desk``, where ``DROPOUT_RISK_BOOK`` is set.
"""

from __future__ import annotations

import gc
import logging
import math
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

import bentoml
import msgspec
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.server.http.traffic import TimeoutMiddleware
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dropout_risk.access.reader import LOCAL_READER, Reader
from dropout_risk.errors import DropoutRiskError
from dropout_risk.explanation.reason import SIDES
from dropout_risk.scoring.scores import Scores
from serving.answers.asked_scores import RawRecords, ReadyFeatures
from serving.answers.stored_pupils import StoredPupils
from serving.answers.tensors import InferredFeatures, require_named
from serving.gate.body import RefusedError
from serving.gate.costs import Limits
from serving.gate.door import INFER, MODEL, PROTOCOL, App, Door, kind_of, service_fault
from serving.gate.guard import Guard
from serving.gate.planned import plan_for
from serving.metrics import Metrics
from serving.review import review_routes
from serving.served.observer import Observer
from serving.served.prepared import Prepared
from serving.served.served_model import PINNED, SWITCH
from serving.served.switching import Switching

STAGES = "dropout_risk_stage_seconds"
LEFT_OUT = (TimeoutMiddleware, OpenTelemetryMiddleware)
FAR_BEYOND = 24 * 3600
_log = logging.getLogger("bentoml.dropout_risk")


class GuardedService(bentoml.Service[Any]):
    """A BentoML service behind the door: in front of its metrics, time limits and error replies."""

    def to_asgi(self, is_main: bool = True) -> App:
        """Build the application, always as the entry: BentoML reads pickles in every other service.

        Of BentoML's middlewares its time limit goes, which keeps a timer for each request until the limit is
        over, and its tracing, which names each request once more: the door does both. A body goes to its
        method as it is: BentoML would make the JSON schema of "bytes" anew for each.
        """
        app = super().to_asgi(is_main=True)
        app.user_middleware = [kept for kept in app.user_middleware if kept.cls not in LEFT_OUT]
        app.router.routes[:0] = [
            Route(api.route, partial(_answer_body, api.func), methods=["POST"]) for api in self.apis.values()
        ]
        limits = Limits.from_environment()
        metrics = Metrics.of(BentoMLContainer.metrics_client.get())
        return Door(app, limits, Guard(limits.seconds), metrics)


class BodyContext(NamedTuple):
    """What a method reads of BentoML's context."""

    request: Request


async def _answer_body(method: Callable[..., Awaitable[Response]], request: Request) -> Response:
    """Hand a body to the method of its address."""
    return await method(bentoml.get_current_service(), await request.body(), ctx=BodyContext(request))


async def _answer_about(request: Request) -> Response:
    """Answer the questions that have the same answer until the service stops."""
    return Response(_prepared_now().pages[request.url.path], media_type="application/json")


async def _answer_about_model(request: Request) -> Response:
    """Answer about the model that is named, or say that there is no such model."""
    state = request.state
    try:
        require_named(_prepared_now().model, state.rest, state.version)
    except DropoutRiskError as error:
        state.problems = [error]
    return await _answer_about(request)


def _prepared_now() -> Prepared:
    now: Prepared = bentoml.get_current_service().now
    return now


def _desk_parts() -> list[Route]:
    """Give the routes of the desk where a case book is named: nobody else needs what it imports."""
    if not os.environ.get("DROPOUT_RISK_BOOK"):
        return []
    from serving.desk import desk_routes

    return desk_routes(lambda: _prepared_now().desk)


ABOUT = [
    *(Route(path, _answer_about) for path in ("/model", "/catalogue", "/docs.json", PROTOCOL)),
    Route(MODEL, _answer_about_model),
]


@bentoml.asgi_app(Starlette(routes=[*ABOUT, *review_routes(lambda: _prepared_now().room), *_desk_parts()]))
@bentoml.service(
    name="dropout_risk",
    service_class=GuardedService,
    workers=1,
    traffic={"timeout": FAR_BEYOND},
    logging={"access": {"enabled": False}},
)
class DropoutRisk:
    """Who needs a person's attention first, and why: risks with their reasons, for people to decide on."""

    @bentoml.on_deployment
    @staticmethod
    def check() -> None:
        """Refuse to start without a sound model: before a worker is started, which would be started again."""
        try:
            prepared = Prepared.from_environment()
        except DropoutRiskError as error:
            raise bentoml.exceptions.BentoMLException(str(error)) from error
        if SWITCH not in os.environ:
            os.environ[PINNED] = prepared.served.manifest

    def __init__(self) -> None:
        metrics = Metrics.of(BentoMLContainer.metrics_client.get())
        prepared = _prepared.pop() if _prepared else Prepared.from_environment()
        self.metrics, self.observer = metrics, Observer(metrics).begin()
        self.switching = Switching.of_environment(prepared, metrics)
        gc.collect()
        gc.freeze()

    @bentoml.on_shutdown
    def stop(self) -> None:
        """Look at the switch, and at what is asked, no more."""
        self.switching.stop()
        self.observer.stop()

    @property
    def now(self) -> Prepared:
        """What is answered with; whoever answers takes it once."""
        return self.switching.now

    @bentoml.api(route="/score", output_spec=dict)
    async def score(self, body: bytes, /, ctx: bentoml.Context) -> Response:
        """Score up to 200 pupils from their raw records."""
        state, now = ctx.request.state, self.now
        asked = RawRecords(now.model, now.held, body)
        return await self._in_lane(
            ctx, lambda: self._scored(state, now, asked), waits=_waits_for_database(state, now)
        )

    @bentoml.api(route="/score_features", output_spec=dict)
    async def score_features(self, body: bytes, /, ctx: bentoml.Context) -> Response:
        """Score up to 10,000 rows of ready features."""
        state, now = ctx.request.state, self.now
        asked = ReadyFeatures(now.model, {}, body)
        return await self._in_lane(
            ctx, lambda: self._scored(state, now, asked), waits=_waits_for_database(state, now)
        )

    @bentoml.api(route=INFER, output_spec=dict)
    async def infer(self, body: bytes, /, ctx: bentoml.Context) -> Response:
        """Score up to 10,000 rows of ready features that come as tensors."""
        state, now = ctx.request.state, self.now
        asked = InferredFeatures(now.model, {}, body, named=state.rest, version=state.version)
        return await self._in_lane(
            ctx, lambda: self._scored(state, now, asked), waits=_waits_for_database(state, now)
        )

    @bentoml.api(route="/score_stored", output_spec=dict)
    async def score_stored(self, body: bytes, /, ctx: bentoml.Context) -> Response:
        """Score up to 200 pupils of the store by their ids."""
        return await self._of_store(ctx, "/score_stored", body)

    @bentoml.api(route="/explain/change", output_spec=dict)
    async def explain_change(self, body: bytes, /, ctx: bentoml.Context) -> Response:
        """Say why the risks of pupils changed between two days: of the store, or of raw records."""
        return await self._of_store(ctx, "/explain/change", body)

    @bentoml.api(route="/what_if", output_spec=dict)
    async def what_if(self, body: bytes, /, ctx: bentoml.Context) -> Response:
        """Find what would bring the risks of pupils below a target: of the store, or of raw records."""
        return await self._of_store(ctx, "/what_if", body)

    @bentoml.api(route="/feedback", output_spec=dict)
    async def feedback(self, body: bytes, /, ctx: bentoml.Context) -> Response:
        """Write what somebody says of the reasons that a pupil's case was told."""
        state, now = ctx.request.state, self.now
        from serving.answers.feedback import written_feedback  # who has no case book needs nothing of it

        return await self._in_lane(ctx, lambda: written_feedback(now, state.reader, body, state.request_id))

    async def _of_store(self, ctx: bentoml.Context, route: str, body: bytes) -> Response:
        state, asked = ctx.request.state, StoredPupils(self.now, route, body)

        def answer() -> bytes:
            with self.metrics.timed(STAGES, route=route, stage="score"):
                told = asked.answer(state.reader, state.request_id)
            self._count_reply(route, told)
            return written_reply(told)

        return await self._in_lane(ctx, answer)

    async def _in_lane(
        self, ctx: bentoml.Context, work: Callable[[], bytes], *, waits: bool = True
    ) -> Response:
        """Answer in a thread, if there is one in time; a handful that ``waits`` for nothing at once."""
        state = ctx.request.state
        try:
            arrived = perf_counter()
            made: Response = await state.answer(lambda: self._answered(state, work, arrived), waits=waits)
            return made
        except DropoutRiskError as error:
            state.problems = [error]
        return Response()

    def _answered(self, state: Any, work: Callable[[], bytes], arrived: float) -> Response:
        """Give a reply, and every failure as problems that the door words."""
        self.metrics.observe(STAGES, perf_counter() - arrived, route=state.route, stage="wait")
        try:
            return Response(work(), media_type="application/json")
        except RefusedError as refused:
            state.problems = refused.problems
        except DropoutRiskError as error:
            state.problems = [error]
        except Exception as error:
            _log.error("request_id=%s failed: %s", state.request_id, kind_of(error))
            state.problems = [service_fault()]
        return Response()

    def _scored(self, state: Any, now: Prepared, asked: RawRecords) -> bytes:
        """Score; once the reply is written, count it, and let the challenger and the observer look at it."""
        timed = partial(self.metrics.timed, STAGES, route=asked.route)
        scores, read = read_by(now, state.reader, asked, state.request_id, timed)
        with timed(stage="write"):
            told = read.to_dict()
            _require_numbers(told)
            written = written_reply(asked.reply(told))
        self._count_reply(asked.route, told)
        challenger = self.switching.challenger
        if challenger is not None:
            challenger.ask(asked, scores)
        self.observer.saw(now.model, scores)
        return written

    def _count_reply(self, route: str, told: dict[str, Any]) -> None:
        """Count pupils by band, reasons by domain, and what was not used by code."""
        self.metrics.count("dropout_risk_pupils_total", len(told["results"]), route=route)
        for band, number in Counter(result.get("band", "") for result in told["results"]).items():
            if band:
                self.metrics.count("dropout_risk_bands_total", number, band=band)
        for side in SIDES:
            domains = Counter(
                reason["domain"] for result in told["results"] for reason in result.get(side, ())
            )
            for domain, number in domains.items():
                self.metrics.count("dropout_risk_reasons_total", number, domain=domain, side=side)
        for code, number in Counter(error["code"] for error in told["errors"]).items():
            self.metrics.count("dropout_risk_rows_refused_total", number, code=code)


Timed = Callable[..., AbstractContextManager[None]]


def _without_timing(**_: str) -> AbstractContextManager[None]:
    return nullcontext()


def read_by(
    now: Prepared, reader: Reader, asked: RawRecords, name: str, timed: Timed = _without_timing
) -> tuple[Scores, Scores]:
    """Score what is the reader's: give it as it is, and as the reader reads it, once that is written down.

    ``timed`` measures each stage of it.
    """
    with timed(stage="read"):
        plan = plan_for(now, reader, asked)
    with timed(stage="score"):
        scores = asked.scores(name)
    with timed(stage="redact"):
        read = plan.read(scores, now.model)
        if reader == LOCAL_READER and now.reader is not None:
            read = now.model.redact(read, now.reader)
    with timed(stage="note"):
        now.looks.note(reader, asked.route, plan.told, name)
    return scores, read


def _waits_for_database(state: Any, now: Prepared) -> bool:
    """Whether scores wait for a database: for the audit, or for where the reader's pupils are."""
    return now.looks.audit is not None or state.reader != LOCAL_READER


def _require_numbers(told: dict[str, Any]) -> None:
    """Refuse a score that is no number: JSON has none such, and null would say that nothing is known."""
    if not all(math.isfinite(result.get("log_odds", 0.0)) for result in told["results"]):
        raise ValueError


def written_reply(reply: dict[str, Any]) -> bytes:
    """Write a reply pupil by pupil: written at once, a large one would hold up every other request."""
    parts = []
    for name, value in reply.items():
        listed = isinstance(value, list)
        text = b"[%b]" % b",".join(map(_ENCODE, value)) if listed else _ENCODE(value)
        parts.append(b'"%b":%b' % (name.encode(), text))
    return b"{%b}" % b",".join(parts)


_ENCODE = msgspec.json.Encoder().encode

_prepared: list[Prepared] = []


def prepare_model() -> None:
    """Load what the service will answer with, ahead of its start: what is wrong is then one error of ours."""
    _prepared[:] = [Prepared.from_environment()]
