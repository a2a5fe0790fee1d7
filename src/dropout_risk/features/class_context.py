"""The class context: what a feature may know of class-mates, made once per date from the whole cohort.

It is a small table of means, spreads and counts per class. It is never made from the pupils who happen
to share a batch: without it, features that need class-mates are missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from dropout_risk.errors import DateError, RequestError, nearest
from dropout_risk.histories.runs import Column
from dropout_risk.histories.snapshot import Snapshot, Window
from dropout_risk.records.calendar import date_of, ordinal_of

SMALLEST_CLASS = 3
_COLUMNS = ("school_id", "class_id", "feature", "subject", "exam", "date", "mean", "sd", "n")
_KEYS = ("school_id", "class_id", "feature", "subject", "exam")
_DATES = 1 << 20
_SAME_MARK = 1e-9
_FIRST_DAY, _LARGEST = "1970-01-01", 1e9
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClassContext:
    """Means, spreads and counts per class: of each feature, and of each exam's percents.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``school_id, class_id, feature, subject, exam, date, mean, sd, n``. A row is either of a
        feature (``subject`` and ``exam`` empty) or of an exam (``feature`` empty, ``date`` an ordinal).
    """

    table: pd.DataFrame

    @classmethod
    def empty(cls) -> Self:
        """Give the context that knows nothing: features that need class-mates stay missing."""
        return cls(pd.DataFrame({name: [] for name in _COLUMNS}))

    @classmethod
    def of_exams(cls, known: Snapshot, members: npt.NDArray[np.bool_]) -> Self:
        """Make the exam rows from the known marks of a cohort's members."""
        rows = known.grades.rows
        classes = class_keys(known)
        use = members[rows["pupil"]] & (classes.codes[rows["pupil"]] >= 0)
        keys = {name: rows[name][use] for name in ("subject", "exam", "date")}
        frame = pd.DataFrame(
            {"class": classes.codes[rows["pupil"][use]], **keys, "value": rows["percent"][use]}
        )
        table = _spread(frame, ["class", "subject", "exam", "date"])
        for name in ("subject", "exam"):
            table[name] = np.array(known.histories.words[name], dtype=object)[table[name]]
        return cls(_with_class_names(table.assign(feature=""), classes))

    def with_means(
        self, known: Snapshot, columns: Mapping[str, Floats], members: npt.NDArray[np.bool_]
    ) -> Self:
        """Give a context with the class means of features added."""
        classes = class_keys(known)
        parts: dict[str, list[npt.NDArray[Any]]] = {
            name: [] for name in ("class", "feature", "mean", "sd", "n")
        }
        for name, values in columns.items():
            use = members & (classes.codes >= 0) & ~np.isnan(values)
            moments = _moments(classes.codes[use], values[use], len(classes.names))
            there = np.flatnonzero(moments["n"])
            parts["class"].append(there)
            parts["feature"].append(np.full(len(there), name, dtype=object))
            for column, of_classes in moments.items():
                parts[column].append(of_classes[there])
        if not sum(map(len, parts["class"])):
            return self
        means = pd.DataFrame({name: np.concatenate(part) for name, part in parts.items()})
        means = _with_class_names(means.assign(subject="", exam="", date=0), classes)
        return type(self)(pd.concat([self.table, means], ignore_index=True) if len(self.table) else means)

    def class_means(self, known: Snapshot, features: Sequence[str]) -> Floats:
        """Give each pupil the class means of some features.

        Returns
        -------
        float64 array of shape (n_pupils, n_features)
            Missing where under three pupils of the class have one.
        """
        places, features_at, means = self._means
        classes = class_keys(known)
        at = np.array([places.get(name, -1) for name in classes.names] + [-1], dtype=np.intp)
        columns = [features_at.get(name, -1) for name in features]
        return means[at[classes.codes]][:, columns]

    @cached_property
    def _means(self) -> tuple[dict[str, int], dict[str, int], Floats]:
        """Give the row of each class, the column of each feature, and the means (the last ones missing)."""
        rows = self.table[(self.table["feature"] != "") & (self.table["n"] >= SMALLEST_CLASS)]
        names = _joined(rows["school_id"], rows["class_id"])
        classes = {name: place for place, name in enumerate(dict.fromkeys(names))}
        features = {name: place for place, name in enumerate(dict.fromkeys(rows["feature"]))}
        means = np.full((len(classes) + 1, len(features) + 1), np.nan)
        means[[classes[name] for name in names], [features[name] for name in rows["feature"]]] = rows["mean"]
        return classes, features, means

    def exam_z(self, known: Snapshot, rows: Mapping[str, Column]) -> Floats:
        """Give each of some known marks its distance from the class mean of the exam, in standard deviations.

        Missing where the context does not have the exam, where fewer than three pupils of the class sat
        it, or where all had the same mark.
        """
        exams = self._exams
        at = self._exam_row(known, rows)
        found = at >= 0
        z = np.full(len(at), np.nan)
        sd = np.where(exams["sd"] >= _SAME_MARK, exams["sd"], np.nan)
        z[found] = (rows["percent"][found] - exams["mean"][at[found]]) / sd[at[found]]
        return z

    def missed_exams(self, known: Snapshot, window: Window) -> Floats:
        """Count, for each pupil, the class's exams in a window that it has no mark for."""
        classes = class_keys(known)
        code = self._class_codes(classes)[classes.codes]
        start = self._window_start(known, window)
        dates = np.sort(self._exams["class"].astype(np.int64) * _DATES + self._exams["date"])
        base = code.astype(np.int64) * _DATES
        sat_by_class = np.searchsorted(dates, base + known.ordinal) - np.searchsorted(dates, base + start)
        rows = known.grades.rows
        own = (self._exam_row(known, rows) >= 0) & (rows["date"] >= start[rows["pupil"]])
        sat = np.bincount(rows["pupil"][own], minlength=len(known))
        return np.where(code >= 0, np.maximum(sat_by_class - sat, 0), np.nan)

    def to_rows(self) -> list[dict[str, Any]]:
        """Write the context as rows for a request's ``class_context``."""
        rows: list[dict[str, Any]] = self.table.to_dict(orient="records")
        for row in rows:
            row["date"] = date_of(row["date"]).isoformat() if row["subject"] else None
        return rows

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> Self:
        """Read rows written by :meth:`to_rows`.

        Raises
        ------
        RequestError
            If a row has an unknown or a missing column, a number or a name that is none, or a date that is
            none or lies before 1970; its ``field`` says where.
        """
        table = [_read_row(row, f"class_context[{place}]") for place, row in enumerate(rows)]
        return cls(pd.DataFrame(table, columns=list(_COLUMNS))) if table else cls.empty()

    @cached_property
    def _exams(self) -> dict[str, Any]:
        """The usable exam rows as codes, sorted by their joint key."""
        table = self.table[(self.table["subject"] != "") & (self.table["n"] >= SMALLEST_CLASS)]
        names = _joined(table["school_id"], table["class_id"])
        words = {
            "class": sorted(set(names)),
            "subject": sorted(set(table["subject"])),
            "exam": sorted(set(table["exam"])),
        }
        columns = {"class": names, "subject": list(table["subject"]), "exam": list(table["exam"])}
        codes = {name: _code(columns[name], words[name]) for name in words}
        values = {name: table[name].to_numpy() for name in ("mean", "sd", "date")}
        key = self._key(codes["class"], codes["subject"], codes["exam"], values["date"], words)
        order = np.argsort(key, kind="stable")
        arrays: dict[str, Any] = {
            name: column[order] for name, column in (codes | values | {"key": key}).items()
        }
        return arrays | {"words": words}

    @staticmethod
    def _key(
        cls_: Any, subject: Any, exam: Any, date: Any, words: Mapping[str, list[str]]
    ) -> npt.NDArray[np.int64]:
        joint = (np.asarray(cls_, dtype=np.int64) * (len(words["subject"]) + 1) + subject) * (
            len(words["exam"]) + 1
        ) + exam
        key: npt.NDArray[np.int64] = joint * _DATES + np.asarray(date, dtype=np.int64)
        return key

    def _class_codes(self, classes: _Classes) -> npt.NDArray[np.int64]:
        """Give the context's code of each class of a snapshot, and -1 for none."""
        return np.append(_code(classes.names, self._exams["words"]["class"]), -1)

    def _exam_row(self, known: Snapshot, rows: Mapping[str, Column]) -> npt.NDArray[np.int64]:
        """Give the row of each known mark's exam in the context; -1 where it has none."""
        exams, classes = self._exams, class_keys(known)
        words: Any = exams["words"]
        cls_ = self._class_codes(classes)[classes.codes[rows["pupil"]]]
        subject = _code(known.histories.words["subject"], words["subject"])
        exam = _code(known.histories.words["exam"], words["exam"])
        found = (cls_ >= 0) & (subject[rows["subject"]] >= 0) & (exam[rows["exam"]] >= 0)
        key = self._key(cls_, subject[rows["subject"]], exam[rows["exam"]], rows["date"], words)
        at = np.searchsorted(exams["key"], key)
        inside = np.minimum(at, len(exams["key"]) - 1)
        found &= (exams["key"][inside] == key) if len(exams["key"]) else False
        return np.where(found, inside, -1)

    def _window_start(self, known: Snapshot, window: Window) -> npt.NDArray[np.int64]:
        enrolled = known.student_dates("enrolled_on")
        if window is None:
            return np.maximum(enrolled, 0)
        if window == "year":
            return np.maximum(enrolled, known.calendar.year_begins(known.ordinal))
        # the day after the last school day before the window: as Snapshot.within counts free days
        return np.maximum(enrolled, known.dates_before(window + 1) + 1)


