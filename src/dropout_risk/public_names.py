"""Names that a package gives and imports when they are first used, so that importing it stays quick."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from dropout_risk.errors import MissingExtraError


def given_names(
    package: str, homes: Mapping[str, str], extra: str = ""
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : str
        Its name.
    homes : mapping of str to str
        The module of the package that holds each name.
    extra : str, optional
        What the package needs beyond the core: MissingExtraError names it where it is not installed.

    Examples
    --------
    >>> look_up, _ = given_names("dropout_risk", {"Settings": "settings"})
    >>> look_up("Settings").__module__
    'dropout_risk.settings'
    """

    def look_up(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            value = getattr(import_module(f"{package}.{homes[name]}"), name)
        except ModuleNotFoundError as error:
            if not extra or (error.name or "").startswith("dropout_risk"):
                raise
            raise MissingExtraError(
                f"{package} needs {error.name}, which is not installed.",
                hint=f'pip install "dropout-risk[{extra}]"',
            ) from error
        setattr(sys.modules[package], name, value)
        return value

    def list_names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return look_up, list_names
