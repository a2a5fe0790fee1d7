"""The port to group robots, mail and webhooks, by apprise; what it leaves open is looked at on the wire.

Apprise says *failure* of a refused connection and of an answer that came too late alike, and *success* of a
robot that answers ``200 OK`` with an error in its body. So each exchange by HTTP is watched.
"""

from __future__ import annotations

import errno
import json
import logging
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from dropout_risk.casebook.notices.ports import Failed, SendResult, Sent, Unsure
from dropout_risk.errors import MissingExtraError

if TYPE_CHECKING:
    import requests

_TALKATIVE = {"apprise": logging.DEBUG, "urllib3.connectionpool": logging.CRITICAL}
"""Loggers whose lines hold addresses, and what is heard of them while something is sent."""
_ERRORS = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, -2, -3, -5)
_NOT_CONNECTED = re.compile(rf"Socket Exception: \[Errno ({'|'.join(map(str, _ERRORS))})\]")
"""What apprise notes of other ways than HTTP, such as mail, where no connection came about."""
_NOT_TAKEN = frozenset({301, 307, 308, 503}) | frozenset(range(400, 500)) - {408}
"""Answers by which a server says that it did not take a message; after the others it may have."""


class ApprisePort:
    """Sends by apprise.

    Parameters
    ----------
    addresses : mapping of str to str
        By name of the channel; those that apprise does not read are named by ``unread``.
    """

    def __init__(self, addresses: Mapping[str, str]) -> None:
        try:
            import apprise
        except ImportError as error:
            raise MissingExtraError(
                "apprise is not installed.", hint='pip install "dropout-risk[notify]"'
            ) from error
        self._senders: dict[str, apprise.Apprise] = {}
        with _hushed_loggers():
            for name, address in addresses.items():
                sender = apprise.Apprise()
                if sender.add(address) and len(sender):
                    self._senders[name] = sender
        for sender in self._senders.values():
            for server in sender:  # an address may ask for more tries, and for failures to be passed over
                server.retry, server.optional, server.redirects = 0, False, False
        self.unread = sorted(addresses.keys() - self._senders.keys())

    def __repr__(self) -> str:
        """Count; an address belongs into no log."""
        return f"<ApprisePort: {len(self._senders)}>"

    def knows(self, to: str) -> bool:
        """Say whether it has a channel of a name."""
        return to in self._senders

    def send(self, to: str, text: str) -> SendResult:
        """Send a text once."""
        sender, noted = self._senders[to], list[str]()
        with _hushed_loggers(), _watched_exchanges() as seen:
            try:
                result = sender.notify(
                    body=text,
                    body_format="text",
                    log_callback=lambda entry, _server: noted.append(str(entry.message)),
                    log_level=logging.DEBUG,
                )
            except Exception:  # whatever it was: the message may have left
                return Unsure("unclear")
        if seen:
            return _summed_result(seen, result.status.name)
        if len(sender) == 1 and any(map(_NOT_CONNECTED.match, noted)):
            return Failed("unreachable")
        return _RESULTS.get(result.status.name, Unsure("unclear"))


_RESULTS: dict[str, SendResult] = {
    "SUCCESS": Sent(),
    "NOMATCH": Failed("no_server"),
    "TIMEOUT": Unsure("timeout"),
    "PARTIAL": Unsure("partial"),
}
"""By apprise's word; of a failure that nobody saw on the wire nothing is known."""


def _summed_result(seen: Sequence[SendResult], status: str) -> SendResult:
    """Sum up what was seen, an exchange each: a message may need several, and go to several people."""
    kinds = {type(result) for result in seen}
    if kinds == {Sent}:
        return Sent() if status == "SUCCESS" else Unsure("unclear")
    if kinds == {Failed} or (kinds == {Unsure} and len(seen) == 1):
        return seen[0]
    return Unsure("partial")


@contextmanager
def _watched_exchanges() -> Iterator[list[SendResult]]:
    """Watch what ``requests`` sends meanwhile: apprise tells neither the answer nor the kind of error."""
    import requests

    seen, send = list[SendResult](), requests.Session.send

    def watch(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> Any:
        try:
            response = send(session, request, **options)
        except requests.RequestException as error:
            seen.append(_judged_error(error))
            raise
        seen.append(_judged_answer(response))
        return response

    with patch.object(requests.Session, "send", watch):
        yield seen


def _judged_error(error: requests.RequestException) -> SendResult:
    import requests
    from urllib3.exceptions import NewConnectionError

    cause = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(error, requests.ConnectTimeout) or isinstance(cause, NewConnectionError):
        return Failed("unreachable")
    if any(isinstance(part, ssl.SSLCertVerificationError) for part in getattr(cause, "args", ())):
        return Failed("refused")
    return Unsure("timeout" if isinstance(error, requests.Timeout) else "broken_off")


def _judged_answer(response: requests.Response) -> SendResult:
    """Judge an answer; robots of WeCom and DingTalk refuse with ``200 OK`` and an ``errcode``."""
    if response.status_code in _NOT_TAKEN:
        return Failed("refused")
    if not 200 <= response.status_code < 300:
        return Unsure("unclear")
    try:
        body = json.loads(response.content)
    except ValueError:
        return Sent()
    return Failed("refused") if isinstance(body, dict) and body.get("errcode") else Sent()


@contextmanager
def _hushed_loggers() -> Iterator[None]:
    """Keep addresses out of every log meanwhile; apprise's own ear hears all of it."""
    before = []
    for name, level in _TALKATIVE.items():
        logger = logging.getLogger(name)
        before.append((logger, logger.level, logger.propagate, logger.handlers))
        logger.setLevel(level)
        logger.propagate, logger.handlers = False, [logging.NullHandler()]
    try:
        yield
    finally:
        for logger, level, propagate, handlers in before:
            logger.setLevel(level)
            logger.propagate, logger.handlers = propagate, handlers
