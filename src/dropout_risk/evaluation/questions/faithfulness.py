"""Faithfulness: whether reasons name what moves the score and, where it is known, why a pupil left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Floats
from dropout_risk.catalogue.feature import CAUSES, FeatureCatalogue
from dropout_risk.evaluation.metrics import Z95, wilson_interval
from dropout_risk.evaluation.section import (
    Cell,
    Check,
    Question,
    Section,
    SectionKind,
    SectionTable,
    all_of,
    inside_bounds,
    plain_data,
)
from dropout_risk.evaluation.trained_model import TrainedModel, sample_of_rows
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.text import Text

STEPS = 8
THREE = 3
MOST_ROWS = 500
HIGH = 0.2
"""Reasons are read of pupils with high risks: curves are drawn of the fifth with the highest."""
MOVE_THE_SCORE = Question(
    "reasons_move_the_score",
    "计算依据确能改变分数",
    Text(zh="列出的计算依据是否真的改变分数", en="whether its reasons really move the score"),
)
LEADING_CAUSE = Question(
    "leading_cause",
    "主要原因与真实原因相符",
    Text(zh="列出的主要原因是否是真正的原因", en="whether the cause it names is the true one"),
)


@dataclass(frozen=True, eq=False)
class ReasonCurves:
    """The mean score while facts are taken away, or given, one by one.

    Log-odds of shape (n_steps + 1, n_rows), after so many facts were set to the background's mean
    (``taken``), or when only so many are the pupil's own (``given``): in the order of the reasons, the most
    raising first, and in random order.
    """

    taken: Floats
    taken_random: Floats
    given: Floats
    given_random: Floats

    def between(self, kind: str) -> tuple[float, float, float]:
        """Give the area between the reasons' order and random order, per step, with its 95 % interval.

        Above 0 where the reasons name what moves the score.
        """
        ordered, shuffled = getattr(self, kind), getattr(self, f"{kind}_random")
        sign = -1.0 if kind == "taken" else 1.0
        area = sign * (ordered - shuffled)[1:].mean(axis=0)
        half = Z95 * area.std(ddof=1) / np.sqrt(len(area))
        return float(area.mean()), float(area.mean() - half), float(area.mean() + half)

    def mean_risk(self, kind: str, step: int) -> float:
        """Give the mean risk after some steps."""
        from scipy.special import expit

        return float(expit(getattr(self, kind)[step]).mean())

    def frame(self) -> pd.DataFrame:
        """Give the mean log-odds after each step."""
        means = {name: curve.mean(axis=1) for name, curve in vars(self).items()}
        return pd.DataFrame(means).rename_axis("facts")


def reason_curves(
    model: CalibratedModel, X: pd.DataFrame, catalogue: FeatureCatalogue, rest: pd.Series, *, seed: int = 0
) -> ReasonCurves:
    """Take the facts of each row away, and give them, in the order of its reasons and in random order.

    A feature that is taken away is set to ``rest``: the background's mean, or missing.
    """
    fact, names = pd.factorize(np.array([catalogue[name].family for name in X.columns], dtype=object))
    values = model.contributions(X).values
    sums = np.column_stack([values[:, fact == position].sum(axis=1) for position in range(len(names))])
    rank = np.argsort(np.argsort(-sums, axis=1, kind="stable"), axis=1)
    shuffled = np.argsort(np.random.default_rng(seed).random(sums.shape), axis=1)
    steps = range(min(STEPS, len(names)) + 1)
    own = {"": rank[:, fact], "_random": shuffled[:, fact]}
    made = {}
    for end, position in own.items():
        made[f"taken{end}"] = np.array([_masked_log_odds(model, X, position >= step, rest) for step in steps])
        made[f"given{end}"] = np.array([_masked_log_odds(model, X, position < step, rest) for step in steps])
    return ReasonCurves(**made)


def _masked_log_odds(
    model: CalibratedModel, X: pd.DataFrame, own: npt.NDArray[np.bool_], rest: pd.Series
) -> Floats:
    return model.contributions(X.where(own, rest, axis=1)).log_odds


@dataclass(frozen=True, eq=False)
class CauseAgreement:
    """How often the cause that the reasons lead with is the true one, where a simulator knows it.

    The true and the named cause of each pupil who dropped out, and the model's global ``importance`` of each
    cause, which sums to 1.
    """

    truth: npt.NDArray[np.object_]
    named: npt.NDArray[np.object_]
    importance: dict[str, float]

    @classmethod
    def of(cls, sums: pd.DataFrame, dropped: pd.Series) -> CauseAgreement:
        """Compare the causes that ``sums`` lead with and the true ones, missing for rows without a dropout.

        All test rows are given, since importance is the mean size of a cause's contributions.
        """
        mean = sums.abs().mean()
        there = dropped.notna().to_numpy()
        named = np.asarray(sums.columns, dtype=object)[sums.to_numpy()[there].argmax(axis=1)]
        truth = dropped[there].to_numpy(dtype=object)
        return cls(truth, named, {str(name): float(value) for name, value in (mean / mean.sum()).items()})

    @property
    def right(self) -> float:
        """Share of pupils for whom the leading cause is the true one."""
        return float((self.truth == self.named).mean())

    @property
    def chance(self) -> float:
        """Share that naming a cause at random would give."""
        return 1 / len(self.importance)

    @property
    def always(self) -> float:
        """Share that always naming the globally leading cause would give."""
        leading = max(self.importance, key=lambda name: self.importance[name])
        return float((self.truth == leading).mean())

    @property
    def most_named(self) -> float:
        """Share that always naming the cause which the reasons lead with most often would give."""
        names, counts = np.unique(self.named.astype(str), return_counts=True)
        return float((self.truth == names[counts.argmax()]).mean())

    @property
    def sampled(self) -> float:
        """Share that naming causes at random, as often as their global importance, would give."""
        return float(sum(share * (self.truth == name).mean() for name, share in self.importance.items()))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval (Wilson) of the share that is right."""
        low, high = wilson_interval(self.right, len(self.truth))
        return float(low), float(high)

    def frame(self) -> pd.DataFrame:
        """Give one row per true cause: pupils, right, and how often each cause is named."""
        names = list(self.importance)
        told = (pd.Categorical(causes, categories=names) for causes in (self.truth, self.named))
        counts = pd.crosstab(*told, dropna=False).reindex(index=names, columns=names, fill_value=0)
        table = counts.set_axis(names, axis=0).set_axis([f"named_{name}" for name in names], axis=1)
        pupils = table.sum(axis=1)
        right = pd.Series(np.diag(counts.to_numpy()), index=names) / pupils.where(pupils > 0)
        return pd.concat([pupils.rename("pupils"), right.rename("right"), table], axis=1)

    def metrics(self) -> dict[str, float]:
        """Give the figures."""
        return {
            "leading_cause_right": self.right,
            "leading_cause_by_chance": self.chance,
            "leading_cause_always_the_same": self.always,
            "leading_cause_always_the_most_named": self.most_named,
            "leading_cause_by_importance": self.sampled,
        }


