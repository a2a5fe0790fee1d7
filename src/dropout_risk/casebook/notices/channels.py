"""The file of channels: where each channel leads. Its addresses are secrets, and in no book."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from dropout_risk.casebook.notices.ports import LinePort, Port, PortByChannel
from dropout_risk.casebook.tables import NO_CHANNEL
from dropout_risk.errors import NoticeError

_FILE = "file:"
_FORM = f'lines such as "grade 8" = "wecombot://..." or "{_FILE}notices.txt", each address once'


def read_channels(path: str | Path) -> Port:
    """Read a TOML file of channels, each with an address of apprise, or with a file that takes lines.

    Raises
    ------
    NoticeError
        With all that is wrong in it, by the names of channels: no address is ever shown.
    MissingExtraError
        If an address is apprise's, and apprise is not installed.
    """
    path = Path(path)
    named = _read_addresses(path)
    files = {
        name: path.absolute().parent / address.removeprefix(_FILE)
        for name, address in named.items()
        if address.startswith(_FILE)
    }
    others = {name: address for name, address in named.items() if name not in files}
    if not others:
        return LinePort(files)
    from dropout_risk.casebook.notices.apprise_port import ApprisePort

    port = ApprisePort(others)
    if port.unread:
        raise _channels_error(path, [f"{name}: no address that apprise reads" for name in port.unread])
    return PortByChannel(LinePort(files), port)


def _read_addresses(path: Path) -> Mapping[str, str]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise NoticeError(f"{path.name} cannot be read: {error.strerror}.", hint=_FORM) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):  # whose words may hold an address
        raise NoticeError(f"{path.name} is not TOML in UTF-8.", hint=_FORM) from None
    texts = {name: address.strip() for name, address in data.items() if isinstance(address, str)}
    often = Counter(texts.values())
    problems = [f"{name}: its address is no text" for name in data.keys() - texts.keys()]
    problems += [f"{name}: its address is empty" for name, address in texts.items() if not address]
    problems += [f"{name}: no channel may be called so" for name in texts if name == NO_CHANNEL]
    problems += [
        f"{name}: another channel has the same address"
        for name, address in texts.items()
        if address and often[address] > 1
    ]
    if not data:
        problems.append("it names no channel")
    if problems:
        raise _channels_error(path, problems)
    return texts


def _channels_error(path: Path, problems: list[str]) -> NoticeError:
    return NoticeError(f"{path.name} has {len(problems)} problem(s): {'; '.join(problems)}.", hint=_FORM)
