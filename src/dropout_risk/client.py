"""A client of the scoring service: typed requests and replies over HTTP, for who runs it elsewhere.

It needs httpx alone: ``pip install "dropout-risk[client]"``.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NotRequired, Self, TypedDict, cast

from dropout_risk.errors import MissingExtraError, RefusedReplyError

__all__ = ["AnswersReply", "RowProblem", "ScoreReply", "ScoredPupil", "ScoringClient", "ToldReason"]

if TYPE_CHECKING:
    import httpx

CONTRACT = "1"
"""The version of the contract that it speaks."""
COME_AGAIN = (429, 503)
_LONGEST_WAIT = 30.0
Speech = Literal["zh", "en"]
PupilId = str | int


class RowProblem(TypedDict):
    """A row or a pupil that was not used; ``index`` is that of the request."""

    index: int
    student_id: PupilId | None
    code: str
    field: str
    message: str
    hint: str


class ToldReason(TypedDict):
    """One reason of a score; ``contribution`` is in log-odds."""

    feature: str
    domain: str
    cause: str
    value: float | None
    text: str
    contribution: float
    points: float
    missing: bool
    actionable: bool


class ScoredPupil(TypedDict):
    """One pupil's risk with its reasons."""

    student_id: PupilId
    risk: float
    interval: list[float]
    band: str
    rank_in_school: int | None
    base_log_odds: float
    log_odds: float
    domains: dict[str, float]
    causes: dict[str, float]
    raising: list[ToldReason]
    lowering: list[ToldReason]
    other: float
    alerts: list[dict[str, Any]]
    missing: list[str]
    warnings: list[str]
    suggested_help: list[dict[str, Any]]
    withheld: NotRequired[list[str]]


class ScoreReply(TypedDict):
    """The reply of ``/score``, ``/score_features`` and ``/score_stored``."""

    as_of: str | None
    request_id: str
    language: Speech
    model: dict[str, Any]
    results: list[ScoredPupil]
    errors: list[RowProblem]


class AnswersReply(TypedDict):
    """The reply of ``/explain/change`` and ``/what_if``."""

    before: NotRequired[str]
    as_of: str
    request_id: str
    language: Speech
    model: dict[str, Any]
    results: list[dict[str, Any]]
    errors: list[RowProblem]
    warnings: list[dict[str, Any]]


