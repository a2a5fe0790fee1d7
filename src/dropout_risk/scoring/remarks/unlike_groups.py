"""Classes, schools and days that look like none of the training: named, with wider intervals or no judgement.

What decides is the class context, so that a class is judged alike alone, in a request that brings its rows,
and among all others. What lies outside widens the interval of each pupil of the class by what it adds to the
pupil's log-odds; whose interval then reaches from the lowest band to the highest is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy.special import expit, logit

from dropout_risk.arrays import Bools, Floats, Ints, Longs
from dropout_risk.catalogue.feature import DOMAINS, Domain, FeatureCatalogue
from dropout_risk.features.class_context import ClassContext
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.modelling.group_profiles import (
    ALIKE,
    CONSTANT,
    HIGHER,
    LOWER,
    NEWLY_KNOWN,
    UNKNOWN,
    Found,
    GroupMoments,
    GroupProfiles,
    Level,
)
from dropout_risk.records.pupils.classes import indices_of_classes, parts_of_class
from dropout_risk.settings import BandSettings
from dropout_risk.text import Language, Text

MOST_NAMED = 3
UNLIKE_PUPIL = Text(
    zh="{domain}：班级与训练资料不同：{what}。模型没有见过这样的班级，风险区间因此放宽",
    en="{domain}: the class is unlike those of the training: {what}. How the model does in such a class is "
    "not known, so the interval is wider",
)
UNJUDGED_PUPIL = Text(
    zh="班级与训练资料相差太大，暂不评估",
    en="The class is too unlike those of the training: no judgement",
)
_GROUP = Text(
    zh="{whom}与训练资料不同（{domain}）：{what}。这里的风险只供参考，请先核对资料",
    en="{whom} unlike the training ({domain}): {what}. Risks here are a guess: look at the records first",
)
_WHOM: dict[Level, Text] = {
    "class": Text(zh="学校{school}的班级{cls}", en="Class {cls} of school {school} is"),
    "school": Text(zh="学校{school}", en="School {school} is"),
    "day": Text(zh="全部学生这一时期", en="All pupils of this date are"),
}
_HOW = {
    CONSTANT: Text(zh="{label}人人相同", en="{label}: the same for everybody"),
    LOWER: Text(zh="{label}低于训练中见过的", en="{label}: lower than any seen"),
    HIGHER: Text(zh="{label}高于训练中见过的", en="{label}: higher than any seen"),
    UNKNOWN: Text(zh="{label}大多没有记录", en="{label}: mostly not on record"),
    NEWLY_KNOWN: Text(zh="{label}训练时大多没有记录", en="{label}: mostly not on record in training"),
}
_BETWEEN = Text(zh="、", en=", ")
_AND_MORE = Text(zh="等{n}项", en=" and {n} more")


@dataclass(frozen=True)
class UnlikeGroup:
    """A class, a school, or all pupils of a date, unlike the training in the features of one domain.

    ``level`` is ``class``, ``school`` or ``day``; ``school_id`` and ``class_id`` are None where the group is
    larger; ``features`` are named with the heaviest first.
    """

    level: Level
    school_id: str | None
    class_id: str | None
    domain: Domain
    features: tuple[str, ...]
    pupils: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Write it as one entry of the reply's ``unlike``."""
        return dict(self.__dict__) | {"features": list(self.features)}


