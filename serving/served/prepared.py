"""What the service answers with: a model, and all that is held beside it, made once and exchanged whole."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from dropout_risk.errors import SettingsError
from dropout_risk.features.class_context import ClassContext
from dropout_risk.scoring.bundles.model_switch import try_model
from dropout_risk.scoring.readers.roles import Role, role_named, roles_of
from dropout_risk.scoring.risk_model import RiskModel
from serving.answers.tensors import about_model
from serving.gate.door import MODEL, PROTOCOL
from serving.gate.guard import identity_from_environment
from serving.gate.looks import Looks
from serving.openapi import service_description
from serving.review import ReviewRoom
from serving.served.served_model import ServedModel, load_served, present_bundle


@dataclass(frozen=True)
class Prepared:
    """A model with what is held beside it, all that the environment names, tried once.

    A request takes it once and keeps to it: whatever comes in its place meanwhile is for the next one.
    """

    model: RiskModel
    held: Mapping[str, Any]
    room: ReviewRoom
    desk: Any
    reader: Role | None
    looks: Looks
    served: ServedModel
    pages: Mapping[str, bytes]

    @classmethod
    def from_environment(cls, former: Self | None = None, folder: Path | None = None) -> Self:
        """Load it, or raise what is wrong with it; ``former`` is what it will take the place of."""
        folder = present_bundle() if folder is None else folder
        served = ServedModel.read(folder)
        identity_from_environment()
        looks = Looks.from_environment(served)
        model = load_model(folder)
        held = held_beside() if former is None else former.held
        try_model(model, **held)
        room = ReviewRoom.from_environment(model)
        room.looks = looks
        pages = {
            "/model": model.describe(),
            "/catalogue": model.catalogue.to_list(),
            "/docs.json": service_description(),
            PROTOCOL: {"name": model.name, "version": model.version, "extensions": []},
            MODEL: about_model(model),
        }
        written = {path: json.dumps(page, ensure_ascii=False).encode() for path, page in pages.items()}
        desk = _desk_room(room, None if former is None else former.desk)
        return cls(model, held, room, desk, reply_role(model), looks, served, written)


def _desk_room(room: ReviewRoom, former: Any) -> Any:
    """Open the desk where a case book is named, which then tells the review what was told before.

    Whoever is signed in stays so.
    """
    if not os.environ.get("DROPOUT_RISK_BOOK"):
        return None
    from serving.desk import DeskRoom

    desk = DeskRoom.from_environment(room)
    room.book = None if desk is None else desk.book
    if desk is not None and former is not None:
        desk.keys = former.keys
    return desk


def held_beside() -> dict[str, Any]:
    """Read what is held beside the model: school days, and what is known of classes."""
    return {
        "calendar": load_calendar(os.environ.get("DROPOUT_RISK_CALENDAR", "")),
        "context": load_context(os.environ.get("DROPOUT_RISK_CLASS_CONTEXT", "")),
    }


def reply_role(model: RiskModel) -> Role | None:
    """Give the role as which replies are read; UnknownRoleError if there is none of that name."""
    name = os.environ.get("DROPOUT_RISK_REPLY_ROLE", "")
    return role_named(name, roles_of(model.settings)) if name else None


def load_model(folder: Path) -> RiskModel:
    """Load the model; BundleError if there is no sound bundle, or it is another than was to be served."""
    model = load_served(folder)
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
