"""What the risks of each band promised, and what came true: the error that intervals must not hide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from dropout_risk.arrays import Floats
from dropout_risk.evaluation.metrics import wilson_interval
from dropout_risk.evaluation.section import Section, SectionKind, SectionTable
from dropout_risk.modelling.band_errors import BandError, BandErrors
from dropout_risk.settings import BAND_WORDS, LOWEST_BAND
from dropout_risk.text import Text

FEWEST_ROWS = 20
"""Test rows of a band below which its share says nothing."""
SAID = Text(
    zh="学生页上的区间不窄于这里的误差：某一等级的实际比例偏离给出的风险多少，该等级学生的区间就至少伸到那里。",
    en="The interval on a pupil's page is never narrower than the error here: it reaches at least as far as "
    "what came true in the pupil's band.",
)
FEW = Text(
    zh="测试中不足{fewest}人次的等级未列出。", en="Bands of fewer than {fewest} test rows are left out."
)
TABLE = Text(zh="各风险等级：给出的风险与实际比例", en="By band: risks given, and what came true")
COLUMNS = (
    Text(zh="等级", en="Band"),
    Text(zh="人次", en="Rows"),
    Text(zh="平均风险", en="Mean risk"),
    Text(zh="实际比例", en="Share that dropped out"),
    Text(zh="95%区间", en="95 %"),
    Text(zh="误差（百分点）", en="Error, points"),
)


def band_section(y: Floats, p: Floats, limits: Mapping[str, float]) -> Section:
    """Compare risk and outcome by band; ``limits`` say where each band but the lowest begins."""
    found = list(_rows_by_band(y, p, {LOWEST_BAND: 0.0} | dict(limits)))
    rows = tuple(
        (
            BAND_WORDS[row["band"]],
            row["n"],
            f"{row['mean_risk']:.1%}",
            f"{row['observed']:.1%}",
            f"{row['low']:.1%} – {row['high']:.1%}",
            f"{100 * (row['observed'] - row['mean_risk']):+.1f}",
        )
        for row in found
    )
    few = [FEW.filled(fewest=FEWEST_ROWS)] if len(found) <= len(limits) else []
    return BAND_CALIBRATION.section(
        [SAID, *few], [SectionTable(TABLE, COLUMNS, rows)], points={"bands": found}
    )


def _rows_by_band(y: Floats, p: Floats, starts: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    names, edges = list(starts), np.array(list(starts.values()))
    which = np.searchsorted(edges, p, side="right") - 1
    for place, name in enumerate(names):
        rows = which == place
        n = int(rows.sum())
        if n >= FEWEST_ROWS:
            share = float(y[rows].mean())
            low, high = map(float, wilson_interval(share, n))
            yield {
                "band": name,
                "from": starts[name],
                "n": n,
                "mean_risk": float(p[rows].mean()),
                "observed": share,
                "low": low,
                "high": high,
            }


def printed_errors(report: Mapping[str, Any]) -> BandErrors | None:
    """Read from a report, written as data, the errors of risk that it prints; None where there are none."""
    sections = [item for item in report.get("sections", ()) if item.get("name") == BAND_CALIBRATION.name]
    printed = [report.get("calibration", ()), *(item.get("points", {}).get("bands", ()) for item in sections)]
    tables = [
        [BandError(row["from"], row["mean_risk"], row["observed"]) for row in rows if "from" in row]
        for rows in printed
    ]
    return BandErrors.of(tables)


BAND_CALIBRATION: SectionKind = SectionKind(
    name="band_calibration",
    title=Text(zh="各风险等级准不准", en="Are the bands right?"),
    of_model=lambda trained: band_section(
        trained.held_out.y, trained.held_out.p, trained.settings.bands.limits
    ),
)