@dataclass(frozen=True, eq=False)
class FaithfulnessReport:
    """Whether the reasons name what moves the score and, where it is known, why a pupil left."""

    curves: ReasonCurves
    causes: CauseAgreement | None = None

    def frame(self) -> pd.DataFrame:
        """Give the mean log-odds after each step."""
        return self.curves.frame()

    def section(self) -> Section:
        """Give the part of an evaluation report."""
        remarks, tables = [_curves_in_words(self.curves)], [_curve_table(self.curves)]
        metrics = {f"{kind}_between": self.curves.between(kind)[0] for kind in ("taken", "given")}
        checks = [_check_curves(self.curves)]
        if self.causes is not None:
            remarks += [_causes_in_words(self.causes), *_no_better(self.causes)]
            checks.append(_check_causes(self.causes))
            tables.append(_cause_table(self.causes))
            metrics |= self.causes.metrics()
        return FAITHFULNESS.section(remarks, tables, metrics, checks)

    def _repr_html_(self) -> str:
        return self.section().to_html("en")


AREA = "{:.2f} ({:.2f} – {:.2f})"
TOLD = Text(
    zh="去掉每名学生最主要的三条依据（换成平均值），平均风险由{start:.1%}降到{reasons:.1%}；"
    "随机去掉三条则为{random:.1%}。按依据次序与随机次序之间的面积：去掉{taken}，给出{given}（对数几率，每步）。",
    en="Taking away each pupil's three leading reasons (set to the mean) lowers the mean risk from "
    "{start:.1%} to {reasons:.1%}; three facts at random lower it to {random:.1%}. Area between the order of "
    "the reasons and random order, log-odds per step: taken away {taken}, given {given}.",
)
TOLD_CAUSES = Text(
    zh="在模拟数据中，{n}名辍学学生里有{right:.0%}（{low:.0%}至{high:.0%}）的首要原因与真实原因一致；"
    "随意猜为{chance:.0%}，总说全局最主要的原因为{always:.0%}，总说最常列出的原因为{most_named:.0%}，"
    "按全局重要性随机说为{sampled:.0%}。",
    en="On these simulated records the leading cause is the true one for {right:.0%} ({low:.0%} to "
    "{high:.0%}) of {n} pupils who dropped out; chance gives {chance:.0%}, always naming the globally "
    "leading cause {always:.0%}, always the one named most often {most_named:.0%}, "
    "naming causes as often as they matter globally {sampled:.0%}.",
)
NO_BETTER_THAN_CHANCE = Text(
    zh="这并不能说明好于随意猜：不要把首要原因当作学生离校的真正原因，它只说明模型看到了什么。",
    en="This is not shown to be better than chance: do not read the leading cause as why a pupil leaves; it "
    "only says what the model saw.",
)
NO_BETTER_THAN_ONE = Text(
    zh="也不能说明好于对所有人都说同一个原因。",
    en="Nor is it shown to be better than naming one and the same cause for everybody.",
)
CAUSES_CHECKED = Text(
    zh="首要原因说对{right:.2f}（{low:.2f}至{high:.2f}），整个区间须高于随意猜的{chance:.2f}",
    en="the leading cause is right for {right:.2f} ({low:.2f} to {high:.2f}), wanted: the whole interval "
    "above the {chance:.2f} of chance",
)
CURVES_CHECKED = Text(
    zh="按依据次序与随机次序之间的面积：去掉{taken}，给出{given}，整个区间须大于0",
    en="area between the order of the reasons and random order: taken away {taken}, given {given}, wanted: "
    "the whole interval above 0",
)


