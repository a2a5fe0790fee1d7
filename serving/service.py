"""The service: parse, score, reply.

``serving.asgi`` is its application, which ``dropout-risk serve`` starts under uvicorn; for development it
also starts with ``bentoml serve serving.service:DropoutRisk`` from the repository's root. It reads, once,

* ``DROPOUT_RISK_MODEL``: a bundle's folder, or ``models:/name@alias`` of the MLflow store;
* ``DROPOUT_RISK_CALENDAR`` (optional): a CSV of school days (``date``, ``[school_id]``, ``is_school_day``);
* ``DROPOUT_RISK_CLASS_CONTEXT`` (optional): a JSON file of class context rows (``ClassContext.to_rows``);
* ``DROPOUT_RISK_ALLOW_SYNTHETIC`` (optional): 1 lets a model of simulated pupils answer requests;
* ``DROPOUT_RISK_REPLY_ROLE`` (optional): as which role replies are read; without it they are complete;
* what ``serving.review`` names, for the pages at ``/review``;
* what ``serving.desk`` names, for the pages at ``/desk``, where ``DROPOUT_RISK_BOOK`` is set.
"""

from __future__ import annotations

import gc
import json
import logging
import math
import os
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

import bentoml
import msgspec
import pandas as pd
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.server.http.traffic import TimeoutMiddleware
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dropout_risk.access.read_scores import ReadPlan
from dropout_risk.access.reader import LOCAL_READER, Reader
from dropout_risk.casebook.placed_pupils import PlacedPupils
from dropout_risk.errors import DropoutRiskError, SettingsError
from dropout_risk.features.class_context import ClassContext
from dropout_risk.scoring.contract_problems import MOST_PROBLEMS
from dropout_risk.scoring.request import score_request
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.roles import Role, role_named, roles_of
from dropout_risk.scoring.scores import Scores
from serving.asked_scores import RawRecords, ReadyFeatures
from serving.body import SCORE, RefusedError
from serving.costs import Limits
from serving.door import App, Door, kind_of, service_fault
from serving.guard import Guard, identity_from_environment
from serving.looks import Looks
from serving.openapi import service_description
from serving.review import ReviewRoom, review_routes
from serving.served_model import PINNED, ServedModel, bundle_folder

LEFT_OUT = (TimeoutMiddleware, OpenTelemetryMiddleware)
FAR_BEYOND = 24 * 3600
_log = logging.getLogger("bentoml.dropout_risk")


class GuardedService(bentoml.Service[Any]):
    """A BentoML service behind the door: in front of its metrics, time limits and error replies."""

    def to_asgi(self, is_main: bool = True) -> App:
        """Build the application, always as the entry: BentoML reads pickles in every other service.

        Of BentoML's middlewares its time limit goes, which keeps a timer for each request until the limit is
        over, and its tracing, which names each request once more: the door does both.
        """
        app = super().to_asgi(is_main=True)
        app.user_middleware = [kept for kept in app.user_middleware if kept.cls not in LEFT_OUT]
        limits = Limits.from_environment()
        return Door(app, limits, Guard(limits.seconds))


async def _answer_about(request: Request) -> Response:
    """Answer the questions that have the same answer until the service stops."""
    return Response(bentoml.get_current_service().pages[request.url.path], media_type="application/json")


def _review_room() -> ReviewRoom:
    room: ReviewRoom = bentoml.get_current_service().room
    return room


def _desk_parts() -> list[Route]:
    """Give the routes of the desk where a case book is named: nobody else needs what it imports."""
    if not os.environ.get("DROPOUT_RISK_BOOK"):
        return []
    from serving.desk import desk_routes

    return desk_routes(lambda: bentoml.get_current_service().desk)


def _desk_room(room: ReviewRoom) -> Any:
    """Open the desk where a case book is named."""
    if not os.environ.get("DROPOUT_RISK_BOOK"):
        return None
    from serving.desk import DeskRoom

    return DeskRoom.from_environment(room)


ABOUT = [Route(path, _answer_about) for path in ("/model", "/catalogue", "/docs.json")]


