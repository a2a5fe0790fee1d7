"""What would change a score: the smallest changes of the record that bring the risk below a target."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Floats, Longs, Positions
from dropout_risk.catalogue.levers import LEVERS, Lever
from dropout_risk.errors import SettingsError
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.cohort import Source, histories_of, members_on
from dropout_risk.features.compute import compute_features
from dropout_risk.kernels import blocks
from dropout_risk.records.days.calendar import DateLike
from dropout_risk.scoring.changes.changed_records import ChangeableRecords
from dropout_risk.scoring.model_parts import ModelParts
from dropout_risk.scoring.population import Population
from dropout_risk.scoring.score_rows import row_errors
from dropout_risk.scoring.scores import NOT_AT_SCHOOL, Answers, RowError, pupil_refusal
from dropout_risk.settings import BandSettings
from dropout_risk.text import Language, Text, percent_text

# --- Answers to what would change a score, in words: options, each with the risk that the model gives ---

NOTE = Text(
    zh="这只是模型按另一种记录重新计算的结果，不是承诺，也不能保证学生因此留下来。",
    en="This is the model's arithmetic on another record and not a promise: nobody knows whether the change "
    "would keep the pupil at school.",
)
_IF = Text(zh="如果{changes}，风险为{risk}（现为{now}）", en="If {changes}: {risk} instead of {now}")
_END, _OR = Text(zh="。", en=". "), Text(zh="或者，", en="Or: ")
_AND = Text(zh="，并且", en=", and ")
_NOT_ENOUGH = Text(zh="，仍未低于{target}", en=", still not below {target}")
_NOTHING = Text(
    zh="在可以改变的出勤和成绩里，没有哪一项会明显降低这个风险",
    en="Nothing in attendance or marks that can be changed would lower this risk by much",
)
_BELOW = Text(zh="风险已低于{target}", en="The risk is below {target} already")


@dataclass(frozen=True)
class LeverChange:
    """One change of the record, by a lever of the catalogue; ``text`` says it, to stand after "if".

    ``size`` counts the last school days, or is a share of full marks.
    """

    lever: str
    domain: str
    label: str
    size: float
    text: str


@dataclass(frozen=True)
class Option:
    """Changes that belong together, all of them needed, and the risk that the model gives with them.

    ``reached`` says whether that is below the target.
    """

    changes: tuple[LeverChange, ...]
    risk: float
    reached: bool
    text: str

    @classmethod
    def of(
        cls, changes: tuple[LeverChange, ...], risk: float, now: float, target: float, language: Language
    ) -> Self:
        """Word changes with the risk that comes of them, and say so where it does not reach the target."""
        joined = _AND.to(language).join(part.text for part in changes)
        shown = percent_text(risk)
        if risk >= target and shown == percent_text(target):
            shown = f"{risk:.1%}"  # "5%, still not below 5%" would be no sentence
        text = _IF.fill(language, changes=joined, risk=shown, now=percent_text(now))
        if risk >= target:
            text += _NOT_ENOUGH.fill(language, target=percent_text(target))
        return cls(changes, risk, bool(risk < target), text)


@dataclass(frozen=True)
class WhatIf:
    """What would change one pupil's score.

    Parameters
    ----------
    student_id : str or int
        As given.
    as_of : date
        The date of the score.
    risk, target : float
        The risk as it is, and the one that options should lie below.
    options : tuple of Option
        At most three, the smallest first; where nothing reaches the target, the one that lowers the risk
        most; none where nothing lowers it or it is below the target.
    note : str
        What this is, and what it is not.
    text : str
        All options and the note.
    language : {"zh", "en"}
        The language of all words.
    """

    student_id: str | int
    as_of: dt.date
    risk: float
    target: float
    options: tuple[Option, ...]
    note: str
    text: str
    language: Language

    def to_dict(self) -> dict[str, Any]:
        """Write the answer as plain data."""
        options = [
            item.__dict__ | {"changes": [dict(part.__dict__) for part in item.changes]}
            for item in self.options
        ]
        return self.__dict__ | {"as_of": self.as_of.isoformat(), "options": options}


def with_options(made: WhatIf, options: tuple[Option, ...], *, complete: bool = True) -> WhatIf:
    """Give an answer with other options, and its text written from them.

    Where they are not complete, nothing is said of there being none.
    """
    end = _END.to(made.language)
    said = (end + _OR.to(made.language)).join(option.text for option in options)
    if not said and complete:
        below = made.risk < made.target
        said = (_BELOW if below else _NOTHING).fill(made.language, target=percent_text(made.target))
    return replace(made, options=options, text=said + end + made.note if said else made.note)


OPTIONS = 3
PUPILS_AT_ONCE = 64
_ROUNDING = 1e-12


def what_if(
    model: ModelParts,
    records: Source,
    as_of: DateLike,
    pupils: npt.ArrayLike | None = None,
    *,
    most: int = 3,
    target: float | None = None,
    context: ClassContext | None = None,
    language: Language | None = None,
    levers: Sequence[Lever] = LEVERS,
) -> Answers[WhatIf]:
    """Find the smallest changes of the record that would bring risks below a target.

    Every combination of the levers' steps is tried on the pupil's own record, and scored like any other
    record: one change, else two, and so on. Class averages stay as they are.

    Parameters
    ----------
    model : ModelParts
        What scores.
    records : SchoolRecords or Histories
        Of all pupils that a class context may be made from.
    as_of : date
        The as-of date.
    pupils : array of int, or sequence of str, optional
        Row numbers or ids of the pupils; by default everyone at school on the date.
    most : int, default=3
        Changes that one option may need.
    target : float, optional
        The risk to get below; by default the lower end of the pupil's band, in the lowest half of the risk.
    context : ClassContext, optional
        What is known of classes; by default made from the records.
    language : {"zh", "en"}, optional
        The language of the sentences; by default that of the settings.
    levers : sequence of Lever, optional
        What may change; by default :data:`dropout_risk.catalogue.levers.LEVERS`.

    Returns
    -------
    tuple of WhatIf
        One for each pupil, with ``errors``: pupils who were not at school.

    Raises
    ------
    UnknownPupilError
        If a pupil asked for is not in the histories.
    DateError
        If nobody was at school on the date.
    SettingsError
        If the language is unknown, or ``most`` or ``target`` is impossible.
    """
    language = model.settings.language if language is None else language
    NOTE.to(language)  # an unknown language is an error before any work
    if most < 1:
        raise SettingsError(f"most counts the changes of one option: 1 or more, got {most}.")
    if target is not None and not 0 < target < 1:
        raise SettingsError(f"target is a risk between 0 and 1, got {target}.")
    population = Population.of(model, histories_of(records), as_of, context=context, language=language)
    chosen = population.chosen(pupils)
    search = _Search(population, tuple(levers), most, target)
    found: list[WhatIf] = []
    errors: list[RowError] = []
    for part in blocks(len(chosen), PUPILS_AT_ONCE):
        answers = search.answer(chosen[part], first=part.start)
        found += answers
        errors += answers.errors
    return Answers(found, errors)


def target_of(risk: float, bands: BandSettings) -> float:
    """Give the risk to get below: the lower end of the band, and in the lowest band half of the risk.

    >>> target_of(0.4, BandSettings()), target_of(0.1, BandSettings()), target_of(0.04, BandSettings())
    (0.3, 0.05, 0.02)
    """
    return max((limit for limit in bands.limits.values() if limit <= risk), default=risk / 2) or risk / 2


class _Candidates(NamedTuple):
    """Steps of each lever, whose record they change, and the risk that comes of it (NaN: not allowed)."""

    pupil: Longs
    steps: Longs
    risk: Floats


@dataclass(frozen=True, eq=False)
class _Search:
    """The search among all combinations of levels, the smallest first."""

    population: Population
    levers: tuple[Lever, ...]
    most: int
    target: float | None

    def answer(self, pupils: Positions, *, first: int) -> Answers[WhatIf]:
        """Answer for some pupils; ``first`` is the index of the first of them."""
        table, language = self.population.table, self.population.language
        ids = table.snapshot.histories.students["student_id"]
        rows = self.population.block(pupils, sentences=False)
        errors = {error.index - first: error for error in row_errors(rows, first)}
        for index in np.flatnonzero(~members_on(table.snapshot)[pupils]).tolist():
            pupil = ids[int(pupils[index])].as_py()
            errors[index] = pupil_refusal(NOT_AT_SCHOOL, first + index, pupil, "as_of", language)
        risks = rows["risk"].to_numpy(zero_copy_only=False)
        kept = [index for index in range(len(pupils)) if index not in errors]
        options = self._options(pupils[kept], risks[kept])
        made = [
            self._written(ids[int(pupils[index])].as_py(), float(risks[index]), found)
            for index, found in zip(kept, options, strict=True)
        ]
        return Answers(made, [errors[index] for index in sorted(errors)])

    def _target(self, risk: float) -> float:
        return target_of(risk, self.population.model.settings.bands) if self.target is None else self.target

    def _options(self, pupils: Positions, risks: Floats) -> list[tuple[Option, ...]]:
        """Give each pupil's options: those of one change, else those of two, and so on."""
        snapshot = self.population.table.snapshot
        records = ChangeableRecords.of(snapshot.histories.take(pupils).on(snapshot.as_of), self.levers)
        levels = [
            [records.levels(pupil, index) for index in range(len(self.levers))]
            for pupil in range(len(pupils))
        ]
        found: list[tuple[Option, ...]] = [()] * len(pupils)
        best: list[tuple[float, Longs] | None] = [None] * len(pupils)
        left = [pupil for pupil in range(len(pupils)) if risks[pupil] >= self._target(risks[pupil])]
        for size in range(1, min(self.most, len(self.levers)) + 1):
            tried = self._tried(pupils, records, _steps_of_size(size, levels, left))
            for pupil in list(left):
                own = tried.pupil == pupil
                steps, outcome = tried.steps[own], tried.risk[own]
                reached = np.flatnonzero(outcome < self._target(risks[pupil]))
                if len(reached):
                    smallest = _smallest_changes(steps[reached], outcome[reached])
                    found[pupil] = tuple(
                        self._option(records, pupil, steps[reached[at]], risks[pupil], outcome[reached[at]])
                        for at in smallest
                        if percent_text(outcome[reached[at]]) != percent_text(risks[pupil])
                    )
                    left.remove(pupil)
                else:
                    best[pupil] = _better_outcome(best[pupil], steps, outcome, float(risks[pupil]))
        for pupil in left:
            strongest = best[pupil]
            if strongest is not None and _is_worth_saying(
                strongest[0], float(risks[pupil]), self._target(risks[pupil])
            ):
                risk, steps = strongest
                found[pupil] = (self._option(records, pupil, steps, risks[pupil], risk),)
        return found

    def _tried(
        self, pupils: Positions, records: ChangeableRecords, steps: list[tuple[int, ...]]
    ) -> _Candidates:
        """Score changed records by the one way there is; what would not be help has no risk."""
        rows = np.array(steps, dtype=np.int64).reshape(len(steps), 1 + len(self.levers))
        whose, changes = rows[:, 0], rows[:, 1:]
        if not len(rows):
            return _Candidates(whose, changes, np.zeros(0))
        model, table = self.population.model, self.population.table
        changed = compute_features(
            records.with_steps(whose, changes),
            table.snapshot.as_of,
            model.catalogue,
            context=table.context,
            instruments=model.instruments,
        )
        now = table.values[pupils[whose]]
        values = np.where(
            self._changeable() & ~np.isnan(now) & ~np.isnan(changed.values), changed.values, now
        )
        wrong = (np.array(model.catalogue.monotone) * np.nan_to_num(values - now) > _ROUNDING).any(axis=1)
        population = replace(
            self.population,
            table=replace(changed, values=values),
            facts=self.population.facts.take(pupils[whose]),
        )
        parts = population.blocks(np.arange(len(rows)), sentences=False)
        risk = np.concatenate([part["risk"].to_numpy(zero_copy_only=False) for part in parts])
        return _Candidates(whose, changes, np.where(wrong, np.nan, risk))

    def _changeable(self) -> npt.NDArray[np.bool_]:
        features = self.population.model.catalogue.values()
        return np.array([item.actionable and item.sensitivity == "ordinary" for item in features], dtype=bool)

    def _option(
        self, records: ChangeableRecords, pupil: int, steps: Longs, now: float, risk: float
    ) -> Option:
        changes = tuple(
            self._change(records, pupil, lever, int(number))
            for lever, number in zip(self.levers, steps, strict=True)
            if number
        )
        now = float(now)  # of numpy's numbers none goes into an answer: it is written as JSON
        return Option.of(changes, float(risk), now, self._target(now), self.population.language)

    def _change(self, records: ChangeableRecords, pupil: int, lever: Lever, steps: int) -> LeverChange:
        size, language = lever.levels[steps - 1], self.population.language
        if lever.kind == "marks":
            words: dict[str, object] = {"points": f"{100 * size:g}"}
        else:
            words = {"days": round(size), "changed": records.days_changed(pupil, lever, size)}
        text = lever.sentence.fill(language, **words)
        return LeverChange(lever.name, lever.domain, lever.label.to(language), size, text)

    def _written(self, student_id: str | int, risk: float, options: tuple[Option, ...]) -> WhatIf:
        as_of, language = self.population.table.snapshot.as_of, self.population.language
        made = WhatIf(student_id, as_of, risk, self._target(risk), options, NOTE.to(language), "", language)
        return with_options(made, options)


