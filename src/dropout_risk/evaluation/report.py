"""The evaluation report: how good a model is, beside what would be good enough without it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation import report_tables as tables
from dropout_risk.evaluation.baselines import Baseline
from dropout_risk.evaluation.model_card.charts import evaluation_chart
from dropout_risk.evaluation.publishing import Verdict
from dropout_risk.evaluation.resampling import REPLICATES
from dropout_risk.evaluation.result import (
    HeldOut,
    Measured,
    Result,
    all_results,
    beside_the_rule,
    calibration_bins,
)
from dropout_risk.evaluation.section import Section, Table, plain_data
from dropout_risk.evaluation.sections import make_sections, panels_of, with_titles
from dropout_risk.evaluation.trained_model import TrainedModel
from dropout_risk.modelling.candidates import candidate_words
from dropout_risk.text import Language, Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


FORMAT = 3
MORE = Text(
    zh="公平性、校准、提前天数、计算依据的稳定性等见完整报告：to_text()，或命令 dropout-risk report。",
    en="Fairness, calibration, lead time, stability of the reasons and more are in the whole report: "
    "to_text(), or the command dropout-risk report.",
)
CHOSEN = Text(zh="所选候选模型：{candidate}", en="The chosen candidate: {candidate}")
SAME_MODEL = Text(
    zh="交付的就是被评估的模型，评估之后没有用全部数据重新拟合。",
    en="The model that is shipped is the one evaluated here; it was not refitted on all data afterwards.",
)


@dataclass(frozen=True, repr=False)
class EvaluationReport:
    """How a model did on days after its training, beside the baselines.

    Plain data throughout: counts, shares and dates, no pupil's row, None where a figure is not defined.

    Parameters
    ----------
    model : str
        Name of the model.
    candidate : str
        Which candidate was chosen, such as ``"lightgbm"``.
    synthetic : bool
        Whether the records were simulated; said plainly wherever the report is shown.
    horizon_days : int
        How far ahead the outcome was looked for, in school days.
    events : sequence of str
        What counts as the outcome.
    capacity_share : float
        The share of each test day's cohort that can be seen.
    results : tuple of Result
        The model first, then the baselines.
    calibration : list of dict
        Mean risk and observed share of the model in bins of about equally many rows.
    at_rule : dict or None
        The ABC rule's own list beside the model's list of the same length.
    split : dict
        ``train_as_of``, ``trained_to`` (the last day their labels look at), ``gap_as_of`` (left out because
        their labels were not yet known) and ``test_as_of``.
    counts : dict
        ``rows``, ``pupils``, ``positives`` (rows) and ``leavers`` (pupils) of ``train``, ``calibration`` and
        ``test``; ``censored`` by reason.
    hashes : dict
        Hashes of the data and of the catalogue.
    selection : list of dict
        One row per candidate.
    sections : tuple of Section
        What else was asked of the model: the baselines' verdict, lists at capacity and the decision curve in
        every report, then what was handed in, such as fairness; each may hold checks.

    Examples
    --------
    >>> import numpy as np
    >>> outcomes, risks = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    >>> held_out = HeldOut(outcomes, risks, as_of=np.array(["2025-03-03"] * 4))
    >>> report = EvaluationReport.of(held_out, [], model="county", candidate="logistic", synthetic=True,
    ...                              horizon_days=90, events=["dropout"], capacity_share=0.25)
    >>> report.frame().loc["model", ["auc", "precision_at_capacity"]].tolist()
    [0.75, 1.0]
    """

    model: str
    candidate: str
    synthetic: bool
    horizon_days: int
    events: list[str]
    capacity_share: float
    results: tuple[Result, ...]
    calibration: list[dict[str, Any]]
    at_rule: dict[str, Any] | None = None
    split: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    selection: list[dict[str, Any]] = field(default_factory=list)
    sections: tuple[Section, ...] = ()

    @classmethod
    def of(
        cls,
        held_out: HeldOut,
        baselines: Sequence[Baseline],
        *,
        model: str,
        candidate: str,
        synthetic: bool,
        horizon_days: int,
        events: Sequence[str],
        capacity_share: float,
        split: Mapping[str, Any] | None = None,
        counts: Mapping[str, Any] | None = None,
        hashes: Mapping[str, str] | None = None,
        selection: Sequence[Mapping[str, Any]] = (),
        trained: TrainedModel | None = None,
        sections: Sequence[Section] = (),
        teacher_capacity: int = 5,
        lowest_risk: float = 0.0,
        replicates: int = REPLICATES,
    ) -> Self:
        """Measure a model and its baselines on the test part.

        With schools and pupils in ``held_out``, every figure has an interval, from drawing schools again so
        many ``replicates`` times. Sections that look at more than outcomes and risks are made of
        ``trained``, or given as ``sections``. One teacher can see ``teacher_capacity`` pupils; nobody below
        the ``lowest_risk`` is on a teacher's list. All else is as in :class:`EvaluationReport`.
        """
        resampling = held_out.resampling(replicates)
        results = all_results(
            held_out,
            baselines,
            label=Text(zh="模型", en="Model"),
            description=CHOSEN.filled(candidate=tables.word_of(candidate, candidate_words())),
            share=capacity_share,
            resampling=resampling,
        )
        measured = Measured(
            held_out, baselines, results, resampling, capacity_share, teacher_capacity, lowest_risk
        )
        rule = next((baseline for baseline in baselines if baseline.flagged is not None), None)
        return cls(
            model=model,
            candidate=candidate,
            synthetic=synthetic,
            horizon_days=horizon_days,
            events=list(events),
            capacity_share=capacity_share,
            results=results,
            calibration=plain_data(calibration_bins(held_out.y, held_out.p)),
            at_rule=None if rule is None else beside_the_rule(held_out, rule),
            split=plain_data(split or {}),
            counts=plain_data(counts or {}),
            hashes=plain_data(hashes or {}),
            selection=plain_data(list(selection)),
            sections=with_titles([*make_sections(measured, trained), *sections]),
        )

    def result(self, name: str = "model") -> Result:
        """Give the model's result, or a baseline's by its key."""
        for result in self.results:
            if result.name == name:
                return result
        names = ", ".join(repr(result.name) for result in self.results)
        raise EvaluationError(f"The report has no result {name!r}.", hint=f"it has {names}")

    def section(self, name: str) -> Section | None:
        """Give a section by its key; None where the report has none of that name."""
        return next((section for section in self.sections if section.name == name), None)

    def frame(self) -> pd.DataFrame:
        """Give one row per model and baseline, with every figure and why there is none."""
        return pd.DataFrame([_result_row(result) for result in self.results]).set_index("name")

    def snapshots(self) -> pd.DataFrame:
        """Give one row per test day and model or baseline."""
        rows = [{"name": result.name} | row for result in self.results for row in result.by_snapshot]
        return pd.DataFrame(rows).set_index(["as_of", "name"]).sort_index(level="as_of", sort_remaining=False)

    def chart(self) -> Figure:
        """Draw calibration, lists by capacity, ROC, decision curve, and what other sections have to draw."""
        return evaluation_chart(self, panels_of(self))

    def metrics(self) -> dict[str, float]:
        """Give every defined figure under one flat name, such as ``baseline.abc_rule.auc``."""
        flat: dict[str, float] = {}
        for result in self.results:
            prefix = "" if result.name == "model" else f"baseline.{result.name}."
            row = _result_row(result).items()
            flat |= {prefix + key: float(value) for key, value in row if isinstance(value, int | float)}
        if self.at_rule and self.at_rule["recall_ratio"] is not None:
            flat["recall_ratio_to_abc_rule"] = self.at_rule["recall_ratio"]
        for section in self.sections:
            flat |= {f"{section.name}.{key}": float(value) for key, value in section.metrics.items()}
        return flat

    def to_dict(self) -> dict[str, Any]:
        """Write the report as JSON-able data; figures that are not defined are None."""
        data = {item.name: getattr(self, item.name) for item in fields(self)}
        results = [result.to_dict() for result in self.results]
        sections = [section.to_dict() for section in self.sections]
        return {"format": FORMAT} | data | {"results": results, "sections": sections}

    def to_json(self) -> str:
        """Write the report as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=1)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a report written by :meth:`to_dict`; EvaluationError if it has another format."""
        given = dict(data)
        version = given.pop("format", None)
        if version != FORMAT or set(given) != {item.name for item in fields(cls)}:
            raise EvaluationError(
                "This is not an evaluation report of this version.", hint=f"format {FORMAT} is read"
            )
        results = tuple(Result.from_dict(item) for item in given["results"])
        sections = with_titles(map(Section.from_dict, given["sections"]))
        return cls(**given | {"results": results, "sections": sections})

    def tables(self, language: Language = "en") -> list[Table]:
        """Give every table of the report that has rows."""
        return [table.to(language) for table in tables.report_tables(self)]

    def remarks(self, language: Language = "en", *, synthetic: bool = True) -> list[str]:
        """Give what must be said beside the figures: synthetic data, what is missing, what is shipped."""
        made_up = [tables.SYNTHETIC] if self.synthetic and synthetic else []
        said = [*made_up, *tables.about_the_split(self), *tables.not_available(self), SAME_MODEL]
        return [remark.to(language) for remark in said]

    def title(self, language: Language = "en") -> str:
        """Give the heading."""
        return Text(zh=f"评估报告：{self.model}", en=f"Evaluation of {self.model}").to(language)

    def to_markdown(self, language: Language = "en") -> str:
        """Write the whole report as Markdown."""
        remarks = [f"> {remark}\n" for remark in [*self.remarks(language), Verdict.of(self).text(language)]]
        body = [table.to_markdown() + "\n" for table in self.tables(language)]
        definitions = [
            f"- **{item.label.to(language)}**: {item.description.to(language)}" for item in self.results
        ]
        more = [section.to_markdown(language) + "\n" for section in self.sections]
        reading = [
            f"## {tables.HOW_TO_READ.to(language)}",
            "",
            *(f"- {line}" for line in tables.glossary_lines(language)),
            "",
        ]
        head = [f"# {self.title(language)}", "", *remarks]
        return "\n".join([*head, *body, *definitions, "", *reading, *more])

    def to_text(self, language: Language = "en") -> str:
        """Write the report for a terminal: verdict and split, figures, each question, how it was done.

        Test days are left out; :meth:`snapshots` gives them.
        """
        first = [tables.provenance_table(self), tables.results_table(self), tables.rule_table(self)]
        shown = [table.to(language) for table in first if table is not None]
        titles = {tables.BY_DAY.to(language), *(table.title for table in shown)}
        others = [table for table in self.tables(language) if table.title not in titles]
        sections = [section.to_text(language) for section in self.sections]
        reading = "\n".join([tables.HOW_TO_READ.to(language), *tables.glossary_lines(language)])
        head = [self.title(language), Verdict.of(self).text(language), "\n".join(self.remarks(language))]
        figures_text = [table.to_text() for table in shown]
        return "\n\n".join([*head, *figures_text, reading, *sections, *(table.to_text() for table in others)])

    def summary(self, language: Language = "en") -> str:
        """Write what a first look needs: the figures beside the baselines, the list, and the verdict."""
        shown = [tables.results_table(self), tables.rule_table(self)]
        words = [self.title(language), "\n".join(self.remarks(language))]
        words += [table.to(language).to_text() for table in shown if table is not None]
        return "\n\n".join([*words, Verdict.of(self).text(language), MORE.to(language)])

    def __repr__(self) -> str:
        """Name the model and its main figures; ``print`` gives the summary."""
        figures = self.result().metrics
        kind = "synthetic " if self.synthetic else ""
        said = ", ".join(f"{name} {figures[name]:.3f}" for name in ("auc", "brier") if figures.get(name))
        about = f"{self.model} ({self.candidate}): {said}; {len(self.sections)} sections"
        return f"<{kind}EvaluationReport of {about}>"

    def __str__(self) -> str:
        """Write the summary for a terminal, in English; :meth:`to_text` gives everything."""
        return self.summary()

    def _repr_html_(self) -> str:
        """Show the report in a notebook; every word is escaped and nothing is loaded from elsewhere."""
        said = [*self.remarks(), Verdict.of(self).text("en")]
        remarks = "".join(f"<p><strong>{html.escape(remark)}</strong></p>" for remark in said)
        body = "".join(table.to_html() for table in self.tables())
        body += "".join(section.to_html("en") for section in self.sections)
        return f"<section><h3>{html.escape(self.title())}</h3>{remarks}{body}</section>"


def _result_row(result: Result) -> dict[str, Any]:
    row: dict[str, Any] = {"name": result.name, "label": result.label.en} | result.metrics
    for name in ("precision", "recall", "lift"):
        bounds = result.at_capacity.get(name, {})
        row[f"{name}_at_capacity"] = bounds.get("expected")
        row[f"{name}_at_capacity_worst"] = bounds.get("worst")
        row[f"{name}_at_capacity_best"] = bounds.get("best")
    for name, ends in result.intervals.items():
        row |= {f"{name}_low": ends["low"], f"{name}_high": ends["high"]}
    row["not_available"] = "" if result.unavailable is None else result.unavailable.en
    return row
