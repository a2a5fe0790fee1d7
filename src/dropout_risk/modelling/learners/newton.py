"""Penalised logistic regression with signs held: Newton's method, each step solved exactly."""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Floats, Labels

MOST_STEPS = 50
MOST_SOLVED = 700
"""Columns beyond which the equations of a step, whose work grows with their cube, are not solved."""
TOLERANCE = 1e-9
"""Relative improvement of the objective below which the fit stops."""


def fit_logistic(columns: Floats, y: Labels, strength: float, signs: Floats, start: Floats) -> Floats:
    """Minimise ``strength * log loss + |weights|^2 / 2`` with declared signs; convex, so the answer is one.

    The last of the columns (shape (n, q)) is the intercept, which is not penalised. ``signs`` is 1 where a
    weight may not be negative, -1 where it may not be positive, 0 where it is free; ``start`` has the right
    signs.

    >>> columns = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    >>> y = np.array([1, 1, 0, 0], dtype=np.int8)
    >>> bool(fit_logistic(columns, y, 1.0, np.array([0.0, 0.0]), np.zeros(2))[0] < 0)
    True
    >>> fit_logistic(columns, y, 1.0, np.array([1.0, 0.0]), np.zeros(2)).tolist()
    [0.0, 0.0]
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1, user_api="blas"):  # the same bits on any number of cores
        if columns.shape[1] > MOST_SOLVED:
            return _follow_gradient(columns, y, strength, signs, start)
        return _descend_objective(columns, y, strength, signs, start)


def _descend_objective(columns: Floats, y: Labels, strength: float, signs: Floats, start: Floats) -> Floats:
    """Go down from ``start``, each step to the least point of the parabola that fits the objective there.

    Invariant: the weights keep their signs (so does every point between two that do), and the objective
    falls: a step is halved until it does. The objective is strictly convex, its least point the only one at
    which a step gains nothing, so what stops the descent is that point, whatever the start.
    """
    penalty = np.append(np.ones(columns.shape[1] - 1), 1e-8)
    weights, value = start, _penalised_loss(columns, y, strength, penalty, start)
    for _ in range(MOST_STEPS):
        gradient, curvature = _loss_derivatives(columns, y, strength, penalty, weights)
        step = _bounded_quadratic(curvature, curvature @ weights - gradient, signs) - weights
        slope = float(gradient @ step)
        size, new_value = 1.0, _penalised_loss(columns, y, strength, penalty, weights + step)
        while new_value > value + 1e-4 * size * slope and size > 1e-6:
            size /= 2
            new_value = _penalised_loss(columns, y, strength, penalty, weights + size * step)
        if value - new_value <= TOLERANCE * abs(value):
            return weights if new_value > value else weights + size * step
        weights, value = weights + size * step, new_value
    return weights


def _follow_gradient(columns: Floats, y: Labels, strength: float, signs: Floats, start: Floats) -> Floats:
    """Come down by gradients alone (L-BFGS-B) to where nothing is gained that a risk would show.

    The way down is short only if columns do not stand for the intercept too. So what moves is the score of
    the mean row in the intercept's place: the same weights, as if the columns had mean 0.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    penalty = np.append(np.ones(columns.shape[1] - 1), 1e-8)
    scale = 1.0 / (strength * len(y))
    means = np.append(columns[:, :-1].mean(axis=0), 0.0)

    def objective(moved: Floats) -> tuple[float, Floats]:
        weights = moved.copy()
        weights[-1] -= means @ moved
        margin = columns @ weights
        loss = np.logaddexp(0.0, margin).sum() - margin[y == 1].sum()
        gradient = strength * (columns.T @ (expit(margin) - y)) + penalty * weights
        gradient -= means * gradient[-1]
        return scale * float(strength * loss + 0.5 * (penalty * weights) @ weights), scale * gradient

    bounds = [(0.0 if sign > 0 else None, 0.0 if sign < 0 else None) for sign in signs]
    options = {"maxiter": 500, "ftol": 1e-9, "gtol": 1e-6}
    begin = start.copy()
    begin[-1] += means @ start
    found = minimize(objective, begin, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    found[-1] -= means @ found
    return np.asarray(found)


def _penalised_loss(columns: Floats, y: Labels, strength: float, penalty: Floats, weights: Floats) -> float:
    margin = columns @ weights
    loss = np.logaddexp(0.0, margin).sum() - margin[y == 1].sum()
    return float(strength * loss + 0.5 * (penalty * weights) @ weights)


def _loss_derivatives(
    columns: Floats, y: Labels, strength: float, penalty: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    from scipy.special import expit

    risk = expit(columns @ weights)
    gradient = strength * (columns.T @ (risk - y)) + penalty * weights
    root = columns * np.sqrt(strength * risk * (1 - risk))[:, np.newaxis]
    return gradient, root.T @ root + np.diag(penalty)


def _bounded_quadratic(curvature: Floats, linear: Floats, signs: Floats) -> Floats:
    """Minimise ``v' H v / 2 - c' v`` with declared signs, by block principal pivoting (Kim and Park 2011).

    Invariant: weights in ``zero`` are 0, and the others solve their equations. So the point is the least one
    as soon as no weight has the wrong sign and none at 0 is pulled to its right side (the Kuhn-Tucker
    conditions). Order: all that are wrong change places at once; after three times without fewer of them,
    the last one alone, which comes to an end for certain (Murty's rule). Exact: the equations are solved, not
    approached.
    """
    held = signs != 0
    zero = np.zeros(len(linear), dtype=np.bool_)
    fewest, patience = len(linear) + 1, 3
    while True:
        point = np.zeros(len(linear))
        point[~zero] = np.linalg.solve(curvature[np.ix_(~zero, ~zero)], linear[~zero])
        pull = np.where(zero, curvature @ point - linear, 0.0)
        wrong = held & ((signs * point < 0) | (zero & (signs * pull < 0)))
        if not wrong.any():
            return point
        if wrong.sum() < fewest:
            fewest, patience = int(wrong.sum()), 3
        elif patience > 0:
            patience -= 1
        else:
            wrong[: np.flatnonzero(wrong)[-1]] = False
        zero ^= wrong
