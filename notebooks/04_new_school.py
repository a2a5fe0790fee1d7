# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # A model goes to a new school
# Trained in one simulated district, used in another, where fewer records are kept and other shares drop out. What carries
# over is the order of pupils, mostly. What does not is the level of the risks, and a few labels mend it.

# %%
import pandas as pd

import dropout_risk as dr
from dropout_risk.evaluation.metrics import ranking_and_probability_metrics

settings = dr.Settings(
    language="en", models={"candidate": "logistic"}, evaluation={"refits": 0, "learning_curve": False}
)
at_home = dr.simulate_district(n_students=2000, seed=1)
model = dr.train(at_home, settings, track=False).model

# %% [markdown]
# The new district: features of two days of a year, and what became of the pupils. To have another base rate, a
# third of the pupils who dropped out of it are left out here: a school that leavers seldom come from.

# %%
away = dr.simulate_district(n_students=2000, seed=2)
cohort = dr.Cohort.on(away, ["2025-02-05", "2025-03-05"]).with_labels(away, horizon_days=90)
X, y = dr.build_features(away, cohort), cohort.labels
dropped = set(y[y == 1].index.get_level_values("student_id"))
left_out = {name for place, name in enumerate(sorted(dropped)) if place % 3}
kept = ~X.index.get_level_values("student_id").isin(left_out)
X, y = X[kept], y[kept]


# %%
def judged(model, rows):
    scores = model.score_features(X[rows]).frame().set_index("student_id")
    risks = scores["risk"].loc[X[rows].index.get_level_values("student_id")]
    found = ranking_and_probability_metrics(y[rows].to_numpy(), risks.to_numpy())
    return {name: found[name] for name in ("auc", "log_loss", "base_rate", "mean_risk", "calibration_slope")}


first = X.index.get_level_values("as_of") == "2025-02-05"
second = ~first
before = judged(model, second)
before

# %% [markdown]
# Labels of thirty to two hundred pupils of the first day move the level of the risks. The order of pupils stays.

# %%
table = {"as it came": before}
for labels in (30, 100, 200):
    rows = first.nonzero()[0][:labels]
    local = model.recalibrated(X.iloc[rows], y.iloc[rows])
    table[f"with {labels} labels"] = judged(local, second)
table["with the base rate alone"] = judged(
    model.recalibrated(X[first], base_rate=float(y[first].mean())), second
)
pd.DataFrame(table).T.round(3)

# %% [markdown]
# The card of the recalibrated model says what was done, and its version is another one.

# %%
local.card["en"][-300:]
