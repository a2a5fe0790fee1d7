"""Stability: whether pupils would get the same reasons had the model learnt from others like these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Floats, Longs
from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.metrics import Z95
from dropout_risk.evaluation.section import (
    Cell,
    Check,
    Question,
    Section,
    SectionKind,
    SectionTable,
    inside_bounds,
    plain_data,
)
from dropout_risk.evaluation.trained_model import TrainedModel, sample_of_rows
from dropout_risk.explanation.reason_choice import NOBODY, ChosenReasons, Facts
from dropout_risk.settings import BAND_WORDS, BANDS
from dropout_risk.text import Text

TOP = 3
ALL = "all"
FEWEST = 10
MOST_ROWS = 2000
MOST_REFIT_ROWS = 50_000
"""A refit on more rows is made on a part of the pupils: five refits must not cost more than the training."""
KEPT = Question(
    "reasons_kept",
    "依据前后一致",
    Text(zh="数据略有变化时计算依据是否还一样", en="whether its reasons stay when the data change a little"),
)
LINES = {ALL: Text(zh="全部", en="all")} | {band: BAND_WORDS[band] for band in reversed(BANDS)}
VERDICT = Text(
    zh="用重新抽取的学生按同样设置再训练{refits}次，每名学生最主要的三条升高风险的依据平均有{kept:.0%}保持不变"
    "（同一等级的另一名学生只有{other:.0%}相同）。",
    en="Refitted {refits} times on resampled pupils in the same setting, the model keeps {kept:.0%} of a "
    "pupil's three leading raising reasons ({other:.0%} are shared with another pupil of the same band).",
)
FEWER = Text(
    zh="为节省时间，每次只用一部分学生训练，各次差别因此偏大，实际更稳定。",
    en="To save time each refit learns from a part of the pupils, so refits differ more than the model "
    "would: its reasons are more stable than shown.",
)
MARGIN = 0.10
"""By how much a pupil's own reasons must outlast those it shares with another pupil of its band."""
CHECKED = Text(
    zh="重训后保持不变的依据比与同等级另一名学生相同的多{more:.2f}（{low:.2f}至{high:.2f}），整个区间须高于{margin:.2f}",
    en="refits keep {more:.2f} ({low:.2f} to {high:.2f}) more of a pupil's reasons than another pupil of the "
    "band shares, wanted: the whole interval above {margin:.2f}",
)
FEW_REFITS = Text(
    zh="只重训了{refits}次，少于两次就无法知道各次之间相差多少",
    en="refitted {refits} time(s): with fewer than two nobody knows how far refits differ",
)
NOBODY_RAISED = Text(zh="没有学生有升高风险的依据。", en="No pupil has a raising reason.")


@dataclass(frozen=True, eq=False)
class StabilityReport:
    """How much of each pupil's three leading raising reasons refitted models keep.

    A reason is a fact, as it is told: window variants of one fact are one reason. By refit and pupil,
    ``kept`` is the share of the reasons that the refit also has among its first three, NaN for pupils
    without, and ``first`` whether the leading one is. By pupil, ``other`` is the share that another pupil of
    the same band also has. A refit draws a ``share`` of the training pupils; below 1, refits differ more
    than they should.
    """

    kept: Floats
    first: Floats
    other: Floats
    bands: npt.NDArray[Any]
    share: float = 1.0

    @classmethod
    def of(
        cls,
        facts: Facts,
        values: Floats,
        contributions: Floats,
        refitted: Sequence[Floats],
        bands: npt.ArrayLike,
        *,
        share: float = 1.0,
    ) -> StabilityReport:
        """Compare the reasons of a model with those of its refits, at least one, for the same pupils."""
        if not refitted:
            raise EvaluationError(
                "Stability needs at least one refit.", hint="evaluation.refits says how many"
            )
        names = np.asarray(bands)
        own = leading_facts(facts, values, contributions)
        others = [leading_facts(facts, values, again) for again in refitted]
        return cls(
            kept=np.array([_share_kept(own, other) for other in others]),
            first=np.array([_share_kept(own[:, :1], other) for other in others]),
            other=_share_kept(own, own[_next_of_band(names)]),
            bands=names,
            share=share,
        )

    def frame(self) -> pd.DataFrame:
        """Give a row for all pupils and one per band: rows, kept (also by refit), first kept, of another."""
        there = ~np.isnan(self.other)
        rows = {ALL: there} | {
            band: there & (self.bands == band) for band in reversed(BANDS) if (self.bands == band).any()
        }
        return pd.DataFrame({band: self._line(chosen) for band, chosen in rows.items()}).T

    def _line(self, chosen: npt.NDArray[np.bool_]) -> dict[str, float]:
        if chosen.sum() < FEWEST:
            return {"pupils": float(chosen.sum())}
        kept = self.kept[:, chosen].mean(axis=1)
        return {
            "pupils": float(chosen.sum()),
            "kept": float(kept.mean()),
            "kept_lowest": float(kept.min()),
            "kept_highest": float(kept.max()),
            "first_kept": float(self.first[:, chosen].mean()),
            "of_another": float(self.other[chosen].mean()),
        }

    def section(self) -> Section:
        """Give the part of an evaluation report."""
        frame = self.frame().reindex(
            columns=["pupils", "kept", "kept_lowest", "kept_highest", "first_kept", "of_another"]
        )
        told = frame.loc[ALL]
        if np.isnan(told["kept"]):
            return STABILITY.section([NOBODY_RAISED], checks=[KEPT.answered(None, NOBODY_RAISED)])
        verdict = VERDICT.filled(refits=len(self.kept), kept=told["kept"], other=told["of_another"])
        remarks = (verdict, FEWER) if self.share < 1 else (verdict,)
        metrics = {"kept": told["kept"], "first_kept": told["first_kept"], "of_another": told["of_another"]}
        metrics |= {f"kept.{band}": value for band, value in frame["kept"].items() if band != ALL}
        known = {name: float(value) for name, value in metrics.items() if not np.isnan(value)}
        return STABILITY.section(remarks, [_stability_table(frame)], known, [self._check()])

    def kept_beyond_another(self) -> tuple[float, float, float]:
        """Give how much more refits keep than another pupil shares, with its 95 % interval.

        The interval holds the spread between pupils and that between refits; of few refits, by Student's t.
        """
        from scipy.special import stdtrit

        more = (self.kept - self.other)[:, ~np.isnan(self.other)]
        of_refits, of_pupils = (
            means.std(ddof=1) / np.sqrt(len(means)) for means in (more.mean(axis=1), more.mean(axis=0))
        )
        half = float(np.hypot(Z95 * of_pupils, stdtrit(len(more) - 1, 0.975) * of_refits))
        return float(more.mean()), float(more.mean()) - half, float(more.mean()) + half

    def _check(self) -> Check:
        if len(self.kept) < 2:
            return KEPT.answered(None, FEW_REFITS.filled(refits=len(self.kept)))
        more, low, high = self.kept_beyond_another()
        reason = CHECKED.filled(more=more, low=low, high=high, margin=MARGIN)
        return KEPT.answered(inside_bounds((low, high), (MARGIN, np.inf)), reason)

    def _repr_html_(self) -> str:
        return self.section().to_html("en")


