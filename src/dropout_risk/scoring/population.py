"""A whole population, scored block by block: the one way from histories to rows of scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.register_facts import RegisterFacts
from dropout_risk.alerts.rules import alerts_on
from dropout_risk.alerts.silence import RegisterQuestion, register_questions
from dropout_risk.arrays import Bools, Floats, Ints, Longs, Positions
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import DateError, FeatureInputError, UnknownPupilError, nearest
from dropout_risk.explanation.backgrounds import NO_LEVEL
from dropout_risk.explanation.contributions import Contributions
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.cohort import came_after_outcome, members_on
from dropout_risk.features.compute import FeatureTable, compute_features
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.kernels import blocks, prefetch
from dropout_risk.modelling.group_profiles import ALIKE
from dropout_risk.progress import progress_line
from dropout_risk.records.days.calendar import DateLike, date_of
from dropout_risk.scoring.explained_scores import ExplainedScores
from dropout_risk.scoring.model_parts import ModelParts
from dropout_risk.scoring.remarks.refused_notes import RefusedNotes, refuse_broken_families
from dropout_risk.scoring.remarks.unlike_groups import (
    UnlikeClasses,
    UnlikeGroup,
    reaches_everywhere,
    widened_interval,
)
from dropout_risk.scoring.risks import Evidence, Risks
from dropout_risk.scoring.score_writer import IDS, WrittenScores, whole_array, writer_of
from dropout_risk.scoring.scores import PupilScore, RowError
from dropout_risk.text import Language, Text, fill_english

BLOCK_SIZE = 8192
PAST_DAYS = 84
"""A pupil's own past is what was known twelve weeks before: about 60 school days."""
Progress = Callable[[int, int], None]
"""Told how many pupils are done, of how many."""
_CAME_AFTER_OUTCOME = Text(
    zh="学籍变动记为已离校，但此后仍有出勤：按在校评分，请核对该变动",
    en="An outcome says that this pupil left, yet attendance has gone on since: it is scored as at school. "
    "Check the outcome.",
)


def score_blocks(
    model: ModelParts,
    histories: Histories,
    as_of: DateLike,
    *,
    pupils: npt.ArrayLike | None = None,
    context: ClassContext | None = None,
    block_size: int = BLOCK_SIZE,
    sentences: bool = True,
    language: Language | None = None,
    progress: Progress | None = None,
) -> Iterator[pa.RecordBatch]:
    """Score pupils block by block, as rows of :func:`dropout_risk.scoring.score_writer.score_schema`.

    Features are computed once for everybody in the histories (8 bytes per pupil and feature are held); all
    else is made for one block at a time, a few blocks ahead of the one that is asked for. Neither the size of
    the blocks nor the number of threads changes a bit of any row.

    Pupils are row numbers, scored in this order; by default everyone at school on the date, of whom the
    context of classes is made too where none is given. Without sentences it is several times faster.
    ``rank_in_school`` is null: see :func:`dropout_risk.scoring.score_rows.ranks_in_school`.
    """
    population = Population.of(model, histories, as_of, context=context, language=language)
    chosen = population.members if pupils is None else population.chosen(pupils)
    batches = population.blocks(chosen, block_size=block_size, sentences=sentences)
    yield from tell_progress(batches, len(chosen), progress)