@bentoml.asgi_app(Starlette(routes=[*ABOUT, *review_routes(_review_room), *_desk_parts()]))
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
            _desk_room(prepared.room)
        except DropoutRiskError as error:
            raise bentoml.exceptions.BentoMLException(str(error)) from error
        os.environ[PINNED] = prepared.served.manifest

    def __init__(self) -> None:
        prepared = _prepared.pop() if _prepared else Prepared.from_environment()
        self.model, self.held, self.room = prepared.model, prepared.held, prepared.room
        self.reader, self.desk = prepared.reader, _desk_room(self.room)
        self.looks = self.room.looks = Looks.from_environment(prepared.served)
        _tell_model(prepared.served)
        about = {
            "/model": self.model.describe(),
            "/catalogue": self.model.catalogue.to_list(),
            "/docs.json": service_description(),
        }
        self.pages = {path: json.dumps(page, ensure_ascii=False).encode() for path, page in about.items()}
        gc.collect()
        gc.freeze()

    @bentoml.api(route="/score", output_spec=dict)
    async def score(self, body: bytes, /, ctx: bentoml.Context) -> Response:
        """Score up to 200 pupils from their raw records."""
        return await self._in_lane(ctx, RawRecords(self.model, self.held, body))

    @bentoml.api(route="/score_features", output_spec=dict)
    async def score_features(self, body: bytes, /, ctx: bentoml.Context) -> Response:
        """Score up to 10,000 rows of ready features."""
        return await self._in_lane(ctx, ReadyFeatures(self.model, {}, body))

    async def _in_lane(self, ctx: bentoml.Context, asked: RawRecords) -> Response:
        """Answer in a thread, if there is one for the request in time."""
        state = ctx.request.state
        try:
            waits = self.looks.audit is not None or state.reader != LOCAL_READER
            return await state.answer(lambda: self._answer(ctx, asked), waits=waits)
        except DropoutRiskError as error:
            state.problems = [error]
        return Response()

    def _answer(self, ctx: bentoml.Context, asked: RawRecords) -> Response:
        """Turn scores into a reply, and every failure into problems that the door words."""
        state = ctx.request.state
        try:
            read = self._read_by(state.reader, asked, state.request_id)
            return Response(written_reply(read), media_type="application/json")
        except RefusedError as refused:
            state.problems = refused.problems
        except DropoutRiskError as error:
            state.problems = [error]
        except Exception as error:
            _log.error("request_id=%s failed: %s", state.request_id, kind_of(error))
            state.problems = [service_fault()]
        return Response()

    def _read_by(self, reader: Reader, asked: RawRecords, name: str) -> Scores:
        """Score what is the reader's, and give it as the reader reads it."""
        if reader != LOCAL_READER or self.looks.audit is not None:
            asked.require_names()
        plan = ReadPlan.of(reader, asked.route, asked.placed(self._placed_for(reader)))
        if plan.outside:
            raise RefusedError([asked.not_yours(pupil) for pupil in plan.outside[:MOST_PROBLEMS]])
        read = plan.read(asked.scores(name), self.model)
        if reader == LOCAL_READER and self.reader is not None:
            read = self.model.redact(read, self.reader)
        self.looks.note(reader, asked.route, plan.told, name)
        return read

    def _placed_for(self, reader: Reader) -> PlacedPupils | None:
        """Say where pupils are by the store, if there is one, and it matters."""
        everywhere = all(grant.scope == "county" for grant in reader.grants)
        return None if everywhere else self.room.placed()


def written_reply(scores: Scores) -> bytes:
    """Write the reply pupil by pupil: written at once, a large one would hold up every other request.

    ValueError if a score is no number: JSON has none such, and null would say that nothing is known.
    """
    if not all(math.isfinite(pupil.log_odds) for pupil in scores.pupils):
        raise ValueError
    parts = []
    for name, value in scores.to_dict().items():
        listed = isinstance(value, list)
        text = b"[%b]" % b",".join(map(_ENCODE, value)) if listed else _ENCODE(value)
        parts.append(b'"%b":%b' % (name.encode(), text))
    return b"{%b}" % b",".join(parts)


