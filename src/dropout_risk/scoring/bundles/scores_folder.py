"""A population's scores as a folder of Parquet files that a stopped run goes on with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dropout_risk.arrays import Positions
from dropout_risk.errors import ScoresFolderError
from dropout_risk.features.class_context import ClassContext
from dropout_risk.files import UNFINISHED, output_errors, write_whole
from dropout_risk.histories.fingerprint import fingerprint
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.store import hold_lock
from dropout_risk.kernels import blocks, prefetch
from dropout_risk.records.days.calendar import DateLike
from dropout_risk.scoring.model_parts import ModelParts
from dropout_risk.scoring.population import BLOCK_SIZE, Population, Progress
from dropout_risk.scoring.readers.redacted_rows import redact_rows
from dropout_risk.scoring.readers.roles import CLASS_TEACHER
from dropout_risk.scoring.score_rows import rank_column, with_ranks
from dropout_risk.scoring.scores import set_apart_errors
from dropout_risk.text import Language

FORMAT = 1
# names that readers of Parquet folders pass over
MANIFEST, ERRORS, LOCK = "_manifest.json", "_errors.json", "_lock"
_LIBRARIES = ("dropout-risk", "numba", "numpy", "pyarrow", "scipy")


def score_to(
    model: ModelParts,
    histories: Histories,
    as_of: DateLike,
    folder: str | Path,
    *,
    context: ClassContext | None = None,
    block_size: int = BLOCK_SIZE,
    sentences: bool = True,
    language: Language | None = None,
    complete: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Score everyone at school on a date into a folder, ``part-00000.parquet`` and so on; give its manifest.

    A part is one block of whole schools, up to ``block_size`` pupils, ordered by school and id; a larger
    school takes several parts, and its scores are computed twice, first for its ranks. A part is there
    complete or not at all, and readable by its owner only; ``_errors.json`` names the pupils whose row in the
    students table could not be used. A run that was stopped at any moment goes on where it stopped when it is
    called again with the same inputs, and leaves the same bytes as one that was not stopped. One run at a
    time: it holds the file ``_lock``, which stays, empty. The manifest holds model, date, fingerprint of the
    histories, numbers of parts and pupils, and at the end ``scored`` and ``finished``.

    Unless ``complete``, results of psychological tests are left out, see
    :func:`dropout_risk.scoring.readers.redacted_rows.redact_rows` for a class teacher.

    ScoresFolderError if the folder was begun with other inputs or holds anything else: nothing in it is
    touched then. StoreBusyError if another process is scoring into it; that one goes on undisturbed.
    OutputError if the disk refuses a file; called again, it goes on where it stopped.
    """
    population = Population.of(model, histories, as_of, context=context, language=language)
    parts = _school_parts(population, population.everyone(), block_size)
    about = _describe_run(population, context) | {
        "block_size": block_size, "sentences": sentences, "complete": complete, "parts": len(parts),
        "pupils": sum(map(len, parts)),
    }  # fmt: skip
    root = Path(folder)
    with output_errors(root), _begin_folder(root, about):
        ranks = _SchoolRanks(population, block_size)
        todo = [number for number, part in enumerate(parts) if not _is_there(root, number, len(part))]

        def write(number: int) -> int:
            rows = ranks.fill(population.block(parts[number], sentences=sentences), parts[number])
            if not complete:
                rows = redact_rows(rows, CLASS_TEACHER, model.catalogue, population.language)
            write_whole(_part_path(root, number), lambda path: _write_part(rows, path))
            return len(parts[number])

        done = about["pupils"] - sum(len(parts[number]) for number in todo)
        for written in prefetch(write, todo):
            done += written
            if progress is not None:
                progress(done, about["pupils"])
        apart = set_apart_errors(histories.set_apart, population.language)
        _write_json(root / ERRORS, [error.to_dict() for error in apart])
        _write_json(root / MANIFEST, about | {"finished": True, "scored": _count_scored(root, len(parts))})
    return root / MANIFEST


def _school_parts(population: Population, members: Positions, block_size: int) -> list[Positions]:
    """Cut pupils into blocks of whole schools, and a school that is too large into several."""
    codes = _school_codes(population)[members]
    order = np.argsort(codes, kind="stable")
    members, codes = members[order], codes[order]
    ends = np.flatnonzero(np.diff(codes, append=-1)) + 1
    parts, start, before = [], 0, 0
    for end in ends.tolist():
        if end - start > block_size and before > start:
            parts.append(members[start:before])
            start = before
        if end - start > block_size:
            parts += [members[start:end][part] for part in blocks(end - start, block_size)]
            start = end
        before = end
    return [*parts, members[start:]] if start < len(members) else parts


