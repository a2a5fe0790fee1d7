"""Pupils of schools whose true shares are known, seen on two days each."""

import numpy as np
import pandas as pd
from scipy.special import expit


def drawn_schools(n_schools, n_pupils, spread, seed=0, days=2, a=1.0, b=0.0):
    """Give margin, labels, pupils and cohorts; schools are shifted by ``spread`` in log-odds."""
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(n_schools), n_pupils)
    margin = rng.normal(-2.5, 1.2, len(school))
    shift = rng.normal(0, spread, n_schools)
    y = (rng.random(len(school)) < expit(a * margin + b + shift[school])).astype(np.int8)
    repeated = np.tile(np.arange(len(school)), days)
    day = np.repeat([f"2025-0{month + 1}-03" for month in range(days)], len(school))
    cohorts = pd.DataFrame({"school_id": [f"s{number}" for number in school[repeated]], "as_of": day})
    return margin[repeated], y[repeated], repeated, cohorts
