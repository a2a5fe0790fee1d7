"""Shapley values as they are defined: the mean over all coalitions, each computed by prediction."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np


def shapley_by_definition(booster, row, background):
    """Average over all coalitions of features, each taken from the row and the rest from the background."""
    n = len(row)
    worth = {}
    for size in range(n + 1):
        for coalition in combinations(range(n), size):
            mixed = background.copy()
            mixed[:, coalition] = row[list(coalition)]
            worth[coalition] = booster.predict(mixed, raw_score=True, num_threads=1).mean()
    values = np.zeros(n)
    for coalition, before in worth.items():
        weight = factorial(len(coalition)) * factorial(n - len(coalition) - 1) if len(coalition) < n else 0
        for feature in set(range(n)) - set(coalition):
            after = worth[tuple(sorted({*coalition, feature}))]
            values[feature] += weight / factorial(n) * (after - before)
    return values