def _curves_in_words(made: ReasonCurves) -> Text:
    three = min(THREE, len(made.taken) - 1)
    return TOLD.filled(
        start=made.mean_risk("taken", 0),
        reasons=made.mean_risk("taken", three),
        random=made.mean_risk("taken_random", three),
        **{kind: AREA.format(*made.between(kind)) for kind in ("taken", "given")},
    )


def _check_curves(made: ReasonCurves) -> Check:
    """Ask that taking facts away, and giving them, by the reasons moves the score more than at random."""
    found = {kind: made.between(kind) for kind in ("taken", "given")}
    passed = all_of(inside_bounds((low, high), (0.0, np.inf)) for _, low, high in found.values())
    told = {kind: AREA.format(*area) for kind, area in found.items()}
    return MOVE_THE_SCORE.answered(passed, CURVES_CHECKED.filled(**told))


def _no_better(found: CauseAgreement) -> list[Text]:
    """Say so where the causes named are no better than chance, or than naming always the same one."""
    said = [NO_BETTER_THAN_CHANCE] if found.interval[0] <= found.chance else []
    constant = max(found.always, found.most_named)
    return [*said, *([NO_BETTER_THAN_ONE] if found.interval[0] <= constant else [])]


def _check_causes(found: CauseAgreement) -> Check:
    low, high = found.interval
    reason = CAUSES_CHECKED.filled(right=found.right, low=low, high=high, chance=found.chance)
    return LEADING_CAUSE.answered(inside_bounds((low, high), (np.nextafter(found.chance, 1), 1.0)), reason)


