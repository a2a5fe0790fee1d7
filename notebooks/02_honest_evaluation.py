# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # Honest evaluation: what a random split would have claimed
# OULAD, 2013 to 2014: who withdraws from a course that has run for 56 days? A school that wants to use a model next year
# needs to know how good it will be next year. A random split of all years answers another question, because pupils of
# the year to be forecast are in the training. The data are not in the repository: `DROPOUT_RISK_DATA` names their folder.

# %%
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

import dropout_risk as dr
from dropout_risk.modelling.group_splits import RandomSplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from oulad import TEST, TRAIN, cohort_on, oulad_catalogue
from oulad_records import read_oulad
from real_data import data_folder

if not data_folder().is_dir():
    raise SystemExit("OULAD is not here: set DROPOUT_RISK_DATA. Nothing to show.")
oulad = read_oulad(data_folder() / "oulad")
histories = dr.Histories.from_records(oulad.records)
catalogue = oulad_catalogue()


# %% [markdown]
# Features as of day 56, from what was known then; the label is withdrawal in the rest of the presentation.


# %%
def rows(presentations):
    cohort = cohort_on(56, presentations, oulad, histories)
    return dr.build_features(histories, cohort, catalogue), cohort.labels


X_before, y_before = rows(TRAIN)
X_after, y_after = rows(TEST)
len(X_before), len(X_after), float(y_before.mean()), float(y_after.mean())

# %% [markdown]
# **In time**: trained on 2013, judged on 2014, as it would be used.

# %%
clf = dr.RiskClassifier(model="logistic", catalogue=catalogue).fit(X_before, y_before)
risk = clf.predict_proba(X_after)[:, 1]
in_time = roc_auc_score(y_after, risk)

# %% [markdown]
# **At random**: both years shuffled together and cut into five parts; even with a pupil never on both sides.

# %%
X, y = pd.concat([X_before, X_after]), pd.concat([y_before, y_after]).to_numpy()
pupils = X.index.get_level_values("student_id").to_numpy()
drawn = np.empty(len(y))
for train, test in RandomSplit(n_splits=5).split(X, y, groups=pupils):
    drawn[test] = (
        dr.RiskClassifier(model="logistic", catalogue=catalogue)
        .fit(X.iloc[train], y[train])
        .predict_proba(X.iloc[test])[:, 1]
    )
at_random = roc_auc_score(y, drawn)
pd.Series({"in time": in_time, "at random": at_random, "flattered by": at_random - in_time}).round(3)

# %% [markdown]
# The mean risk tells the same story: a random split also knows how many withdraw next year.

# %%
pd.DataFrame(
    {
        "withdrew": [float(y_after.mean()), float(y.mean())],
        "mean risk": [float(risk.mean()), float(drawn.mean())],
    },
    index=["in time", "at random"],
).round(3)

# %% [markdown]
# Reports made by `train` split in time. A random split is possible (`settings.split.kind = "random"`), and every report
# made from one says so in its first lines.
