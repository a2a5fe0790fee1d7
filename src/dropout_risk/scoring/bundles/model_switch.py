"""The switch: a folder that says which model a running service answers with, and keeps what it says.

Every model it ever named is kept beside it as a copy, under its manifest, so that the way back never depends
on what became of a folder or an alias meanwhile.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from itertools import cycle
from pathlib import Path
from typing import Any

from dropout_risk.errors import SettingsError
from dropout_risk.files import output_errors, replacing_folder, write_whole
from dropout_risk.records.statuses import STATUSES
from dropout_risk.scoring.bundles.bundle import find_bundle, read_bundle
from dropout_risk.scoring.request import score_features_request, score_request
from dropout_risk.scoring.risk_model import RiskModel

TOLD, BUNDLES = "switch.json", "bundles"
MOST_FORMER = 5
WITHIN = 20
"""Seconds after which all workers answer with a new model: each loads it and tries it before."""


@dataclass(frozen=True)
class NamedModel:
    """A model by its name, its version and the hash of its manifest, which vouches for every byte."""

    name: str
    version: str
    manifest: str

    def __str__(self) -> str:
        """Name it as logs do."""
        return f"{self.name} {self.version} ({self.manifest[:12]})"


@dataclass(frozen=True)
class SwitchState:
    """What the switch says.

    Parameters
    ----------
    champion : NamedModel
        Who answers, from the time ``since`` on (seconds since 1970); until then the first of ``former`` does.
    former : tuple of NamedModel
        Who answered before, the last one first.
    challenger : NamedModel or None
        Who is asked the same, and not heard.
    followed : str
        The manifest that an alias named last, so that a way back is not undone by it.
    """

    champion: NamedModel
    since: float = 0.0
    former: tuple[NamedModel, ...] = ()
    challenger: NamedModel | None = None
    followed: str = ""

    def answers_at(self, now: float) -> NamedModel:
        """Say who answers at a time.

        >>> one, two = NamedModel("county", "1", "a" * 64), NamedModel("county", "2", "b" * 64)
        >>> state = SwitchState(two, since=100.0, former=(one,))
        >>> state.answers_at(99.0).version, state.answers_at(100.0).version
        ('1', '2')
        """
        return self.champion if now >= self.since or not self.former else self.former[0]

    @property
    def named(self) -> tuple[NamedModel, ...]:
        """Every model that it names."""
        return (self.champion, *self.former, *([self.challenger] if self.challenger else []))


@dataclass(frozen=True)
class ModelSwitch:
    """The folder of a switch."""

    folder: Path

    def state(self) -> SwitchState:
        """Read what it says; SettingsError if it says nothing."""
        try:
            told = json.loads((self.folder / TOLD).read_text(encoding="utf-8"))
            challenger = told["challenger"]
            return SwitchState(
                NamedModel(**told["champion"]),
                float(told["since"]),
                tuple(NamedModel(**model) for model in told["former"]),
                None if challenger is None else NamedModel(**challenger),
                str(told["followed"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"{self.folder} holds no switch.",
                hint="make one with: dropout-risk model use MODEL --switch DIR",
            ) from error

    @property
    def is_there(self) -> bool:
        """Whether it says anything yet."""
        return (self.folder / TOLD).exists()

    def bundle_of(self, model: NamedModel) -> Path:
        """Give the folder of a model that it names."""
        return self.folder / BUNDLES / model.manifest

    def use(self, place: str | Path, *, within: float = WITHIN, followed: bool = False) -> NamedModel:
        """Let a model answer from a moment on; it is tried first, and kept.

        BundleError if there is no sound bundle, or what else its model refuses; OutputError if the disk does.
        """
        with self._locked():
            model = self._kept(place)
            state = self.state() if self.is_there else SwitchState(model)
            self._turn_to(model, replace(state, followed=model.manifest) if followed else state, within)
        return model

    def back(self, *, within: float = WITHIN) -> NamedModel:
        """Let the one before answer again, and the next time the other; SettingsError if there is none."""
        with self._locked():
            state = self.state()
            if not state.former:
                raise SettingsError(
                    "No model answered before this one.", hint="dropout-risk model use MODEL --switch DIR"
                )
            self._turn_to(state.former[0], state, within)
        return state.former[0]

    def shadow(self, place: str | Path | None) -> NamedModel | None:
        """Let a model be asked the same as the one that answers; None ends it."""
        with self._locked():
            model = None if place is None else self._kept(place)
            self._write(replace(self.state(), challenger=model))
        return model

    def _turn_to(self, model: NamedModel, state: SwitchState, within: float) -> None:
        """Write who answers from a moment on; whoever answers already goes on at once."""
        now = time.time()
        answering = state.answers_at(now)
        former = state.former if now < state.since else (state.champion, *state.former)
        former = tuple(one for one in former if one != model)[:MOST_FORMER]
        since = 0.0 if model == answering else now + within
        self._write(replace(state, champion=model, since=since, former=former))

    def _kept(self, place: str | Path) -> NamedModel:
        """Verify and try a bundle, and keep a copy of it under its manifest."""
        source = find_bundle(place)
        held, about = read_bundle(source)
        manifest = (source / "manifest.json").read_bytes()
        model = NamedModel(str(about["name"]), str(about["version"]), str(json.loads(manifest)["sha256"]))
        try_model(RiskModel.load(source))
        kept = self.bundle_of(model)
        if not kept.exists():
            with output_errors(kept):
                kept.parent.mkdir(parents=True, exist_ok=True)
                with replacing_folder(kept) as fresh:
                    for name, content in {**held, "manifest.json": manifest}.items():
                        (fresh / name).write_bytes(content)
        return model

    def _write(self, state: SwitchState) -> None:
        write_whole(self.folder / TOLD, json.dumps(asdict(state), ensure_ascii=False, indent=1) + "\n")
        named = {model.manifest for model in state.named}
        for kept in (self.folder / BUNDLES).iterdir():
            if kept.name not in named:
                shutil.rmtree(kept, ignore_errors=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one command at a time change it."""
        with output_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / ".lock").open("w") as held:
                fcntl.flock(held, fcntl.LOCK_EX)
                yield


