"""RiskClassifier: a scikit-learn estimator over the one path from features to risk."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_array, check_is_fitted

from dropout_risk.arrays import Array, Bools, Floats, Longs, Objects, Positions
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import FeatureInputError, nearest
from dropout_risk.explanation.backgrounds import Backgrounds
from dropout_risk.explanation.contributions import Contributions, as_shap
from dropout_risk.kernels import blocks
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.modelling.calibration import LinearCalibration
from dropout_risk.modelling.candidates import AUTO, default_candidates
from dropout_risk.modelling.folds.given_folds import folds_of_splitter
from dropout_risk.modelling.inputs.argument_checks import check_arguments, check_beside
from dropout_risk.modelling.inputs.encoding import FeatureEncoding
from dropout_risk.modelling.inputs.feature_table import array_error, has_names, plain_table
from dropout_risk.modelling.inputs.input_checks import (
    refuse_empty_columns,
    warn_of_codes,
    warn_of_few,
    warn_of_identifiers,
    warn_of_wide,
)
from dropout_risk.modelling.inputs.labels import TwoLabels, check_count
from dropout_risk.modelling.inputs.likely_values import LikelyValues, always_recorded
from dropout_risk.modelling.inputs.row_counts import RowCounts
from dropout_risk.modelling.inputs.row_names import refuse_other_rows
from dropout_risk.modelling.leaks.report import OnLeaks, check_leaks, group_keys
from dropout_risk.modelling.learners.scorecard import PointsTable, ScorecardModel
from dropout_risk.modelling.selection import TrainingRows, fit_best, in_own_order
from dropout_risk.modelling.tuning import Tuning
from dropout_risk.progress import progress_line
from dropout_risk.text import Text, language_of

MISSING = Text(zh="缺失", en="missing")
EXPLAINED_AT_ONCE = 100_000
MOST_SEEN = 1000
"""Rows of the fit that importances are measured on, at most."""


class RiskClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Calibrated, explainable risks from any table of features.

    Candidates are compared on the same folds by log loss, and the simplest within one standard error
    of the best is fitted on all rows. Nothing is resampled or weighted, so that risks are
    probabilities. Missing values and categories are taken as they are: a missing value is a value of its own
    where the fit saw it, and never 0. Where the fit (almost) never saw a column's value missing, the values
    of rows alike in the rest stand in for it:
    see :class:`dropout_risk.modelling.inputs.likely_values.LikelyValues`.

    **It warns by default**, and fits all the same: of leaks (``LeakWarning``), of columns that name pupils or
    schools (``IdentifierWarning``), of 999 and the like among numbers (``UnknownCodeWarning``), and of fewer
    than fifty rows of a class (``FewDropoutsWarning``).
    ``leaks="raise"`` makes leaks an error, ``leaks="ignore"`` leaves the first two unsaid.

    Parameters
    ----------
    model : {"auto", "scorecard", "logistic", "ebm", "lightgbm", "blend"}, default="auto"
        The candidate, or the choice between them.
    catalogue : FeatureCatalogue, optional
        Gives monotone directions, and refuses columns that are for audit only.
    monotone : mapping of str to {-1, 0, 1}, optional
        Directions by column, over those of the catalogue: 1, more never lowers the risk; -1, more
        never raises it.
    calibrate : bool, default=True
        Calibrate on raw scores of models that did not see the row.
    folds : int, splitter or iterable of (train, test), default=5
        Folds on which candidates are compared and calibrated: how many, or whatever scikit-learn takes as
        ``cv=`` that tests every row once.
    random_state : int, default=0
        Deals the folds, samples the trees and seeds the tuning.
    candidates : sequence of str, optional
        What ``"auto"`` chooses between; default scorecard, logistic, lightgbm and blend. ``"ebm"`` needs
        interpret-core.
    tuning : Tuning, optional
        The budget for better settings of logistic regression and trees; by default none is spent.
    leaks : {"raise", "warn", "ignore"}, default="warn"
        What to do about leaks in the rows of the fit: see ``modelling.leaks.report.find_leaks``.
    positive_label : object, optional
        The label that is the risk. By default it is known by its name (1, True, dropout, yes, 辍学 and the
        like); where it is not, a fit on words is refused. It is never the second of an alphabet.

    Attributes
    ----------
    classes_ : ndarray
        The two labels, sorted; the columns of :meth:`predict_proba`.
    positive_label_ : object
        The label that is the risk: what directions, reasons and intervals are about.
    n_features_in_ : int
        Number of columns of the fit.
    feature_names_in_ : ndarray
        Names of the columns, where they had names.
    calibrated_model_ : CalibratedModel
        What is saved and what scores.
    selection_ : Selection
        The candidates beside each other.
    out_of_fold_ : ndarray
        Calibrated log-odds of the rows of the fit, each by a model that did not see it; NaN where a class was
        too rare for folds.
    booster_ : lightgbm.Booster
        The trees, where trees were chosen.
    scorecard_ : PointsTable
        Bins, points and risks, where the scorecard was chosen.
    explainer_ : str
        How contributions are computed.
    background_ : str
        What they are measured against: the rows of the fit with the first label (pupils who stayed), or its
        training rows where trees are too deep for that.
    leaks_ : LeakReport or None
        What the leak checks found; None where they were ignored.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"absence_share": rng.uniform(size=200), "route": rng.choice(["bus", "foot"], 200)})
    >>> y = (X["absence_share"] + rng.normal(scale=0.3, size=200) > 0.8).astype(int)
    >>> clf = RiskClassifier(monotone={"absence_share": 1}).fit(X, y)
    >>> clf.predict_proba(X).shape
    (200, 2)
    >>> clf.selection_.chosen
    'logistic'
    """

    def __init__(
        self,
        model: str = "auto",
        catalogue: FeatureCatalogue | None = None,
        *,
        monotone: Mapping[str, int] | None = None,
        calibrate: bool = True,
        folds: Any = 5,
        random_state: int = 0,
        candidates: Sequence[str] | None = None,
        tuning: Tuning | None = None,
        leaks: OnLeaks = "warn",
        positive_label: Any = None,
    ) -> None:
        self.model = model
        self.catalogue = catalogue
        self.monotone = monotone
        self.calibrate = calibrate
        self.folds = folds
        self.random_state = random_state
        self.candidates = candidates
        self.tuning = tuning
        self.leaks = leaks
        self.positive_label = positive_label

    def fit(
        self,
        X: pd.DataFrame | ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        cohorts: pd.DataFrame | None = None,
        calibration_set: tuple[pd.DataFrame | ArrayLike, ArrayLike] | None = None,
    ) -> Self:
        """Compare the candidates, calibrate, and fit the chosen one on all rows.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, n_features)
            Numbers, booleans, categories or strings; NaN is missing.
        y : array-like, shape (n,)
            Two classes; see ``positive_label``. Where X and y both name their rows, the names must agree.
        sample_weight : array-like of int, shape (n,), optional
            How many rows each row stands for: whole numbers, 0 leaves it out. It is as if the row were there
            so many times, always in one fold; the leak checks see it once. Other weights are refused: with
            them risks would be no probabilities.
        groups : array-like, optional
            Rows of one group (a pupil, a school, a course) never stand on both sides of a fold; groups are
            dealt so that rows and dropouts are spread. Default: the index level ``student_id`` of X, where
            there is one. Where groups cannot be dealt so that each fold holds both classes, folds are dealt
            by pupil (else by row), with a ``GroupFoldsWarning``; ``selection_.note`` says it too.
        cohorts : DataFrame, optional
            Columns ``school_id`` and ``as_of`` of each row: with ten schools or more, intervals are for
            the pupils of one school instead of for the mean of all.
        calibration_set : tuple of (X, y), optional
            Rows of their own to calibrate on, unseen by the fit.

        Raises
        ------
        TrainingError
            If there are fewer than two rows, one class only, or more than two, or if arguments of the
            classifier cannot be used: all of them at once, before any work.
        SplitError
            If ``folds`` do not test every row once, or put a group on both sides.
        FeatureInputError
            If a column can be read neither as numbers nor as categories, or if what stands beside X names
            other rows, or the same in another order.
        LabelError
            If nobody can know which label is the risk.
        ForbiddenFeatureError
            If a catalogue is given and a column is for audit only.
        EmptyColumnError
            If columns that no catalogue declares hold no value.
        LeakError
            If ``leaks`` is ``"raise"`` and the rows hold what nobody could know in time.
        """
        check_arguments(self)
        names = self._names()
        table = self._table(X, fitting=True)
        check_beside(table, groups, cohorts, calibration_set)
        for beside, name in ((y, "y"), (groups, "groups"), (cohorts, "cohorts")):
            refuse_other_rows(table, beside, name)
        check_count(y, len(table))
        counts, given = RowCounts.of_weights(sample_weight, table), (table, y, groups)
        table, y, groups, cohorts = map(counts.keep_rows, (*given, cohorts))
        self._two_labels = TwoLabels.learn(y, self.positive_label)
        self.classes_, self.positive_label_ = self._two_labels.classes, self._two_labels.risk
        labels = self._two_labels.codes(y)
        encoding = FeatureEncoding.learn(table, self.catalogue)
        encoded = encoding.encode(table)
        apart = group_keys(table, groups)
        refuse_empty_columns(encoding, encoded, self.catalogue)
        warn_of_wide(encoding)
        if self.leaks != "ignore":
            warn_of_identifiers(encoding, encoded)
        warn_of_codes(encoding, encoded)
        pupils = group_keys(table, None)
        self.leaks_ = check_leaks(self.leaks, encoding, encoded, labels, apart if pupils is None else pupils)
        keys, order = in_own_order(encoded, labels, apart)
        order = counts.repeated(order)
        warn_of_few(labels[order])
        owners = in_own_order(encoded, labels, pupils)[0] if apart is not None else keys
        days = _day_index(table)
        of_table = self._of_table(encoding, encoded, cohorts)
        likely = LikelyValues.learn(encoded[order], encoding.categorical, of_table)
        rows = TrainingRows(
            likely.middle(encoded[order]),
            labels[order],
            [keys[position] for position in order],
            [owners[position] for position in order],
            None if days is None else days[order],
        )
        fitted = fit_best(
            rows,
            names,
            monotone=self._directions(encoding),
            categorical=encoding.categorical,
            folds=self._folds(given, counts, order),
            seed=int(self.random_state or 0),
            tuning=self.tuning,
        )
        calibration = LinearCalibration()
        clusters = np.array(rows.keys if pupils is None else rows.owners)
        if self.calibrate and calibration_set is not None:
            uncalibrated = CalibratedModel(encoding, fitted.model, LinearCalibration(), likely=likely)
            calibration = self._calibrated_on(calibration_set, uncalibrated)
        elif self.calibrate and fitted.margin is not None:
            calibration = LinearCalibration.fit(fitted.margin, rows.y, clusters)
        self.out_of_fold_ = np.full(len(labels), np.nan)
        if fitted.margin is not None:
            self.out_of_fold_[order] = calibration.apply(fitted.margin)  # of one row always the same
            if self.calibrate and cohorts is not None:
                calibration = calibration.among_schools(fitted.margin, rows.y, clusters, cohorts.iloc[order])
        self.out_of_fold_ = counts.for_all(self.out_of_fold_)
        self.selection_, self._again = fitted.selection, fitted.again
        stayers = Backgrounds.of(fitted.model.terms, rows.X, rows.y == 0)
        self.calibrated_model_ = CalibratedModel(encoding, fitted.model, calibration, stayers, likely)
        self._seen = rows.X[:: -(-len(rows.X) // MOST_SEEN)]
        return self

    def _calibrated_on(
        self, rows: tuple[pd.DataFrame | ArrayLike, ArrayLike], uncalibrated: CalibratedModel
    ) -> LinearCalibration:
        """Fit the calibration on rows that were set aside."""
        table = self._table(rows[0])
        refuse_other_rows(table, rows[1], "y")
        margin = uncalibrated.margin(table)
        return LinearCalibration.fit(margin, self._two_labels.codes(rows[1]), group_keys(table, None))

    def _folds(self, given: tuple[Any, Any, Any], counts: RowCounts, order: Positions) -> int | Positions:
        """Give how many folds to deal, or each row's: dealt to the rows as given, whatever they weigh."""
        if isinstance(self.folds, Integral):
            return int(self.folds)
        table, y, groups = given
        codes, keys = self._two_labels.codes(y), group_keys(table, groups)
        return folds_of_splitter(self.folds, table, codes, keys, counts.kept)[order]

    def refitted(self, X: pd.DataFrame | ArrayLike, y: ArrayLike) -> CalibratedModel:
        """Fit the chosen candidate, in the setting that was found, on other rows; the calibration stays."""
        model, codes, table = self._fitted(), self._two_labels.codes(y), self._table(X)
        refuse_other_rows(table, y, "y")
        encoded = model.filled(table)
        again = self._again(encoded, codes)
        return replace(model, model=again, measured=Backgrounds.of(again.terms, encoded, codes == 0))

    @property
    def explainer_(self) -> str:
        """How contributions are computed."""
        return self._fitted().terms.explainer

    @property
    def background_(self) -> str:
        """What contributions are measured against."""
        return self._fitted().backgrounds.words

    @property
    def feature_importances_(self) -> Floats:
        """How much each feature moves the log-odds in the mean: mean |contribution| over rows of the fit.

        Shape (n_features,), in the order of the fit; at most a thousand rows are taken, evenly.
        """
        model = self._fitted()
        values = model.backgrounds.contributions(self._seen).values * model.calibration.a
        return np.asarray(np.abs(values).mean(axis=0))

    @property
    def booster_(self) -> Any:
        """The ``lightgbm.Booster``; AttributeError where no trees were chosen."""
        model = self._fitted().model
        boosted = getattr(model, "boosted", model)
        if not hasattr(boosted, "booster"):
            raise AttributeError(f"booster_: the chosen model is {self._fitted().kind!r}, which has no trees")
        return boosted.booster

    @property
    def scorecard_(self) -> PointsTable:
        """Bins, points and risks to print; AttributeError where the scorecard was not chosen."""
        fitted = self._fitted()
        if not isinstance(fitted.model, ScorecardModel):
            raise AttributeError(f"scorecard_: the chosen model is {fitted.kind!r}, which has no points")
        labels = {name: feature.label for name, feature in (self.catalogue or {}).items()}
        return PointsTable(fitted.model, fitted.encoding, fitted.calibration, labels)

    def decision_function(self, X: pd.DataFrame | ArrayLike) -> Floats:
        """Give the calibrated log-odds of the second class of ``classes_``."""
        log_odds = self._fitted().log_odds(self._table(X))
        return log_odds if self._two_labels.positive else -log_odds

    def predict_proba(self, X: pd.DataFrame | ArrayLike) -> Floats:
        """Give the probability of each class of ``classes_``, shape (n, 2)."""
        risk = self._fitted().risk(self._table(X))
        both = [1.0 - risk, risk]
        return np.column_stack(both if self._two_labels.positive else both[::-1])

    def predict_log_proba(self, X: pd.DataFrame | ArrayLike) -> Floats:
        """Give the log of :meth:`predict_proba`, shape (n, 2), exact also where a risk is nearly 0 or 1."""
        log_odds = self.decision_function(X)
        return np.column_stack([-np.logaddexp(0.0, log_odds), -np.logaddexp(0.0, -log_odds)])

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """Say how it was made, and once it is fitted what was chosen."""
        made = str(super().__repr__(N_CHAR_MAX))
        if not hasattr(self, "calibrated_model_"):
            return made
        chosen, columns = self.calibrated_model_.kind, self.n_features_in_
        (risk,) = np.asarray([self.positive_label_]).tolist()
        return f"{made} fitted: {chosen} on {columns} columns, the risk is {risk!r}"

    def predict(self, X: pd.DataFrame | ArrayLike) -> Array:
        """Give the more probable class. Watch lists rank by risk instead: see ``predict_proba``."""
        codes = (self.decision_function(X) > 0).astype(np.intp)
        return np.asarray(self.classes_[codes])

    def explain(
        self,
        X: pd.DataFrame | ArrayLike,
        background: pd.DataFrame | ArrayLike | None = None,
        *,
        labels: str | None = None,
    ) -> Any:
        """Split each row's log-odds over the features, as a ``shap.Explanation``.

        Parameters
        ----------
        X : DataFrame or array-like
            The rows.
        background : DataFrame or array-like, optional
            Rows of the same columns to measure contributions against, by default those of ``background_``.
            The base is their mean log-odds.
        labels : {"zh", "en"}, optional
            Name the features by the catalogue's labels in this language, by default as their columns.

        Returns
        -------
        shap.Explanation
            Base plus values are the log-odds of ``positive_label_``; data are the values as numbers (of a
            category its code, NaN is missing), and where some are words, display_data are the words.

        Raises
        ------
        MissingExtraError
            If shap is not installed.
        BackgroundError
            If the background has no rows or other columns.
        ModelKindError
            If a background is given and the trees are too deep for one.
        """
        model, table = self._fitted(), self._table(X)
        if background is not None:
            model = model.measured_against_rows(plain_table(background))
        encoding, names = model.encoding, list(model.encoding.names)
        if labels is not None:
            told = self.catalogue or default_catalogue()
            names = [told[name].label.to(language_of(labels)) if name in told else name for name in names]
        displayed = encoding.displayed(table, MISSING.to(language_of(labels or "en")))
        encoded = encoding.encode(table)
        parts, n = [], len(encoded)
        with progress_line("rows explained") as tell:
            for rows in blocks(n, EXPLAINED_AT_ONCE):
                parts.append(model.encoded_contributions(encoded[rows]))
                tell(rows.stop, n)
        return as_shap(Contributions.joined(parts), encoded, names, displayed)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.classifier_tags.multi_class = False
        return tags

    def _fitted(self) -> CalibratedModel:
        check_is_fitted(self, "calibrated_model_")
        model: CalibratedModel = self.calibrated_model_
        return model

    def _names(self) -> tuple[str, ...]:
        given = default_candidates() if self.candidates is None else tuple(self.candidates)
        return given if self.model == AUTO else (self.model,)

    def _table(self, X: pd.DataFrame | ArrayLike, *, fitting: bool = False) -> pd.DataFrame | Floats:
        given = plain_table(X)
        if not isinstance(given, pd.DataFrame):
            try:
                table: pd.DataFrame | Floats = check_array(
                    given,
                    dtype=np.float64,
                    ensure_all_finite="allow-nan",
                    ensure_min_samples=1,
                    estimator=self,
                )
            except ValueError as error:
                raise array_error(error) from None
        elif given.shape[1] == 0 or len(given) == 0:
            raise FeatureInputError(
                f"Found array with {len(given)} sample(s) and {given.shape[1]} feature(s)."
            )
        else:
            table = given
        if fitting:
            self._remember(table, not isinstance(X, pd.DataFrame) or has_names(X))
        else:
            self._compare(table)
        return table

    def _remember(self, X: pd.DataFrame | Floats, named: bool) -> None:
        self.n_features_in_ = X.shape[1]
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        if isinstance(X, pd.DataFrame) and named:
            self.feature_names_in_: Objects = np.array(X.columns, dtype=object)

    def _compare(self, X: pd.DataFrame | Floats) -> None:
        if X.shape[1] != self.n_features_in_ and not isinstance(X, pd.DataFrame):
            raise FeatureInputError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        if not isinstance(X, pd.DataFrame) and hasattr(self, "feature_names_in_"):
            name = type(self).__name__
            warnings.warn(
                f"X does not have valid feature names, but {name} was fitted with feature names",
                stacklevel=3,
            )

    def _of_table(
        self, encoding: FeatureEncoding, encoded: Floats, cohorts: pd.DataFrame | None
    ) -> Bools | None:
        """Mark the columns of tables that no school of the fit was without, where schools are known."""
        if self.catalogue is None or cohorts is None:
            return None
        sources = {name: feature.source for name, feature in self.catalogue.items()}
        return always_recorded(encoded, [sources.get(name, name) for name in encoding.names], cohorts)

    def _directions(self, encoding: FeatureEncoding) -> list[int]:
        declared = {name: feature.monotone for name, feature in (self.catalogue or {}).items()}
        own = dict(self.monotone or {})
        for name, direction in own.items():
            if name not in encoding.names:
                raise FeatureInputError(
                    f"monotone names no column {name!r}.", hint=nearest(name, encoding.names)
                )
            if direction not in (-1, 0, 1):
                raise FeatureInputError(f"monotone of {name!r} must be -1, 0 or 1, got {direction!r}.")
            if direction and name in encoding.categories:
                raise FeatureInputError(f"monotone of {name!r}: a categorical column has no direction.")
        directions = declared | own
        return [0 if name in encoding.categories else directions.get(name, 0) for name in encoding.names]


def _day_index(table: pd.DataFrame | Floats) -> Longs | None:
    """Give each row's place in time, where the index has as-of dates and more than two of them."""
    if not isinstance(table, pd.DataFrame) or "as_of" not in table.index.names:
        return None
    dates, position = np.unique(table.index.get_level_values("as_of").to_numpy(), return_inverse=True)
    return position.astype(np.int64) if len(dates) > 2 else None