class ScoringClient:
    """Asks one service.

    Parameters
    ----------
    url : str
        Where it is, such as ``http://127.0.0.1:3000``.
    key : str
        An API key or a web token, for a service that asks who its readers are.
    timeout : float, default=60
        Seconds until a request is given up.
    tries : int, default=3
        How often a request is sent that the service has no room for; it waits as long as it is told to.
    transport : httpx.BaseTransport, optional
        Another way to the service, for tests.

    Raises
    ------
    MissingExtraError
        Without httpx.

    Examples
    --------
    Without ``transport`` it asks the service at ``url``; this one stands in its place in tests.

    >>> import httpx
    >>> told = {"results": [{"student_id": "p-1", "band": "watch"}], "errors": []}
    >>> stand_in = httpx.MockTransport(lambda request: httpx.Response(200, json=told))
    >>> with ScoringClient("http://127.0.0.1:3000", transport=stand_in) as client:
    ...     reply = client.score([{"student_id": "p-1", "grade_level": 8}], as_of="2025-03-03")
    ...     [pupil["band"] for pupil in reply["results"]]
    ['watch']
    """

    def __init__(
        self, url: str, key: str = "", *, timeout: float = 60, tries: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        try:
            import httpx
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                "The client needs httpx.", hint='pip install "dropout-risk[client]"'
            ) from error
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._tries = max(1, tries)
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def score(
        self, students: Sequence[Mapping[str, Any]], as_of: str, *, language: Speech = "zh", **more: Any
    ) -> ScoreReply:
        """Score up to 200 pupils from their raw records; ``more`` are further fields of the contract.

        RefusedReplyError if the service refuses, or cannot be reached.
        """
        body = {"as_of": as_of, "students": list(students), "language": language} | more
        return cast(ScoreReply, self._posted("/score", body))

    def score_features(self, rows: Sequence[Mapping[str, Any]], *, language: Speech = "zh") -> ScoreReply:
        """Score up to 10,000 rows of ready features."""
        return cast(ScoreReply, self._posted("/score_features", {"rows": list(rows), "language": language}))

    def score_stored(
        self, ids: Sequence[PupilId], *, as_of: str | None = None, language: Speech = "zh"
    ) -> ScoreReply:
        """Score up to 200 pupils of the service's store."""
        return cast(ScoreReply, self._posted("/score_stored", _stored_body(ids, as_of, language)))

    def explain_change(
        self, ids: Sequence[PupilId], before: str, *, as_of: str | None = None, language: Speech = "zh"
    ) -> AnswersReply:
        """Ask why the risks of pupils of the store changed since a day."""
        body = _stored_body(ids, as_of, language) | {"before": before}
        return cast(AnswersReply, self._posted("/explain/change", body))

    def what_if(
        self, ids: Sequence[PupilId], *, most: int = 3, as_of: str | None = None, language: Speech = "zh"
    ) -> AnswersReply:
        """Ask what would bring the risks of up to 20 pupils of the store below a target."""
        return cast(
            AnswersReply, self._posted("/what_if", _stored_body(ids, as_of, language) | {"most": most})
        )

    def change_of_records(
        self, students: Sequence[Mapping[str, Any]], before: str, as_of: str, *, language: Speech = "zh",
        **more: Any,
    ) -> AnswersReply:  # fmt: skip
        """Ask why risks changed between two days, from raw records; ``more`` as for :meth:`score`."""
        body = {"before": before, "as_of": as_of, "students": list(students), "language": language} | more
        return cast(AnswersReply, self._posted("/explain/change", body))

    def what_if_of_records(
        self, students: Sequence[Mapping[str, Any]], as_of: str, *, most: int = 3, language: Speech = "zh",
        **more: Any,
    ) -> AnswersReply:  # fmt: skip
        """Ask what would bring the risks of up to 20 pupils below a target, from raw records."""
        body = {"as_of": as_of, "students": list(students), "most": most, "language": language} | more
        return cast(AnswersReply, self._posted("/what_if", body))

    def feedback(self, student_id: PupilId, answers: Mapping[str, str]) -> dict[str, Any]:
        """Say of a pupil's reasons, by feature, whether they are right; counted once however often sent."""
        return self._posted("/feedback", {"student_id": student_id, "answers": dict(answers)})

    def model(self) -> dict[str, Any]:
        """Ask which model answers, and what its numbers mean."""
        return self._asked("GET", "/model", None)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """Be used in a ``with`` statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def _posted(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._asked("POST", path, body)

    def _asked(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        """Ask, and ask again under the same name where the service says when to."""
        import httpx

        named = {"X-Request-ID": uuid.uuid4().hex}
        for left in range(self._tries - 1, -1, -1):
            try:
                reply = self._http.request(method, f"/v{CONTRACT}{path}", json=body, headers=named)
            except httpx.HTTPError as error:
                raise RefusedReplyError(
                    f"The service cannot be reached: {type(error).__name__}.", hint="check url and network"
                ) from error
            if reply.status_code == 200:
                return dict(reply.json())
            if reply.status_code not in COME_AGAIN or not left:
                break
            time.sleep(min(float(reply.headers.get("retry-after", 1)), _LONGEST_WAIT))
        raise refused_reply(reply)


def _stored_body(ids: Sequence[PupilId], as_of: str | None, language: Speech) -> dict[str, Any]:
    told = {} if as_of is None else {"as_of": as_of}
    return {"student_ids": list(ids), "language": language} | told


def refused_reply(reply: httpx.Response) -> RefusedReplyError:
    """Word a refusal: its first problem, with all of them, the status and the name of the request beside."""
    try:
        told = reply.json()
        first, problems = told["error"], told["problems"]
        words = f"The service refused ({first['code']}): {first['message']}"
        error = RefusedReplyError(words, hint=first["hint"])
        error.problems, error.request_id = list(problems), str(told["request_id"])
    except (ValueError, KeyError, TypeError):
        error = RefusedReplyError(f"The service answered with status {reply.status_code} and no reason.")
    error.status = reply.status_code
    return error