@dataclass(frozen=True)
class _Classes:
    """The class of each pupil: a code per pupil (-1 for none) and the name behind each code."""

    codes: npt.NDArray[np.int64]
    names: list[str]


def class_keys(known: Snapshot) -> _Classes:
    """Give the class of each pupil; a class is named by its school and its own name."""
    students = known.histories.students
    school = pc.fill_null(students["school_id"].cast("string"), "")
    joined = pc.binary_join_element_wise(school, students["class_id"].cast("string"), _BETWEEN)
    encoded = joined.combine_chunks().dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return _Classes(codes, encoded.dictionary.to_pylist())


_BETWEEN = "\x1f"


def _moments(codes: npt.NDArray[np.int64], values: Floats, n_classes: int) -> dict[str, npt.NDArray[Any]]:
    n = np.bincount(codes, minlength=n_classes)
    below = np.maximum(n, 1)
    mean = np.bincount(codes, weights=values, minlength=n_classes) / below
    squares = np.bincount(codes, weights=(values - mean[codes]) ** 2, minlength=n_classes)
    return {"mean": mean, "sd": np.sqrt(squares / below), "n": n}


def _spread(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    groups = frame.groupby(by, sort=True)["value"]
    return pd.DataFrame({"mean": groups.mean(), "sd": groups.std(ddof=0), "n": groups.size()}).reset_index()


def _with_class_names(table: pd.DataFrame, classes: _Classes) -> pd.DataFrame:
    names = [name.split(_BETWEEN, 1) for name in classes.names]
    for column, part in (("school_id", 0), ("class_id", 1)):
        table[column] = (
            np.array([name[part] for name in names], dtype=object)[table["class"]] if len(table) else []
        )
    return table[list(_COLUMNS)]


def _joined(schools: Iterable[str], classes: Iterable[str]) -> list[str]:
    return [f"{school}{_BETWEEN}{name}" for school, name in zip(schools, classes, strict=True)]


def _code(values: Iterable[str], words: list[str]) -> npt.NDArray[np.int64]:
    place = {word: code for code, word in enumerate(words)}
    return np.array([place.get(value, -1) for value in values] + [-1], dtype=np.int64)[:-1]


def _read_row(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise RequestError("A class context row is not an object.", field=where)
    for name in sorted(set(row) ^ set(_COLUMNS)):
        raise RequestError(f"A class context row does not have the columns {', '.join(_COLUMNS)}.",
                           hint=nearest(name, _COLUMNS), field=where)  # fmt: skip
    names = {name: _name(row[name], f"{where}.{name}") for name in _KEYS}
    numbers = {name: _number(row[name], f"{where}.{name}") for name in ("mean", "sd", "n")}
    if numbers["sd"] < 0:
        raise RequestError("A class context row has a negative sd.", field=f"{where}.sd")
    if numbers["n"] < 1 or not numbers["n"].is_integer():
        raise RequestError("A class context row has an n that counts nobody.", field=f"{where}.n")
    return names | {"date": _day(row["date"], f"{where}.date")} | numbers | {"n": int(numbers["n"])}


def _name(value: Any, where: str) -> str:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise RequestError("A class context row has a name that is no text.", field=where)


def _number(value: Any, where: str) -> float:
    """Take a finite number; nothing that is compared within a class comes near the largest."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _LARGEST:
        raise RequestError("A class context row has a mean, sd or n that is not a number, or far too large.",
                           hint="write it as ClassContext.to_rows does", field=where)  # fmt: skip
    return float(value)


def _day(value: Any, where: str) -> int:
    """Give a date's ordinal; a row of a feature has no date."""
    if value is None or value == "":
        return 0
    try:
        day = ordinal_of(value) if isinstance(value, str) and len(value) == len(_FIRST_DAY) else -1
    except DateError:
        day = -1
    if day < 0:
        raise RequestError("A class context row has a date that is none or lies before 1970.",
                           hint="write it as YYYY-MM-DD", field=where)  # fmt: skip
    return day