@dataclass(frozen=True, eq=False)
class UnlikeClasses:
    """What of each class of a context lies outside the training: shape (n_classes, n_features).

    The last row is that of no class. Columns are the catalogue's, most of them never judged.
    """

    found: Found
    moments: GroupMoments
    columns: Ints
    names: tuple[str, ...]
    profiles: GroupProfiles
    catalogue: FeatureCatalogue
    language: Language

    @classmethod
    def of(
        cls, context: ClassContext, profiles: GroupProfiles, catalogue: FeatureCatalogue, language: Language
    ) -> Self:
        """Judge the classes of a context."""
        names = tuple(context.features.words["cls"])
        moments = _moments_of_classes(context, profiles.names)
        own = profiles.heavy(profiles.judge("class", moments), _told_features(context, profiles))
        index = {name: at for at, name in enumerate(catalogue)}
        columns = np.array([index.get(name, -1) for name in profiles.names], dtype=np.int32)
        found = np.zeros((len(names) + 1, len(catalogue)), np.int8)
        found[:-1, columns[columns >= 0]] = own[:, columns >= 0]
        return cls(found, moments, columns, names, profiles, catalogue, language)

    def of_pupils(self, snapshot: Snapshot) -> Ints:
        """Give the row of each pupil's class."""
        classes = snapshot.histories.classes
        at = np.append(indices_of_classes(classes.names, self.names), np.int32(-1))
        return np.asarray(at[classes.codes])

    @cached_property
    def any(self) -> Bools:
        """Say of each row whether anything lies outside."""
        return np.asarray((self.found != ALIKE).any(axis=1))

    def notes(self, rows: Ints, unjudged: Bools) -> list[tuple[str, ...]]:
        """Give what is said to pupils of some classes."""
        worded = {row: self._notes_of(row) for row in np.unique(rows[self.any[rows]]).tolist()}
        last = (UNJUDGED_PUPIL.to(self.language),)
        return [
            (*worded.get(row, ()), *(last if alone else ()))
            for row, alone in zip(rows.tolist(), unjudged.tolist(), strict=True)
        ]

    def _notes_of(self, row: int) -> tuple[str, ...]:
        return tuple(
            UNLIKE_PUPIL.fill(self.language, domain=DOMAINS[domain].to(self.language), what=what)
            for domain, _, what in self._by_domain(self.found[row])
        )

    def groups(self) -> tuple[UnlikeGroup, ...]:
        """Name all classes, schools, and the date, the largest first; for whole populations."""
        named = [parts_of_class(name) for name in self.names]
        told = list(self._groups_of("class", self.found[:-1], self.moments, [(s, c) for s, c, _ in named]))
        schools = list(dict.fromkeys(school for school, _, _ in named))
        at = np.array([schools.index(school) for school, _, _ in named], dtype=np.int64)
        larger: tuple[tuple[Level, Longs, list[tuple[str | None, str | None]]], ...] = (
            ("school", at, [(school, None) for school in schools]),
            ("day", np.zeros(len(named), np.int64), [(None, None)]),
        )
        for level, codes, who in larger:
            joined = self.moments.joined(codes, len(who))
            own = self.profiles.heavy(self.profiles.judge(level, joined))
            found = np.zeros((len(who), len(self.catalogue)), np.int8)
            found[:, self.columns[self.columns >= 0]] = own[:, self.columns >= 0]
            told = [*self._groups_of(level, found, joined, who), *told]
        return tuple(told)

    def _groups_of(
        self, level: Level, found: Found, moments: GroupMoments, who: Sequence[tuple[str | None, str | None]]
    ) -> list[UnlikeGroup]:
        told = []
        for row in np.flatnonzero((found != ALIKE).any(axis=1)).tolist():
            school, own = who[row]
            whom = _WHOM[level].filled(school=school, cls=own)
            for domain, features, what in self._by_domain(found[row]):
                text = _GROUP.fill(
                    self.language,
                    whom=whom.to(self.language),
                    domain=DOMAINS[domain].to(self.language),
                    what=what,
                )
                pupils = int(moments.size[row])
                told.append(UnlikeGroup(level, school or None, own, domain, features, pupils, text))
        return told

    def _by_domain(self, found: Found) -> list[tuple[Domain, tuple[str, ...], str]]:
        """Word what lies outside, domain by domain."""
        weight = dict(zip(self.profiles.names, self.profiles.weight.tolist(), strict=True))
        features = list(self.catalogue.values())
        said = []
        for domain in DOMAINS:
            own = [at for at in np.flatnonzero(found != ALIKE).tolist() if features[at].domain == domain]
            own.sort(key=lambda at: -weight[features[at].name])
            if own:
                words = [_HOW[int(found[at])].filled(label=features[at].label) for at in own[:MOST_NAMED]]
                what = _BETWEEN.to(self.language).join(word.to(self.language) for word in words)
                if len(own) > MOST_NAMED:
                    what += _AND_MORE.fill(self.language, n=len(own) - MOST_NAMED)
                said.append((domain, tuple(features[at].name for at in own), what))
        return said


def widened_interval(interval: Floats, contributions: Floats, found: Found) -> Floats:
    """Widen intervals to both sides by what the features outside add to the log-odds; ``found`` by row."""
    outside = (found != ALIKE) & (contributions != 0)
    room = np.zeros(len(interval))
    for column in range(found.shape[1]):  # one after the other: the same bits alone and in a batch
        room = room + np.where(outside[:, column], np.abs(contributions[:, column]), 0.0)
    wide = np.stack([expit(logit(interval[:, 0]) - room), expit(logit(interval[:, 1]) + room)], axis=1)
    return np.where((room > 0)[:, None], wide, interval)


def reaches_everywhere(interval: Floats, bands: BandSettings) -> Bools:
    """Say whose interval reaches from the lowest band to the highest."""
    limits = [*bands.limits.values()]
    return np.asarray((interval[:, 0] < limits[0]) & (interval[:, 1] >= limits[-1]))


def _moments_of_classes(context: ClassContext, names: Sequence[str]) -> GroupMoments:
    """Lay the rows of a context out by class and feature."""
    rows, index = context.features, {name: at for at, name in enumerate(names)}
    column = np.array([index.get(word, -1) for word in rows.words["feature"]] or [-1], dtype=np.int64)
    feature, cls = column[rows.codes["feature"]], rows.codes["cls"]
    use, shape = (feature >= 0) & (rows.n > 0), (len(rows.words["cls"]), len(names))
    mean, sd, n = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, np.int64)
    for table, values in ((mean, rows.mean), (sd, rows.sd), (n, rows.n)):
        table[cls[use], feature[use]] = values[use]
    return GroupMoments(mean, sd, n)


def _told_features(context: ClassContext, profiles: GroupProfiles) -> Bools:
    """Mark the features that a context tells of: rows from elsewhere may leave some out."""
    words = set(context.features.words["feature"])
    return np.array([name in words for name in profiles.names], dtype=np.bool_)