def _causes_in_words(found: CauseAgreement) -> Text:
    low, high = found.interval
    others = {name: getattr(found, name) for name in ("right", "chance", "always", "sampled", "most_named")}
    return TOLD_CAUSES.filled(n=len(found.truth), low=low, high=high, **others)


def _curve_table(made: ReasonCurves) -> SectionTable:
    columns = (
        Text(zh="条数", en="Facts"),
        Text(zh="按依据去掉", en="Taken away, by reasons"),
        Text(zh="随机去掉", en="Taken away, at random"),
        Text(zh="按依据给出", en="Given, by reasons"),
        Text(zh="随机给出", en="Given, at random"),
    )
    rows = tuple((int(step), *(float(value) for value in line)) for step, line in made.frame().iterrows())
    return SectionTable(Text(zh="平均对数几率", en="Mean log-odds"), columns, rows)


def _cause_table(found: CauseAgreement) -> SectionTable:
    frame = found.frame()
    names = list(found.importance)
    labels = {str(cause): label for cause, label in CAUSES.items()}
    columns = (
        Text(zh="真实原因", en="True cause"),
        Text(zh="学生", en="Pupils"),
        Text(zh="说对", en="Right"),
        *(_named_column(labels[name]) for name in names),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            labels[str(name)],
            int(line["pupils"]),
            plain_data(float(line["right"])),
            *(int(line[f"named_{other}"]) for other in names),
        )
        for name, line in frame.iterrows()
    ]
    return SectionTable(
        Text(zh="真实原因与所说的首要原因", en="True cause and leading cause named"), columns, tuple(rows)
    )


def _named_column(label: Text) -> Text:
    return Text(zh=f"说成{label.zh}", en=f"named {label.en.lower()}")


def _section_of(trained: TrainedModel) -> Section:
    """Draw the curves of pupils with high risks and, where the true causes are known, compare them."""
    seed, risks, parts = trained.settings.models.seed, trained.risks, trained.parts
    high = np.flatnonzero(risks >= np.quantile(risks, 1 - HIGH))
    X = parts.X(parts.test[sample_of_rows(high, MOST_ROWS, np.random.default_rng(seed))])
    model = trained.classifier.calibrated_model_
    drawn = reason_curves(model, X, trained.catalogue, trained.means_of_stayers, seed=seed)
    dropped = _true_causes(trained)
    known = dropped is not None and dropped.notna().any()
    return FaithfulnessReport(
        drawn, CauseAgreement.of(trained.by_cause, dropped) if known else None
    ).section()


def _true_causes(trained: TrainedModel) -> pd.Series | None:
    """Give the true cause of who dropped out, on the last test day before; None where it is not known."""
    truth, parts = trained.records.truth, trained.parts
    if truth is None or "cause" not in truth:
        return None
    frame = parts.cohort_of(parts.test).frame
    found = frame["student_id"].map(truth.set_index("student_id")["cause"]).where(parts.y(parts.test) == 1)
    return found.where(frame["as_of"] == frame.groupby("student_id")["as_of"].transform("max"))


FAITHFULNESS = SectionKind(
    name="faithfulness",
    title=Text(zh="计算依据的真实性", en="Faithfulness of the reasons"),
    of_model=_section_of,
    questions=(MOVE_THE_SCORE, LEADING_CAUSE),
)