def leading_facts(facts: Facts, values: Floats, contributions: Floats) -> Longs:
    """Give the three facts that raise each pupil's risk most, as they would be told; -1 for none."""
    speaker = ChosenReasons.of(facts, values, contributions).speaker[:, 0, :TOP]
    missing = np.isnan(np.take_along_axis(values, np.maximum(speaker, 0), axis=1))
    fact = np.where(missing, facts.missing[speaker], facts.told[speaker])
    return np.where(speaker == NOBODY, NOBODY, fact)


def pupils_again(
    pupils: npt.ArrayLike, rng: np.random.Generator, *, share: float = 1.0
) -> npt.NDArray[np.intp]:
    """Draw a share of the pupils with replacement, and give their rows as often as they were drawn."""
    code, names = pd.factorize(np.asarray(pupils))
    drawn = rng.integers(0, len(names), max(1, round(share * len(names))))
    times = np.bincount(drawn, minlength=len(names))
    return np.repeat(np.arange(len(code)), times[code])


def _share_kept(own: Longs, other: Longs) -> Floats:
    """Give the share of each row's facts that the other row also has; NaN where it has none."""
    there = own != NOBODY
    found = (own[:, :, None] == other[:, None, :]).any(axis=2) & there
    number = there.sum(axis=1)
    share = np.divide(found.sum(axis=1), number, out=np.full(len(own), np.nan), where=number > 0)
    return np.asarray(share)


def _next_of_band(bands: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Give each pupil the next one of its band, the last one the first."""
    following = np.arange(len(bands))
    for band in np.unique(bands):
        positions = np.flatnonzero(bands == band)
        following[positions] = np.roll(positions, -1)
    return following


def _stability_table(frame: pd.DataFrame) -> SectionTable:
    columns = (
        Text(zh="等级", en="Band"),
        Text(zh="学生行数", en="Rows"),
        Text(zh="保持不变", en="Kept"),
        Text(zh="各次最低", en="Lowest refit"),
        Text(zh="各次最高", en="Highest refit"),
        Text(zh="首要依据仍在前三", en="Leading reason kept"),
        Text(zh="与另一名学生相同", en="Shared with another pupil"),
    )
    rows: list[tuple[Cell, ...]] = [
        (LINES[str(band)], int(line["pupils"]), *plain_data(line.iloc[1:].tolist()))
        for band, line in frame.iterrows()
    ]
    title = Text(
        zh=f"最主要的{TOP}条升高风险的依据", en=f"The {TOP} leading raising reasons of each pupil, refitted"
    )
    return SectionTable(title, columns, tuple(rows))


def _section_of(trained: TrainedModel) -> Section | None:
    """Refit on resampled pupils and compare the reasons of a sample of the test rows; None without refits."""
    parts, settings = trained.parts, trained.settings
    if not settings.evaluation.refits:
        return None
    rng = np.random.default_rng(settings.models.seed)
    chosen = sample_of_rows(np.arange(len(parts.test)), MOST_ROWS, rng)
    X = parts.X(parts.test[chosen])
    refitted, share = [], min(1.0, MOST_REFIT_ROWS / len(parts.train))
    for _ in range(settings.evaluation.refits):
        again = parts.train[pupils_again(parts.pupils(parts.train), rng, share=share)]
        refitted.append(trained.classifier.refitted(parts.X(again), parts.y(again)).contributions(X).values)
    report = StabilityReport.of(
        Facts.of(trained.catalogue, trained.means_of_stayers.to_numpy(dtype=np.float64)),
        X.to_numpy(dtype=np.float64),
        trained.contributions[chosen],
        refitted,
        [settings.bands.of(risk) for risk in trained.risks[chosen]],
        share=share,
    )
    return report.section()


STABILITY = SectionKind(
    name="stability",
    title=Text(zh="计算依据的稳定性", en="Stability of the reasons"),
    of_model=_section_of,
    questions=(KEPT,),
    required=Text(zh="计算依据的稳定性", en="stability of the reasons"),
)
