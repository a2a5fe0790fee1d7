"""The learning curve: how much the last pupils added, and whether more would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_risk.arrays import Floats
from dropout_risk.evaluation.model_card.charts import COLOURS
from dropout_risk.evaluation.resampling import Interval, Resampling, auc_by_replicate
from dropout_risk.evaluation.result import HeldOut
from dropout_risk.evaluation.section import (
    Cell,
    Section,
    SectionKind,
    SectionTable,
    interval_figures,
    with_interval,
)
from dropout_risk.evaluation.trained_model import TrainedModel
from dropout_risk.modelling.folds.splits import calibration_part
from dropout_risk.text import Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport

HOW = Text(
    zh="只用一部分训练学生（按学号抽取，小的包含在大的之内）重新拟合所选模型，在同样的测试行上检验；"
    "这些较小的模型只用两折校准，最后一行就是交付的模型，折数或校准学生更多，所以最后一步的差别略偏大。",
    en="The chosen candidate was fitted again on some of the training pupils (smaller samples lie within "
    "larger ones) and measured on the same test rows. These smaller models are calibrated on two folds "
    "only; the last row is the model that is shipped, calibrated on more folds or on pupils of its own, so "
    "the last step may look a little greater than it is.",
)
STILL = Text(
    zh="从{before}名到{after}名学生，对数损失又降了{by}：再增加学生很可能还有用。",
    en="From {before} to {after} pupils log loss still fell by {by}: more pupils would probably help.",
)
FLAT = Text(
    zh="从{before}名到{after}名学生，对数损失的变化为{by}：看不出再增加学生还有用。",
    en="From {before} to {after} pupils log loss changed by {by}: nothing shows that more pupils would help.",
)
TABLE = Text(zh="按训练学生数", en="By the number of training pupils")
HEAD = (Text(zh="训练学生", en="Training pupils"), "AUC", Text(zh="对数损失", en="Log loss"))


@dataclass(frozen=True, eq=False)
class FittedSize:
    """What a model fitted on some pupils says of the test rows."""

    pupils: int
    risks: Floats


def learning_curve_section(
    held_out: HeldOut, sizes: Sequence[FittedSize], resampling: Resampling | None = None
) -> Section:
    """Measure models fitted on growing numbers of pupils, at least two; the last is the model itself."""
    y = held_out.y
    once = Resampling.once(y.size)
    draws = resampling or once
    losses = [_log_losses(y, size.risks) for size in sizes]
    rows: list[tuple[Cell, ...]] = []
    metrics: dict[str, float] = {}
    for position, (size, loss) in enumerate(zip(sizes, losses, strict=True)):
        auc = float(auc_by_replicate(y, size.risks, once)[0])
        ends = draws.interval(auc_by_replicate(y, size.risks, draws))
        mean = with_interval(float(loss.mean()), draws.interval(draws.means(loss)), digits=4)
        rows.append((size.pupils, with_interval(auc, ends, digits=3), mean))
        metrics |= {f"pupils_{position}": float(size.pupils), f"log_loss_{position}": float(loss.mean())}
        metrics |= interval_figures(f"auc_{position}", auc, ends)
    fall = losses[-2] - losses[-1]
    interval = draws.interval(draws.means(fall))
    verdict = _last_step_verdict(sizes, float(fall.mean()), interval)
    return LEARNING_CURVE.section([verdict, HOW], [SectionTable(TABLE, HEAD, tuple(rows))], metrics)


def _last_step_verdict(sizes: Sequence[FittedSize], fall: float, interval: Interval | None) -> Text:
    span = {"before": sizes[-2].pupils, "after": sizes[-1].pupils}
    if interval is not None and interval.low > 0:
        return STILL.filled(**span, by=with_interval(fall, interval, digits=4))
    turned = None if interval is None else Interval(-interval.high, -interval.low)
    return FLAT.filled(**span, by=with_interval(-fall, turned, digits=4, form="+"))


def _log_losses(y: Floats, p: Floats) -> Floats:
    smallest = np.finfo(np.float64).eps
    return np.asarray(-np.log(np.clip(np.where(y == 1, p, 1 - p), smallest, 1.0)))


# --- Fit the chosen candidate again on growing numbers of training pupils ---

SHARES = (0.15, 0.3, 0.6)
FEWEST_DROPOUTS = 20
MOST_ROWS = 50_000
"""Training rows up to which the curve is drawn unless the settings say otherwise."""


def _section_of(trained: TrainedModel) -> Section | None:
    """Give the learning curve; None where it is not wanted or too few pupils drop out for a smaller fit."""
    parts, wanted = trained.parts, trained.settings.evaluation.learning_curve
    if not (len(parts.before_test) < MOST_ROWS if wanted is None else wanted):
        return None
    sizes = [size for share in SHARES if (size := _fitted_on(share, trained)) is not None]
    if not sizes:
        return None
    everybody = FittedSize(len(set(parts.pupils(parts.before_test))), trained.held_out.p)
    return learning_curve_section(trained.held_out, [*sizes, everybody], trained.resampling)


def _fitted_on(share: float, trained: TrainedModel) -> FittedSize | None:
    """Fit on a share of the pupils, calibrated across two folds; None where too few of a class are left."""
    from sklearn.base import clone

    parts, classifier = trained.parts, trained.classifier
    pupils = parts.pupils(parts.before_test)
    # another seed than the one that set pupils aside to calibrate on, or nobody of those would be drawn
    rows = parts.before_test[calibration_part(pupils, share, trained.settings.models.seed + 1)]
    if parts.fewest_pupils_of_a_class(rows) < FEWEST_DROPOUTS:
        return None
    smaller = clone(classifier).set_params(model=classifier.selection_.chosen, folds=2, leaks="ignore")
    smaller.fit(parts.X(rows), parts.y(rows), groups=parts.pupils(rows))
    return FittedSize(len(set(parts.pupils(rows))), smaller.predict_proba(parts.X(parts.test))[:, 1])


def _draw_learning_curve(axes: Any, report: EvaluationReport) -> None:
    section = report.section(LEARNING_CURVE.name)
    if section is None:
        return
    sizes = [float(str(row[0])) for row in section.tables[0].rows]
    auc, low, high = (
        [section.metrics.get(f"auc_{position}{end}", float("nan")) for position in range(len(sizes))]
        for end in ("", "_low", "_high")
    )
    axes.fill_between(sizes, low, high, color=COLOURS["model"], alpha=0.15, linewidth=0)
    axes.plot(sizes, auc, marker="o", markersize=4, color=COLOURS["model"])
    axes.set(xlabel="Training pupils", ylabel="AUC on the test part", xlim=(0, 1.05 * max(sizes)))
    axes.set_title("Learning curve, 95 % intervals", fontsize=10)


LEARNING_CURVE = SectionKind(
    name="learning_curve",
    title=Text(zh="学习曲线：学生再多会不会更好", en="Learning curve: would more pupils help"),
    of_model=_section_of,
    panels=(_draw_learning_curve,),
)
