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
from dropout_risk.modelling import RandomSplit

sys.path.insert(0, str(Path(dr.__file__).parents[2] / "benchmarks"))
from oulad import TEST, TRAIN, cohort_on, oulad_catalogue
from oulad_records import read_oulad
from real_data import data_folder

if not (data_folder() / "oulad").is_dir():
    print("OULAD is not here: set DROPOUT_RISK_DATA. Nothing to show.")
    sys.exit(0)
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
print(len(X_before), len(X_after), round(y_before.mean(), 3), round(y_after.mean(), 3))

# %% [markdown]
# Both ways are judged on the same pupils, those of 2014, and by models that saw equally many rows: otherwise the
# difference would also be one of years and of sizes. **In time**: trained on 2013, as it would be used.

# %%
X, y = pd.concat([X_before, X_after]), pd.concat([y_before, y_after]).to_numpy()
of_2014 = np.arange(len(y)) >= len(y_before)
splits = list(RandomSplit(n_splits=5).split(X, y, groups=X.index.get_level_values("student_id").to_numpy()))
size = min(len(y_before), *(len(train) for train, _ in splits))
rng = np.random.default_rng(0)


def risks(train, test):
    train = np.sort(rng.choice(train, size, replace=False))
    clf = dr.RiskClassifier(model="logistic", catalogue=catalogue).fit(X.iloc[train], y[train])
    return clf.predict_proba(X.iloc[test])[:, 1]


in_time = risks(np.flatnonzero(~of_2014), np.flatnonzero(of_2014))

# %% [markdown]
# **At random**: both years shuffled together and cut into five parts; even with a pupil never on both sides. So every
# model has seen part of 2014.

# %%
at_random = np.full(len(y), np.nan)
for train, test in splits:
    judged = test[of_2014[test]]
    at_random[judged] = risks(train, judged)
at_random = at_random[of_2014]
y_2014 = y[of_2014]

# %% [markdown]
# By how much does the random split flatter? The interval draws the pupils of 2014 again and again, for both at once.


# %%
def flattery(rows):
    return roc_auc_score(y_2014[rows], at_random[rows]) - roc_auc_score(y_2014[rows], in_time[rows])


drawn = [flattery(rng.integers(len(y_2014), size=len(y_2014))) for _ in range(200)]
low, high = np.quantile(drawn, [0.025, 0.975])
table = pd.DataFrame(
    {
        "AUC": [roc_auc_score(y_2014, in_time), roc_auc_score(y_2014, at_random)],
        "mean risk": [in_time.mean(), at_random.mean()],
        "withdrew": [y_2014.mean()] * 2,
    },
    index=["in time", "at random"],
).round(3)
print(len(y_before), "rows of 2013,", len(y_2014), "of 2014,", size, "rows in every training")
print(table)
print(f"flattered by {flattery(slice(None)):.3f} in AUC [{low:.3f}, {high:.3f}]")

# %% [markdown]
# In AUC the random split flatters here by little, as the last line says: two years of one university are much alike. The
# level differs more. In time, the mean risk lies well below the share that withdrew, because more withdrew than the
# year before; the random split has seen part of that year and comes closer, which nobody can who forecasts it. How
# much a random split flatters elsewhere is not known beforehand: it grows with what changes from year to year.
#
# Reports made by `train` split in time. A random split is possible (`settings.split.kind = "random"`), and every report
# made from one says so in its first lines.
