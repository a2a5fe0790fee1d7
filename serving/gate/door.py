"""The door: what every request passes before BentoML, and every reply after it.

It bounds what comes in, gives every refusal the same shape, and writes the only log line of a request:
never anything that the caller wrote.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from dropout_risk.access.route_rights import ANYONE, parts_of
from dropout_risk.errors import (
    BodyTooLargeError,
    BusyError,
    ContentTypeError,
    DropoutRiskError,
    MethodError,
    NotJsonError,
    NotSignedInError,
    RequestError,
    ServiceError,
    TooSlowError,
    UnknownRouteError,
)
from serving.gate.callers import Sender, Senders, caller_of
from serving.gate.costs import Limits
from serving.gate.guard import Guard
from serving.gate.lanes import SMALL, Lanes, busy_error, rows_in
from serving.gate.trace import Trace
from serving.logs import TOLD
from serving.metrics import Metrics
from serving.openapi import CONTRACT

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
T = TypeVar("T")
App = Callable[[Scope, Receive, Send], Awaitable[None]]

METHODS = ("GET", "POST")
PROTOCOL, MODEL, INFER = "/v2", "/v2/models", "/v2/models/infer"
"""Addresses of the open inference protocol; what it calls the model, by name and version, is taken out."""
UNVERSIONED = ("/score", "/score_features", "/score_stored", "/explain/change", "/what_if", "/feedback")
POSTED = (*UNVERSIONED, INFER)
HEALTH = {f"{PROTOCOL}/health/live": "/livez", f"{PROTOCOL}/health/ready": "/readyz"}
PROBES = ("/livez", "/readyz", "/healthz", "/metrics")
OPEN = tuple(route for route in PROBES if parts_of(ANYONE, route))
"""The probes that anyone may ask, and that wait for nobody."""
VERSIONED = (*UNVERSIONED, "/model", "/catalogue", "/docs.json")
"""Addresses that are good with the version of the contract before them, ``/v1/score``, and without."""
ROUTES = (*VERSIONED, PROTOCOL, MODEL, INFER, *PROBES)
REVIEW = (
    "/review",
    "/review/",
    "/review/cohort",
    "/review/model",
    "/review/pupil",
    "/review/pupils",
    "/review/school",
)
DESK = "/desk"
NAMING = ("/review/pupil/", "/review/school/", f"{DESK}/")
NOWHERE = "/unknown"
BODIES_HELD = 4
"""How many of the largest bodies may be here in parts."""
_JSON = (b"content-type", b"application/json")
UNKEPT = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
"""What every reply says that is no page, which says more: a proxy keeps it for no other reader."""
_FORM = b"application/x-www-form-urlencoded"
FORM_BYTES = 64_000
"""What a form of the desk may send."""
_log = logging.getLogger("bentoml.dropout_risk")


class Door:
    """Wraps the service, an ASGI application."""

    def __init__(
        self, app: App, limits: Limits, guard: Guard | None = None, metrics: Metrics | None = None
    ) -> None:
        self.metrics = metrics or Metrics()
        self.app = app
        self.limits = limits
        self.guard = guard or Guard()
        self.lanes = Lanes(limits.rows)
        self.inside = 0
        self.inside_large = 0
        self._senders = Senders(limits.at_once)
        self._page_rates = MovingWindowRateLimiter(MemoryStorage())
        self._page_rate = limits.page_rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in and its reply out."""
        if scope.get("path") in HEALTH:
            scope = {**scope, "path": HEALTH[scope["path"]]}
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] in PROBES:
            await self._answer_probe(scope, receive, Reply(scope, send, self.metrics))
        else:
            await self._let_in(scope, receive, send)

    async def _answer_probe(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        """Answer what is asked every few seconds, without a line in the log."""
        try:
            if scope["path"] not in OPEN:
                await self.guard.reader(scope, scope["path"])
        except RequestError as error:
            await reply.refuse([error])
        else:
            await self.app(scope, receive, reply.pass_on)

    async def _let_in(self, asked: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        scope = _known_address(asked)
        reply = Reply(scope, send, self.metrics)
        try:
            reply.state["reader"] = await self.guard.reader(asked, scope["path"])
            await self._answer(scope, receive, reply)
        except RequestError as error:
            await reply.refuse([error])
        except Exception as error:
            _log.error("request_id=%s failed: %s", reply.request_id, kind_of(error))
            await reply.refuse([service_fault()])
        finally:
            spent = 1000 * (time.perf_counter() - started)
            method = scope["method"] if scope["method"] in METHODS else "-"
            words = (method, scope["path"], reply.status, spent, reply.request_id)
            told = dict(zip(TOLD, (*words, reply.trace.trace_id), strict=True)) | {"ms": round(spent, 1)}
            _log.info(f"%s %s %s %.1f ms request_id=%s{reply.trace.said}", *words, extra=told)

    async def _answer(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        """Take a place only once the body is there, so that slow senders keep nobody out."""
        if scope["path"] not in (*POSTED, DESK) or scope["method"] != "POST":
            self._count_page(scope)
            await self._in_time(self.app(scope, receive, reply.pass_on))
            return
        _check_headers(scope)
        with self.metrics.timed("dropout_risk_stage_seconds", route=scope["path"], stage="arrive"):
            body = await self._arrived(scope, receive)
        rows = rows_in(scope["path"], body)
        with self._place(rows > SMALL):
            reply.state["answer"] = partial(self.lanes.answer, rows, time.monotonic() + self.limits.seconds)
            await self._in_time(self.app(scope, _replay_body(body, receive), reply.pass_on))

    def _count_page(self, scope: Scope) -> None:
        if scope["path"] in REVIEW and not self._page_rates.hit(self._page_rate, caller_of(scope)):
            raise BusyError("These pages are asked for too often.", hint="try again in a moment")

    async def _arrived(self, scope: Scope, receive: Receive) -> bytes:
        """Give the body once it is there; who sends slowly makes room for others."""
        sender = self._senders.let_in(caller_of(scope))
        if sender is None:
            raise busy_error()
        self.metrics.add("dropout_risk_bodies", 1, state="arriving")
        try:
            body = await sender.wait_for(self._body(scope, receive, sender), self.limits.reading)
        finally:
            self._senders.let_go(sender)
            self.metrics.add("dropout_risk_bodies", -1, state="arriving")
        if body is None:
            words = f"The body was not there within {self.limits.reading} s."
            cut = "The body came too slowly while others waited."
            raise TooSlowError(cut if sender.cut else words, hint="send it faster")
        return body

    @contextmanager
    def _place(self, large: bool) -> Iterator[None]:
        """Count a request that is answered or waits for it; of the places, large bodies get half."""
        full = self.inside_large >= max(1, self.limits.at_once // 2) if large else False
        if full or self.inside >= self.limits.at_once:
            raise busy_error()
        self.inside += 1
        self.inside_large += large
        self.metrics.add("dropout_risk_bodies", 1, state="answered")
        try:
            yield
        finally:
            self.inside -= 1
            self.inside_large -= large
            self.metrics.add("dropout_risk_bodies", -1, state="answered")
            self.metrics.put("dropout_risk_large_rows", self.lanes.rows)

    async def _in_time(self, answer: Awaitable[None]) -> None:
        seconds = self.limits.seconds
        late = TooSlowError(f"No answer within {seconds} s.", hint="send fewer pupils at once")
        await _done_within(seconds, answer, late)

    async def _body(self, scope: Scope, receive: Receive, sender: Sender) -> bytes:
        """Read the whole body; stop as soon as it is too large, whatever it said of its length."""
        is_form = scope["path"] == DESK
        most = min(FORM_BYTES, self.limits.body) if is_form else self.limits.body
        declared = _header_value(scope, b"content-length")
        if declared.isdigit() and int(declared) > most:
            raise _too_large(most)
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                raise NotJsonError("The body broke off.", field="body")
            body += message.get("body", b"")
            sender.received = len(body)
            if self._senders.received > BODIES_HELD * self.limits.body:
                raise busy_error()
            more = message.get("more_body", False)
            if len(body) > most:
                raise _too_large(most)
        if not body and not is_form:
            raise NotJsonError("The body is empty.", hint="send a JSON object", field="body")
        return bytes(body)


def _too_large(most: int) -> RequestError:
    message = f"The body has more than {most} bytes."
    return BodyTooLargeError(message, hint="send fewer pupils at once, or a shorter text", field="body")


async def _done_within(seconds: float, work: Awaitable[T], late: TooSlowError) -> T:
    """Wait for work, give it up in time, and never leave it behind without its waiter."""
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
    if not done:
        raise late
    return await task


class Reply:
    """The way out: a reply that is no success leaves in the one shape of refusals.

    The service leaves the problems it found in the request's state; for whatever else BentoML or
    Starlette refuse, the status says enough.
    """

    def __init__(self, scope: Scope, send: Send, metrics: Metrics | None = None) -> None:
        self.metrics, self.route = metrics or Metrics(), scope["path"]
        self.request_id = _asked_id(scope) or uuid.uuid4().hex
        self.state = scope.setdefault("state", {})
        self.state["request_id"], self.state["route"] = self.request_id, self.route
        self.trace = Trace.of(_header_value(scope, b"traceparent"), self.request_id)
        self.status = 0
        self._is_versioned = self.route in VERSIONED
        self._send = send
        self._withheld: Message | None = None

    async def pass_on(self, message: Message) -> None:
        """Send a message of the application, or the refusal in its place."""
        if self._withheld is not None:
            if not message.get("more_body", False):
                await self.refuse(self.state.get("problems") or [_by_status(self._withheld["status"])])
        elif message["type"] != "http.response.start":
            await self._send(message)
        elif self.status or not self._passes(message["status"]):
            self._withheld = message
        else:
            self.status = message["status"]
            unkept = () if self.state.get("page", False) else UNKEPT
            await self._send({**message, "headers": [*message.get("headers", ()), *unkept, *self._named()]})

    def _passes(self, status: int) -> bool:
        """Say whether a reply leaves as it is: a success, or a page that says itself what is wrong."""
        if "problems" in self.state:
            return False
        return status < RequestError.status or (
            self.state.get("page", False) and status < ServiceError.status
        )

    async def refuse(self, problems: list[DropoutRiskError]) -> None:
        """Answer with what is wrong, the first problem ahead; too late once an answer has begun."""
        if self.status:
            return
        self.status = getattr(problems[0], "status", RequestError.status)
        entries = [_problem_entry(problem) for problem in problems]
        self.metrics.count("dropout_risk_refusals_total", route=self.route, code=problems[0].code)
        first = str(problems[0]) if self.route.startswith(PROTOCOL) else entries[0]
        body = {"error": first, "problems": entries, "request_id": self.request_id}
        content = json.dumps(body).encode()
        allowed = [pair for pair in (self._withheld or {}).get("headers", ()) if pair[0] == b"allow"]
        again = [(b"retry-after", str(problem.retry_after).encode())
                 for problem in problems[:1] if isinstance(problem, BusyError)]  # fmt: skip
        again += [(b"www-authenticate", b"Bearer") for _ in problems[:1] if isinstance(_, NotSignedInError)]
        length = (b"content-length", str(len(content)).encode())
        headers = [_JSON, length, *UNKEPT, *self._named(), *allowed, *again]
        await self._send({"type": "http.response.start", "status": self.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": content})

    def _named(self) -> list[tuple[bytes, bytes]]:
        version = [(b"x-contract-version", CONTRACT.encode())] if self._is_versioned else []
        return [(b"x-request-id", self.request_id.encode()), *version, *self.trace.headers]


_MODEL = re.compile(rf"{MODEL}/([^/]+)(?:/versions/([^/]+))?(/infer|/ready)?")
_ID = re.compile(rb"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}(\1[0-9a-fA-F]{4}){2}\1[0-9a-fA-F]{12}")


def _asked_id(scope: Scope) -> str:
    """Take a caller's own name of the request, if it is a UUID: anything else could say something."""
    asked = _header_value(scope, b"x-request-id")
    return asked.decode() if _ID.fullmatch(asked) else ""


def kind_of(error: BaseException) -> str:
    """Say what failed and where in the code, without the message, which may hold a value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" in {trace.tb_frame.f_code.co_qualname}, line {trace.tb_lineno}"
    return f"{type(error).__name__}{where}"


def _problem_entry(problem: DropoutRiskError) -> dict[str, str]:
    field = getattr(problem, "field", "")
    return {"code": problem.code, "message": problem.message, "field": field, "hint": problem.hint}


def _by_status(status: int) -> RequestError:
    if status == UnknownRouteError.status:
        return UnknownRouteError("There is no such address.", hint="GET /docs.json lists them", field="path")
    if status == MethodError.status:
        return MethodError("This address is not asked in this way.", hint="see /docs.json", field="method")
    return service_fault()


def service_fault() -> RequestError:
    """Give the answer to a failure that is not the request's."""
    return ServiceError("The service failed.", hint="tell its operator the request_id")


def _known_address(scope: Scope) -> Scope:
    """Keep addresses that callers make up, and those that name a pupil, out of logs and metrics.

    What follows ``/review/pupil/`` or ``/desk/``, and what a page of theirs is asked for, goes into the
    request's state, where the page finds it.
    """
    path = scope["path"]
    unversioned = path.removeprefix(f"/v{CONTRACT}")
    if unversioned in VERSIONED:
        return {**scope, "path": unversioned, "raw_path": unversioned.encode()}
    named = _MODEL.fullmatch(path)
    if named is not None:
        state = {**scope.get("state", {}), "rest": named[1], "version": named[2] or ""}
        path = INFER if named[3] == "/infer" else MODEL
        return {**scope, "path": path, "raw_path": path.encode(), "state": state}
    kept = next((before.removesuffix("/") for before in NAMING if path.startswith(before)), path)
    if kept not in (*REVIEW, DESK):
        nowhere = f"{PROTOCOL}{NOWHERE}" if path.startswith(f"{MODEL}/") else NOWHERE
        return {**scope, "path": path if path in ROUTES else nowhere}
    state = {**scope.get("state", {}), "query": scope.get("query_string", b"").decode("latin-1")}
    if kept != path:
        state["rest"] = path.removeprefix(f"{kept}/")
    return {**scope, "path": kept, "raw_path": kept.encode(), "query_string": b"", "state": state}


def _check_headers(scope: Scope) -> None:
    kind, _, options = _header_value(scope, b"content-type").lower().partition(b";")
    charset = options.strip().replace(b'"', b"").replace(b" ", b"")
    if scope["path"] == DESK and kind.strip() != _FORM:
        raise ContentTypeError(
            "Only forms are accepted.", hint="use the form on the page", field="Content-Type"
        )
    if (scope["path"] != DESK and kind.strip() != _JSON[1]) or charset not in (b"", b"charset=utf-8"):
        hint = "send the header Content-Type: application/json"
        raise ContentTypeError("Only JSON in UTF-8 is accepted.", hint=hint, field="Content-Type")
    if _header_value(scope, b"content-encoding") not in (b"", b"identity"):
        message, hint = "A compressed body is not accepted.", "send it as it is"
        raise ContentTypeError(message, hint=hint, field="Content-Encoding")


def _header_value(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key.lower() == name), b"")


def _replay_body(body: bytes, receive: Receive) -> Receive:
    first = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again
