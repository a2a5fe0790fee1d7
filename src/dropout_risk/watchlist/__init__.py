"""The morning's watch list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.watchlist.group import WatchEntry, WatchGroup
    from dropout_risk.watchlist.state import ListState
    from dropout_risk.watchlist.watch_list import WatchList

__all__ = ["ListState", "WatchEntry", "WatchGroup", "WatchList"]
_HOMES = {"ListState": "state", "WatchEntry": "group", "WatchGroup": "group", "WatchList": "watch_list"}

__getattr__, __dir__ = given_names("dropout_risk.watchlist", _HOMES)
