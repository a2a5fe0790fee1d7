"""A feature is a declaration: everything that computes, words, checks or draws one reads it here."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np

from dropout_risk.arrays import Floats
from dropout_risk.catalogue.measures import Measure, measure_from_dict
from dropout_risk.errors import (
    FeatureDeclarationError,
    FeatureInputError,
    UnknownFeatureError,
    cut_name,
    nearest,
)
from dropout_risk.text import Language, Text

Domain = Literal["attendance", "grades", "psychology", "family"]
Cause = Literal["learning", "poverty", "distance", "wellbeing", "family", "disengagement"]
Window = int | Literal["year"] | None

DOMAINS: dict[Domain, Text] = {
    "attendance": Text(zh="出勤", en="Attendance"),
    "grades": Text(zh="成绩", en="Grades"),
    "psychology": Text(zh="心理", en="Well-being tests"),
    "family": Text(zh="家庭", en="Family"),
}
CONFIDENTIAL: Domain = "psychology"
"""The counsellor's domain: of it nobody else is told more than whom to ask, in lists or pictures."""
YES_OR_NO = Text(zh="是或否", en="yes or no")
"""The unit of a feature that holds or does not."""
CAUSES: dict[Cause, Text] = {
    "learning": Text(zh="因学", en="Learning"),
    "poverty": Text(zh="因贫", en="Poverty"),
    "distance": Text(zh="因远", en="Distance"),
    "wellbeing": Text(zh="心理", en="Well-being"),
    "family": Text(zh="家庭", en="Family"),
    "disengagement": Text(zh="缺课", en="Disengagement"),
}