@dataclass(frozen=True, eq=False)
class Population:
    """Pupils with their features, class context and what was known on a date, ready to be scored."""

    model: ModelParts
    table: FeatureTable
    language: Language
    facts: RegisterFacts

    @classmethod
    def of(
        cls,
        model: ModelParts,
        histories: Histories,
        as_of: DateLike,
        *,
        context: ClassContext | None = None,
        language: Language | None = None,
    ) -> Self:
        """Compute the features of everybody in the histories.

        SyntheticModelError if nothing marks them as made up, and the model's own pupils were.
        """
        model.refuse_real(histories.synthetic)
        table = compute_features(
            histories, as_of, model.catalogue, context=context, instruments=model.instruments
        )
        facts = RegisterFacts.of(table.snapshot, model.settings.registers)
        return cls(model, table, model.settings.language if language is None else language, facts)

    @property
    def members(self) -> Positions:
        """Row numbers of everyone at school on the date."""
        return np.flatnonzero(members_on(self.table.snapshot))

    def everyone(self) -> Positions:
        """Give :attr:`members`.

        DateError if nobody was at school on the date, TooMuchRefusedError if most attendance or marks of
        most of those who were could not be used.
        """
        members, n = self.members, len(self.table.snapshot)
        if not len(members) and n:
            raise DateError(
                fill_english("Of {n} pupils nobody was at school on that date.", n=n),
                hint="compare it with enrolled_on, left_on and the outcomes",
            )
        refuse_broken_families(self.table.snapshot, members, self.model.settings.missingness)
        return members

    def questions(self) -> tuple[RegisterQuestion, ...]:
        """Ask about the registers of everyone at school on the date."""
        settings = self.model.settings.registers
        return register_questions(self.table.snapshot, self.facts, settings, self.language)

    @cached_property
    def alerts(self) -> list[tuple[Alert, ...]]:
        """The alerts of everybody in the histories, without any other word."""
        snapshot, model = self.table.snapshot, self.model

        def of_block(part: slice) -> list[tuple[Alert, ...]]:
            return alerts_on(
                snapshot.slice(part),
                model.settings.alerts,
                model.instruments,
                self.language,
                facts=self.facts.take(np.arange(part.start, part.stop)),
                registers=model.settings.registers,
            )

        return [*chain.from_iterable(prefetch(of_block, blocks(len(snapshot), BLOCK_SIZE)))]

    def chosen(self, pupils: npt.ArrayLike | None) -> Positions:
        """Give the row numbers of the pupils that are asked for, by row number or by an id that is a word.

        None asks for :meth:`everyone`; UnknownPupilError if one of them is not in the histories.
        """
        if pupils is None:
            return self.everyone()
        given, n = np.asarray(pupils), len(self.table.snapshot)
        if given.dtype.kind in "UOT":
            ids = self.table.snapshot.histories.students["student_id"].to_pylist()
            row_of = {pupil: row for row, pupil in enumerate(ids)}
            given = np.array([row_of.get(pupil, -1) for pupil in given.ravel().tolist()], dtype=np.intp)
        whole = given.dtype.kind in "iu" or not given.size
        if not whole or given.ndim != 1 or ((given < 0) | (given >= n)).any():
            raise UnknownPupilError(
                f"Of the pupils asked for, one is none of the {n} in the histories.",
                hint=f"give row numbers from 0 to {n - 1}, or student ids as the students table spells them",
            )
        return given.astype(np.intp)

    def blocks(
        self,
        pupils: Positions,
        *,
        block_size: int = BLOCK_SIZE,
        sentences: bool = True,
        notes: Mapping[int, tuple[str, ...]] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Score pupils in the given order, several blocks at a time and only a few ahead."""
        parts = [pupils[part] for part in blocks(len(pupils), block_size)]
        return prefetch(lambda part: self.block(part, sentences=sentences, notes=notes), parts)

    def numbers(self, pupils: Positions, *, block_size: int = BLOCK_SIZE) -> pa.Table:
        """Score pupils in the given order, without a word."""
        batches = list(self.blocks(pupils, block_size=block_size, sentences=False))
        return pa.Table.from_batches(batches or [self.block(pupils, sentences=False)])

    def block(
        self, pupils: Positions, *, sentences: bool = True, notes: Mapping[int, tuple[str, ...]] | None = None
    ) -> pa.RecordBatch:
        """Score one block as rows, with those of pupils who could not be scored."""
        written, errors = self.written(pupils, sentences=sentences, notes=notes)
        if not errors:
            return written.batch()
        everybody = naming_columns(self.table, pupils)
        return _with_errors(written.batch(), {name: whole_array(everybody[name]) for name in IDS}, errors)

    def told(
        self, pupils: Positions, notes: Mapping[int, tuple[str, ...]] | None = None
    ) -> tuple[list[PupilScore], list[RowError]]:
        """Score a few pupils as objects, and say who could not be scored."""
        written, errors = self.written(pupils, notes=notes)
        ids = naming_columns(self.table, pupils)["student_id"].to_pylist() if errors else []
        return written.pupils(), [RowError(row, ids[row], **error) for row, error in errors.items()]

    def written(
        self, pupils: Positions, *, sentences: bool = True, notes: Mapping[int, tuple[str, ...]] | None = None
    ) -> tuple[WrittenScores, dict[int, dict[str, str]]]:
        """Score one block: nothing but the model, these pupils' histories and the context is read.

        Besides the scores, gives by row why a pupil could not be scored.
        """
        values = np.ascontiguousarray(self.table.values[pupils])
        errors = impossible_values(self.model.catalogue, values)
        kept = pupils
        if errors:
            stay = np.array([row for row in range(len(pupils)) if row not in errors], dtype=np.intp)
            kept, values = pupils[stay], values[stay]
        snapshot = self._snapshot_of(kept) if sentences else self.table.snapshot
        students = snapshot.histories.students if sentences else naming_columns(self.table, kept)
        unrecorded = None if self._unrecorded is None else self._unrecorded[kept]
        risks = Risks.of(self.model.calibrated, values, students, unrecorded)
        risks, strange = self._in_unlike_classes(kept, risks)
        facts, not_judged = self.facts.take(kept), self._refused.not_judged
        evidence = self._evidence(snapshot, values, facts) if sentences else None
        said = self._notes_of(kept, notes or {}, strange) if sentences else None
        judged = None if not_judged is None else ~not_judged[kept]
        writer = writer_of(self.model, self.language)
        written = writer.write(risks, evidence, said, facts=facts, judged=judged, strange=strange)
        return written, errors

    def _notes_of(
        self, pupils: Positions, added: Mapping[int, tuple[str, ...]], strange: Bools
    ) -> list[tuple[str, ...]] | None:
        """Give what is said of each of some pupils before all other warnings; None where nothing is."""
        told, departed, unlike = self._refused.told, self._departed, self._unlike
        if not (told or departed or added or unlike):
            return None
        of_class = [()] * len(pupils) if unlike is None else unlike.notes(self._class_rows[pupils], strange)
        return [
            (*told.get(pupil, ()), *departed.get(pupil, ()), *own, *added.get(pupil, ()))
            for pupil, own in zip(pupils.tolist(), of_class, strict=True)
        ]

    def unlike_groups(self) -> tuple[UnlikeGroup, ...]:
        """Name the classes and schools of everyone at school, and the date, that no training was like."""
        return () if self._classes is None else self._classes.groups()

    def _in_unlike_classes(self, pupils: Positions, risks: Risks) -> tuple[Risks, Bools]:
        """Widen the intervals of pupils of classes that no training was like, and say who is not judged."""
        if self._unlike is None:
            return risks, np.zeros(len(pupils), np.bool_)
        found = self._unlike.found[self._class_rows[pupils]]
        interval = widened_interval(risks.interval, risks.contributions.values, found)
        strange = (found != ALIKE).any(axis=1) & reaches_everywhere(interval, self.model.settings.bands)
        return replace(risks, interval=interval), strange

    @cached_property
    def _classes(self) -> UnlikeClasses | None:
        """The classes of the context beside those of the training; None where either is not known."""
        profiles, context = self.model.profiles, self.table.context
        if profiles is None or not len(context):
            return None
        return UnlikeClasses.of(context, profiles, self.model.catalogue, self.language)

    @cached_property
    def _unlike(self) -> UnlikeClasses | None:
        """The same, where a class is unlike."""
        return self._classes if self._classes is not None and self._classes.any.any() else None

    @cached_property
    def _class_rows(self) -> Ints:
        return np.zeros(0, np.int32) if self._unlike is None else self._unlike.of_pupils(self.table.snapshot)

    @cached_property
    def _refused(self) -> RefusedNotes:
        """What is said of rows that could not be used."""
        return RefusedNotes.of(self.table.snapshot, self.model.settings.missingness, self.language)

    @cached_property
    def _unrecorded(self) -> Bools | None:
        """Mark the features of tables that a pupil's school records of nobody; None where that is nothing."""
        if not self.model.calibrated.asks_of_tables:
            return None
        found = self.table.unrecorded(self.model.catalogue)
        return found if found.any() else None

    @cached_property
    def _departed(self) -> dict[int, tuple[str, ...]]:
        """What is said of pupils who were taken away by an outcome and go on coming."""
        rows = np.flatnonzero(came_after_outcome(self.table.snapshot)).tolist()
        return dict.fromkeys(rows, (_CAME_AFTER_OUTCOME.to(self.language),))

    def _snapshot_of(self, pupils: Positions) -> Snapshot:
        """Give what was known of some pupils; neighbours are cut out without a copy."""
        snapshot = self.table.snapshot
        if len(pupils) and bool((np.diff(pupils) == 1).all()):
            first, last = int(pupils[0]), int(pupils[-1])
            return snapshot if last - first + 1 == len(snapshot) else snapshot.slice(slice(first, last + 1))
        return snapshot.part(pupils)

    def _evidence(self, snapshot: Snapshot, values: Floats, facts: RegisterFacts) -> Evidence:
        model = self.model
        return Evidence.of(
            snapshot,
            values,
            partial(self._past, snapshot) if model.settings.reasons.own_past else None,
            self.table.context,
            catalogue=model.catalogue,
            instruments=model.instruments,
            settings=model.settings,
            facts=facts,
            language=self.language,
        )

    def _past(self, snapshot: Snapshot, told: Longs) -> Floats:
        """Compute some of the pupils' own features of :data:`PAST_DAYS` before, without class comparisons."""
        values = np.full((len(snapshot), len(self.model.catalogue)), np.nan)
        names = self.model.catalogue.names
        chosen = self.model.catalogue.with_needed(names[position] for position in told.tolist())
        if len(chosen):
            then, nobody = date_of(snapshot.ordinal - PAST_DAYS), ClassContext.empty()
            table = compute_features(
                snapshot.histories, then, chosen, context=nobody, instruments=self.model.instruments
            )
            values[:, [names.index(name) for name in chosen]] = table.values
        return values


def written_values(
    model: ModelParts, values: Floats, students: pa.Table, language: Language
) -> tuple[WrittenScores, dict[int, dict[str, str]]]:
    """Score ready features, named by their row numbers: no alerts, no classes, no more than grade levels.

    Besides the scores, gives by row why it could not be scored.
    """
    errors = impossible_values(model.catalogue, values)
    names = np.arange(len(values))
    if errors:
        names = np.delete(names, list(errors))
        students, values = students.take(pa.array(names)), np.ascontiguousarray(values[names])
    students = students.append_column("student_id", pa.array(names, pa.int64()))
    risks = Risks.of(model.calibrated, values, students)
    return writer_of(model, language).write(risks, Evidence.of_features(values)), errors


def score_values(model: ModelParts, values: Floats, students: pa.Table, language: Language) -> pa.RecordBatch:
    """Score ready features as rows, with those that could not be scored."""
    written, errors = written_values(model, values, students, language)
    names = {"student_id": pa.array(np.arange(len(values)), pa.int64())}
    return _with_errors(written.batch(), names, errors) if errors else written.batch()


def naming_columns(table: FeatureTable, pupils: Positions) -> pa.Table:
    """Give the columns that name some pupils, and their grade levels."""
    students = table.snapshot.histories.students.select([*IDS, "grade_level"])
    return students.take(pa.array(pupils)).combine_chunks()


def impossible_values(catalogue: FeatureCatalogue, values: Floats) -> dict[int, dict[str, str]]:
    """Find pupils with a value that cannot be, as from a wrong unit: neither scored nor worded.

    Gives, by row, code, field, message and hint, without the value.
    """
    bounds = catalogue.ranges
    broken = (values < bounds[:, 0]) | (values > bounds[:, 1])
    errors = {}
    for row in np.flatnonzero(broken.any(axis=1)).tolist():
        feature = catalogue[catalogue.names[int(np.argmax(broken[row]))]]
        low, high = feature.valid_range
        errors[row] = {
            "code": FeatureInputError.code,
            "field": feature.name,
            "message": f"{feature.name} lies outside [{low:g}, {high:g}]; the pupil is not scored.",
            "hint": f"check the unit: {feature.unit.en}",
        }
    return errors


def _with_errors(
    batch: pa.RecordBatch, names: Mapping[str, pa.Array], errors: Mapping[int, dict[str, str]]
) -> pa.RecordBatch:
    """Put the pupils who could not be scored back in their places, with nothing but their names and why."""
    n = batch.num_rows + len(errors)
    broken = np.isin(np.arange(n), list(errors))
    rows = batch.take(pa.array(np.cumsum(~broken) - 1, mask=broken))
    columns = {name: rows[name] for name in batch.schema.names} | dict(names)
    columns["error"] = pa.array([errors.get(row) for row in range(n)], batch.schema.field("error").type)
    arrays = [columns[name] for name in batch.schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def tell_progress(
    batches: Iterable[pa.RecordBatch], everybody: int, progress: Progress | None
) -> Iterator[pa.RecordBatch]:
    """Pass blocks on, and tell how many pupils are done; on a terminal, where nobody is to be told."""
    done = 0
    with progress_line("pupils scored") as line:
        tell = line if progress is None else progress
        for batch in batches:
            done += batch.num_rows
            tell(done, everybody)
            yield batch


# --- The numbers behind scores, made again when somebody asks for them ---


def explain_scores(
    model: ModelParts,
    histories: Histories,
    as_of: DateLike,
    pupils: Positions,
    context: ClassContext | None = None,
) -> ExplainedScores:
    """Read the parts of some pupils' scores off their rows, made as :meth:`RiskModel.score_histories` did."""
    population = Population.of(model, histories, as_of, context=context)
    values = population.table.values[pupils]
    return _read_explained(model.catalogue, values, population.numbers(pupils))


def explain_values(model: ModelParts, values: Floats, students: pa.Table) -> ExplainedScores:
    """Read the parts of the scores of ready features; rows with an impossible value have no score."""
    batch = score_values(model, values, students, model.settings.language)
    return _read_explained(model.catalogue, values, pa.Table.from_batches([batch]))


def _read_explained(catalogue: FeatureCatalogue, values: Floats, rows: pa.Table) -> ExplainedScores:
    scored = rows["error"].is_null()
    rows = rows.filter(scored).combine_chunks()
    base, columns = rows["base_log_odds"].to_numpy(), rows["contributions"].combine_chunks().flatten()
    added = np.column_stack([column.to_numpy(zero_copy_only=False) for column in columns])
    own = values[scored.to_numpy()]
    parts = Contributions(base, np.ascontiguousarray(added))
    return ExplainedScores(catalogue, np.ascontiguousarray(own), parts)


# --- Ready features as a frame: which columns a model knows, whose rows they are, and their grade levels ---


def known_columns(X: pd.DataFrame, catalogue: FeatureCatalogue) -> list[str]:
    """Give the catalogue's columns; FeatureInputError with the nearest right names if X has others."""
    unknown = [str(name) for name in X.columns if name not in catalogue]
    if unknown:
        hints = " ".join(nearest(name, catalogue) for name in unknown[:5])
        raise FeatureInputError(
            f"{len(unknown)} column(s) are no features of this model: {unknown[:5]}.", hint=hints
        )
    return catalogue.names


def levels_of(given: npt.ArrayLike | None, n: int) -> npt.NDArray[np.int64]:
    """Read grade levels as whole numbers; ``NO_LEVEL`` where there is none."""
    if given is None:
        return np.full(n, NO_LEVEL, dtype=np.int64)
    numbers = pd.to_numeric(pd.Series(np.asarray(given))).to_numpy(dtype=np.float64, na_value=np.nan)
    if len(numbers) != n:
        raise FeatureInputError(f"There are {len(numbers)} grade levels for {n} rows.")
    return np.where(np.isnan(numbers), NO_LEVEL, numbers).astype(np.int64)


def ids_of(X: pd.DataFrame) -> list[Any]:
    """Name the rows: the index level ``student_id``, or the index."""
    index = X.index.get_level_values("student_id") if "student_id" in X.index.names else X.index
    return list(index.tolist())