_DAYS = [str(dt.date(2025, 2, 28) - dt.timedelta(days)) for days in range(120)]
_EVERYTHING: dict[str, Any] = {
    "student_id": "w-1", "school_id": "w", "class_id": "w-1", "grade_level": 8, "enrolled_on": "2023-09-01",
    "unrecorded": "present", "registered_to": "2025-02-28",
    "attendance": [
        {"date": day, "session": session, "status": status, "recorded_on": "2025-03-01"}
        for day, status in zip(_DAYS, cycle(STATUSES.words), strict=False)
        for session in ("am", "pm")
    ],
    "attendance_totals": [
        {"period_start": f"2024-{month}-01", "period_end": f"2024-{month}-28", "days_enrolled": 20,
         "days_absent": 3, "days_late": 1}
        for month in ("10", "11")
    ],
    "grades": [
        {"date": day, "subject": subject, "exam": day, "score": score, "max_score": 100}
        for day, score in (("2025-02-20", 55), ("2024-11-08", 70), ("2025-01-10", 40))
        for subject in ("maths", "chinese", "english")
    ],
    "wellbeing": [
        {"date": f"2024-{month}-15", "instrument": "MHT", "scale": "total", "score": 40, "valid": is_valid}
        for month, is_valid in (("09", True), ("12", False))
    ],
    "family": [
        {"factor": "left_behind", "value": value, "valid_from": day}
        for day, value in (("2024-09-01", True), ("2024-12-01", False), ("2025-01-01", "unknown"))
    ],
    "discipline": [{"date": "2025-01-15", "kind": "fight", "days": 1}],
}  # fmt: skip
"""A made-up pupil of whom there is a row of every table, something odd in each, and many rows in no order."""


def try_model(model: RiskModel, **held: Any) -> None:
    """Answer the contract's example with a model, and ask about a pupil of whom everything is known.

    All compiled loops are there after that: none is left to be compiled while somebody waits.
    """
    model = replace(model, allow_synthetic=True)  # these pupils are made up
    example = files("dropout_risk.scoring") / "contract" / "score.request.example.json"
    score_request(model, json.loads(example.read_bytes()), **held)
    alone = {"as_of": "2025-03-03", "language": "en", "students": [_EVERYTHING, {"student_id": "w-2"}]}
    score_request(model, alone, **held)
    known = dict.fromkeys(list(model.catalogue)[:1], 0.0)
    score_features_request(model, {"rows": [{"features": known}, {"features": {}}], "language": "zh"})