def _is_worth_saying(risk: float, now: float, target: float) -> bool:
    """Say whether a change that does not reach the target is worth a sentence.

    Not where it would read the same as now, or "still not below <1%".
    """
    return percent_text(risk) != percent_text(now) and percent_text(target) != _UNDER_ONE


_UNDER_ONE = percent_text(0.001)


def _steps_of_size(size: int, levels: list[list[list[int]]], pupils: Iterable[int]) -> list[tuple[int, ...]]:
    """List every combination of so many levers, all of them moved: the pupil, then steps by lever."""
    combinations = []
    for pupil in pupils:
        own = levels[pupil]
        for moved in itertools.combinations(range(len(own)), size):
            for steps in itertools.product(*(own[index] for index in moved)):
                row = [0] * len(own)
                for index, number in zip(moved, steps, strict=True):
                    row[index] = number
                combinations.append((pupil, *row))
    return combinations


def _smallest_changes(steps: Longs, risk: Floats) -> list[int]:
    """Choose, for each set of levers, the one with the fewest steps; of these the smallest few."""
    order = sorted(range(len(steps)), key=lambda at: (int(steps[at].sum()), float(risk[at]), *(-steps[at])))
    chosen: dict[tuple[bool, ...], int] = {}
    for at in order:
        chosen.setdefault(tuple((steps[at] > 0).tolist()), at)
    return list(chosen.values())[:OPTIONS]


def _better_outcome(
    best: tuple[float, Longs] | None, steps: Longs, risk: Floats, now: float
) -> tuple[float, Longs] | None:
    """Keep what lowers the risk most, by a hundredth of a percentage point at least."""
    for at in np.lexsort([steps.sum(axis=1), np.round(risk, 4)]).tolist():
        outcome, least = float(risk[at]), now if best is None else best[0]
        if not round(outcome, 4) < round(least, 4):
            return best
        return outcome, steps[at]
    return best