def _school_codes(population: Population) -> npt.NDArray[np.int64]:
    """Give each pupil the index of its school among their names; pupils without one come first."""
    names = pc.fill_null(population.table.snapshot.histories.students["school_id"].cast(pa.string()), "")
    coded = pa.chunked_array(names).combine_chunks().dictionary_encode()
    words = coded.dictionary.to_pylist()
    index = {word: number for number, word in enumerate(sorted(words))}
    order = np.array([index[word] for word in words] or [0], dtype=np.int64)
    return np.asarray(order[coded.indices.to_numpy(zero_copy_only=False)])


class _SchoolRanks:
    """Ranks within schools: from the rows of a part that holds whole schools, or made before."""

    def __init__(self, population: Population, block_size: int) -> None:
        codes = _school_codes(population)
        members = population.members
        large = np.flatnonzero(np.bincount(codes[members]) > block_size)
        self._before: dict[int, int] = {}
        for school in large:
            of_school = members[codes[members] == school]
            rows = population.numbers(of_school, block_size=block_size)
            self._before |= dict(zip(of_school.tolist(), rank_column(rows).to_pylist(), strict=True))

    def fill(self, rows: pa.RecordBatch, pupils: Positions) -> pa.RecordBatch:
        """Give a part's rows with their ranks."""
        before = [self._before.get(pupil) for pupil in pupils.tolist()] if self._before else [None]
        known = all(rank is None for rank in before)
        return with_ranks(rows, None if known else pa.array(before, pa.int32()))


def _describe_run(population: Population, context: ClassContext | None) -> dict[str, Any]:
    snapshot, model = population.table.snapshot, population.model
    return {
        "format": FORMAT,
        "as_of": snapshot.as_of.isoformat(),
        "language": population.language,
        "model": {"name": model.name, "version": model.version},
        "settings": model.settings.model_dump(mode="json"),
        "histories": fingerprint(snapshot.histories),
        "class_context": None if context is None else fingerprint(context.table),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


@contextmanager
def _begin_folder(folder: Path, about: Mapping[str, Any]) -> Iterator[None]:
    """Hold a new folder, or one begun with the same inputs; clear what a stopped run left."""
    folder.mkdir(parents=True, exist_ok=True)
    _is_new(folder, about)  # a folder of something else gets no lock
    with hold_lock(folder, 0, LOCK):
        new = _is_new(folder, about)
        for left in folder.glob(f"{UNFINISHED}*"):
            left.unlink(missing_ok=True)
        if new:
            _write_json(folder / MANIFEST, {**about, "finished": False})
        yield


def _is_new(folder: Path, about: Mapping[str, Any]) -> bool:
    """Tell whether nothing was begun here; refuse what was begun with other inputs."""
    held = [path.name for path in folder.iterdir()]
    new = all(name == LOCK or name.startswith(UNFINISHED) for name in held)
    if not new:
        _compare_inputs(folder, about)
    return new


def _compare_inputs(folder: Path, about: Mapping[str, Any]) -> None:
    try:
        before = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        different = [name for name in about if before.get(name) != about[name]]
    except (OSError, ValueError, AttributeError):
        raise ScoresFolderError(
            f"{folder} holds files that are not scores.", hint="choose an empty or a new folder"
        ) from None
    if different:
        raise ScoresFolderError(
            f"The scores in {folder} were begun with other inputs: {', '.join(different)}.",
            hint="give the inputs of the first run, or another folder",
        )


def _part_path(folder: Path, number: int) -> Path:
    return folder / f"part-{number:05d}.parquet"


def _is_there(folder: Path, number: int, n_rows: int) -> bool:
    try:
        return bool(pq.read_metadata(_part_path(folder, number)).num_rows == n_rows)
    except (OSError, pa.ArrowException):
        return False


def _count_scored(folder: Path, parts: int) -> int:
    """Count the pupils who have a score."""
    found = (pq.read_table(_part_path(folder, number), columns=["risk"])["risk"] for number in range(parts))
    return sum(len(risks) - risks.null_count for risks in found)


def _write_part(rows: pa.RecordBatch, path: Path) -> None:
    words = [name for name, kind in _leaf_columns(rows.schema) if pa.types.is_string(kind)]
    pq.write_table(
        pa.Table.from_batches([rows]),
        path,
        compression="zstd",
        compression_level=1,
        use_dictionary=words,
        write_statistics=["student_id", "school_id", "risk"],
    )


def _leaf_columns(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    """Name every column of a Parquet file with its type."""
    found = [(field.name, field.type) for field in schema]
    leaves = []
    while found:
        name, kind = found.pop()
        if pa.types.is_struct(kind):
            found += [(f"{name}.{field.name}", field.type) for field in kind]
        elif pa.types.is_list(kind):
            found.append((f"{name}.list.element", kind.value_type))
        else:
            leaves.append((name, kind))
    return leaves


def _write_json(path: Path, content: Any) -> None:
    write_whole(path, json.dumps(content, ensure_ascii=False, indent=1))