_ENCODE = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Prepared:
    """What the service answers with, all that its environment names, tried once."""

    model: RiskModel
    held: dict[str, Any]
    room: ReviewRoom
    reader: Role | None
    served: ServedModel

    @classmethod
    def from_environment(cls) -> Self:
        """Load it, or raise what is wrong with it."""
        place = os.environ.get("DROPOUT_RISK_MODEL", "")
        served = ServedModel.read(bundle_folder(place))
        identity_from_environment()
        Looks.from_environment(served)
        model, held = load_configured()
        return cls(model, held, ReviewRoom.from_environment(model), reply_role(model), served)


_prepared: list[Prepared] = []


def prepare_model() -> None:
    """Load what the service will answer with, ahead of its start: what is wrong is then one error of ours."""
    _prepared[:] = [Prepared.from_environment()]


@cache
def _model_gauge() -> Any:
    client = BentoMLContainer.metrics_client.get()
    words = "The model that is served"
    return client.Gauge(
        "dropout_risk_model_info", words, [*ServedModel.__annotations__], multiprocess_mode="max"
    )


def _tell_model(served: ServedModel) -> None:
    """Say which model is served, in the log and among the metrics."""
    _log.info("model name=%s version=%s manifest=%s", served.name, served.version, served.manifest)
    _model_gauge().labels(**asdict(served)).set(1)


def reply_role(model: RiskModel) -> Role | None:
    """Give the role as which replies are read; UnknownRoleError if there is none of that name."""
    name = os.environ.get("DROPOUT_RISK_REPLY_ROLE", "")
    return role_named(name, roles_of(model.settings)) if name else None


def load_configured() -> tuple[RiskModel, dict[str, Any]]:
    """Load the model and what is held beside it, and answer the contract's example with them once."""
    model = load_model(os.environ.get("DROPOUT_RISK_MODEL", ""))
    held = {
        "calendar": load_calendar(os.environ.get("DROPOUT_RISK_CALENDAR", "")),
        "context": load_context(os.environ.get("DROPOUT_RISK_CLASS_CONTEXT", "")),
    }
    example = files("dropout_risk.scoring") / "contract" / "score.request.example.json"
    willing = replace(model, allow_synthetic=True)  # the example's pupils are made up
    score_request(willing, SCORE.read(example.read_bytes()), **held)
    return model, held


def load_model(place: str) -> RiskModel:
    """Load the model from a folder or from the MLflow store; BundleError if there is no sound bundle there.

    SettingsError if no place is given; BundleError, too, if it is not the model that the service was started
    with.
    """
    folder = bundle_folder(place)
    allowed = os.environ.get("DROPOUT_RISK_ALLOW_SYNTHETIC", "") == "1"
    model = RiskModel.load(folder, allow_synthetic=allowed)
    ServedModel.read(folder).require_pinned()
    return model


def load_calendar(place: str) -> pd.DataFrame | None:
    """Read the school days, if any are given.

    SettingsError if the file cannot be read or has no column of dates.
    """
    if not place:
        return None
    try:
        days = pd.read_csv(Path(place), dtype=str)
    except (OSError, ValueError) as error:
        raise SettingsError(
            "DROPOUT_RISK_CALENDAR cannot be read.", hint="give the path of a CSV file"
        ) from error
    if "date" not in days:
        raise SettingsError(
            "DROPOUT_RISK_CALENDAR has no column date.", hint="columns: date, school_id, is_school_day"
        )
    return days


def load_context(place: str) -> ClassContext | None:
    """Read what is known of classes, if it is given; a request's own ``class_context`` goes before it.

    SettingsError if the file cannot be read or does not hold class context rows.
    """
    if not place:
        return None
    try:
        return ClassContext.from_rows(json.loads(Path(place).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError(
            "DROPOUT_RISK_CLASS_CONTEXT cannot be read.", hint="give a JSON file of ClassContext.to_rows()"
        ) from error