@dataclass(frozen=True)
class Feature:
    """One feature, declared as plain data.

    Parameters
    ----------
    name : str
        Unique; ends with its window where it has one (``absence_share_20d``, ``absence_share_year``).
    domain : {"attendance", "grades", "psychology", "family"}
        The group it is shown under.
    source : str
        The table it reads.
    measure : Measure
        What is computed.
    unit : Text
        Unit of the value, in words.
    label : Text
        A short name for tables and charts.
    sentence : Text
        What a value means, without a full stop; fields: ``{value}``, ``{points}`` (100 times the
        value, for percentage points) and ``{window}``.
    missing_sentence : Text
        What it means that the value is missing.
    cause : {"learning", "poverty", "distance", "wellbeing", "family", "disengagement"}
        The cause the feature speaks for; each cause points to a kind of help.
    family : str
        Name of the fact that window variants share (``absence``), so that reasons can be merged.
    window : int, "year" or None
        School days before the as-of date; ``"year"`` is the school year to date.
    valid_range : tuple of float
        Lowest and highest possible value; a value outside points to broken data.
    monotone : {-1, 0, 1}
        1: more never lowers the risk; -1: more never raises it; 0: no direction declared.
    missing : {"keep"}
        Missing stays missing (never zero, never a mean); models treat it as a state of its own.
    sensitivity : {"ordinary", "sensitive"}
        Sensitive values are shown to some roles only.
    actionable : bool
        Whether people at school can change it.
    zero_sentence : Text, optional
        What the value 0 means, where filling in 0 would read badly.
    negative_sentence : Text, optional
        What a value below 0 means; its ``{value}`` and ``{points}`` are sizes without a sign.
    counted_sentence, counted_negative_sentence : Text, optional
        The same where the rows behind the value are known. Further fields: ``{counted}`` (the size of the
        value as it is counted, such as days or points of 100), ``{first}`` and ``{last}`` (days of those
        rows), and what the measure's footing gives, such as ``{recorded}``.
    counted_unit : Text, optional
        The unit of ``{counted}``, for what stands beside it.
    single_sentence : Text, optional
        The same where what was counted is 1: one day is no run.
    whole_sentence : Text, optional
        What the value 1 means where it is all that there could be.
    reads : {-1, 0, 1}, optional
        1: more reads as worse; -1: as better; 0: as neither; by default as ``monotone``. A value that reads
        as worse than its reference is never worded as lowering the risk, nor the other way round.
    faults : bool
        Whether it counts what went wrong, so that nothing but 0 reads as good.

    Examples
    --------
    >>> from dropout_risk.catalogue.measures import Share
    >>> share = Feature(
    ...     name="absence_share_20d", domain="attendance", source="attendance", measure=Share(of="absent"),
    ...     window=20, unit=Text(zh="教学日占比", en="share of school days"), valid_range=(0, 1), monotone=1,
    ...     cause="disengagement", family="absence", actionable=True,
    ...     label=Text(zh="近20个教学日缺课率", en="Absence, last 20 school days"),
    ...     sentence=Text(zh="近{window}个教学日中有{value:.0%}缺课",
    ...                   en="Absent on {value:.0%} of the last {window} school days"),
    ...     missing_sentence=Text(zh="近{window}个教学日没有考勤记录",
    ...                           en="No attendance recorded in the last {window} school days"),
    ... )
    >>> share.describe(0.4, "en")
    'Absent on 40% of the last 20 school days'
    >>> share.describe(float("nan"), "zh")
    '近20个教学日没有考勤记录'
    """

    name: str
    domain: Domain
    source: str
    measure: Measure
    unit: Text
    label: Text
    sentence: Text
    missing_sentence: Text
    cause: Cause
    family: str
    window: Window = None
    valid_range: tuple[float, float] = (-math.inf, math.inf)
    monotone: Literal[-1, 0, 1] = 0
    missing: Literal["keep"] = "keep"
    sensitivity: Literal["ordinary", "sensitive"] = "ordinary"
    actionable: bool = False
    zero_sentence: Text | None = None
    negative_sentence: Text | None = None
    counted_sentence: Text | None = None
    counted_negative_sentence: Text | None = None
    counted_unit: Text | None = None
    single_sentence: Text | None = None
    whole_sentence: Text | None = None
    reads: Literal[-1, 0, 1] | None = None
    faults: bool = False

    def __post_init__(self) -> None:
        """Check that the declaration does not contradict itself."""
        suffix = {None: "", "year": "_year"}.get(self.window, f"_{self.window}d")  # type: ignore[arg-type]
        if not self.name.endswith(suffix):
            raise FeatureDeclarationError(
                f"Feature {self.name!r} has window {self.window!r}, so its name must end with {suffix!r}."
            )
        if self.domain not in DOMAINS:
            raise FeatureDeclarationError(
                f"Feature {self.name!r}: unknown domain.", hint=nearest(self.domain, DOMAINS)
            )
        if self.cause not in CAUSES:
            raise FeatureDeclarationError(
                f"Feature {self.name!r}: unknown cause.", hint=nearest(self.cause, CAUSES)
            )
        if not self.valid_range[0] < self.valid_range[1]:
            raise FeatureDeclarationError(
                f"Feature {self.name!r}: valid_range must rise, got {self.valid_range}."
            )
        if self.monotone not in (-1, 0, 1):
            raise FeatureDeclarationError(
                f"Feature {self.name!r}: monotone must be -1, 0 or 1, got {self.monotone!r}."
            )

    @property
    def worse(self) -> int:
        """Which way a value reads as worse."""
        return self.monotone if self.reads is None else self.reads

    def describe(self, value: float, language: Language, told: Mapping[str, Any] | None = None) -> str:
        """Say in one sentence, without a full stop, what a value means.

        Parameters
        ----------
        value : float
            In ``unit``; NaN when missing.
        language : {"zh", "en"}
            The language of the sentence.
        told : mapping, optional
            What is known of the rows behind the value: the fields of ``counted_sentence``, in words of the
            language, and ``whole``.

        Raises
        ------
        FeatureInputError
            If the value lies outside ``valid_range``: it points to a broken join or a wrong unit, and
            must not reach a teacher. The message does not repeat the value.
        """
        fields: dict[str, object] = {"window": self.window} | dict(told or {})
        if math.isnan(value):
            return self.missing_sentence.fill(language, **fields)
        low, high = self.valid_range
        if not low <= value <= high:
            raise FeatureInputError(f"{self.name} lies outside [{low:g}, {high:g}] ({self.unit.en}).")
        if value == 0 and self.zero_sentence is not None:
            return self.zero_sentence.fill(language, **fields)
        if told and value == 1 and told.get("whole") and self.whole_sentence is not None:
            return self.whole_sentence.fill(language, **fields)
        is_below = value < 0 and self.negative_sentence is not None
        sentence = self.negative_sentence if is_below else self.sentence
        counted = self.counted_negative_sentence if is_below else self.counted_sentence
        if told and counted is not None and not math.isnan(told["counted"]):
            alone = abs(told["counted"]) == 1 and not is_below
            sentence = self.single_sentence if alone and self.single_sentence else counted
            fields |= {"counted": abs(told["counted"])}
        size = abs(value) if is_below else value
        return (sentence or self.sentence).fill(language, value=size, points=100 * size, **fields)

    def to_dict(self) -> dict[str, Any]:
        """Write the declaration as plain data (JSON-able; infinite bounds as None)."""
        data: dict[str, Any] = {}
        for key, value in self.__dict__.items():
            if isinstance(value, Text):
                data[key] = {"zh": value.zh, "en": value.en}
            elif isinstance(value, Measure):
                data[key] = value.to_dict()
            elif key == "valid_range":
                data[key] = [None if math.isinf(bound) else bound for bound in value]
            else:
                data[key] = value
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a declaration written by :meth:`to_dict`; FeatureDeclarationError if it is not one."""
        given = dict(data)
        unknown = sorted(set(given) - set(cls.__dataclass_fields__))
        if unknown:
            raise FeatureDeclarationError(
                f"A feature has no field {unknown[0]!r}.", hint=nearest(unknown[0], cls.__dataclass_fields__)
            )
        low, high = given.get("valid_range", (None, None))
        given["valid_range"] = (-math.inf if low is None else low, math.inf if high is None else high)
        given["measure"] = measure_from_dict(given["measure"])
        for key in _TEXTS:
            if given.get(key) is not None:
                given[key] = Text(**given[key])
        return cls(**given)


_TEXTS = (
    "unit", "label", "sentence", "missing_sentence", "zero_sentence", "negative_sentence", "counted_sentence",
    "counted_negative_sentence", "counted_unit", "single_sentence", "whole_sentence",
)  # fmt: skip


class FeatureCatalogue(Mapping[str, Feature]):
    """An ordered set of features: a value that is passed, never a global.

    Parameters
    ----------
    features : iterable of Feature
        In the order of the columns they make.

    Raises
    ------
    FeatureDeclarationError
        If two features share a name, or one is derived from a feature that does not stand before it.
    """

    def __init__(self, features: Iterable[Feature]) -> None:
        self._features: dict[str, Feature] = {}
        for feature in features:
            if feature.name in self._features:
                raise FeatureDeclarationError(f"Two features are called {feature.name!r}.")
            for needed in feature.measure.needs:
                if needed not in self._features:
                    raise FeatureDeclarationError(
                        f"{feature.name!r} is derived from {needed!r}, which must be declared before it."
                    )
            self._features[feature.name] = feature

    def __getitem__(self, name: str) -> Feature:
        """Give a feature by name; UnknownFeatureError with the nearest right name otherwise."""
        try:
            return self._features[name]
        except KeyError:
            raise UnknownFeatureError(
                f"No feature is called {cut_name(str(name))!r}.", hint=nearest(str(name), self._features)
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._features

    def __iter__(self) -> Iterator[str]:
        return iter(self._features)

    def values(self) -> ValuesView[Feature]:
        """Give the features: asked for many times a request, and so without the detour by names."""
        return self._features.values()

    def __len__(self) -> int:
        return len(self._features)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FeatureCatalogue) and self.to_list() == other.to_list()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Count the features."""
        return f"<FeatureCatalogue of {len(self)} features>"

    @property
    def names(self) -> list[str]:
        """Names in the order of the columns."""
        return list(self._features)

    @property
    def monotone(self) -> list[int]:
        """Monotone directions in the order of the columns."""
        return [feature.monotone for feature in self.values()]

    @property
    def worse(self) -> list[int]:
        """Which way each feature reads as worse, in the order of the columns."""
        return [feature.worse for feature in self.values()]

    @cached_property
    def ranges(self) -> Floats:
        """The least and the greatest value of each feature, shape (n_features, 2)."""
        return np.array([feature.valid_range for feature in self.values()], np.float64).reshape(-1, 2)

    @cached_property
    def sources(self) -> list[str]:
        """The tables that the features read, each once."""
        return list(dict.fromkeys(feature.source for feature in self.values()))

    def with_features(self, *features: Feature) -> Self:
        """Give a new catalogue with more features at the end."""
        return type(self)([*self.values(), *features])

    def has_all(self, names: Mapping[str, Any]) -> bool:
        """Say whether all of some names are features."""
        return names.keys() <= self._features.keys()

    def select(self, names: Iterable[str]) -> Self:
        """Give a new catalogue with these features only, in this order."""
        return type(self)(self[name] for name in names)

    def with_needed(self, names: Iterable[str]) -> Self:
        """Give a new catalogue with these features and all that they are derived from, in this order."""
        kept = {*names}
        for feature in reversed(list(self.values())):
            kept.update(feature.measure.needs if feature.name in kept else ())
        return self.select(name for name in self if name in kept)

    def to_list(self) -> list[dict[str, Any]]:
        """Write all declarations as plain data."""
        return [feature.to_dict() for feature in self.values()]

    @classmethod
    def from_list(cls, data: Iterable[Mapping[str, Any]]) -> Self:
        """Read declarations written by :meth:`to_list`."""
        return cls(Feature.from_dict(item) for item in data)

    @property
    def sha(self) -> str:
        """Hash of all declarations, the same wherever they are the same."""
        text = json.dumps(self.to_list(), sort_keys=True, ensure_ascii=False)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
