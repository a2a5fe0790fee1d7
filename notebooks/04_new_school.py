# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # A model goes to a new district
# Trained in one simulated district, used in another, where about twice as many drop out. What carries over is the order
# of pupils. What does not is the level of the risks, and labels of the new district mend it.

# %%
import numpy as np
import pandas as pd

import dropout_risk as dr
from dropout_risk.evaluation import ranking_and_probability_metrics

settings = dr.Settings(
    language="en", models={"candidate": "logistic"}, evaluation={"refits": 0, "learning_curve": False}
)
at_home = dr.simulate_district(n_students=2000, seed=1)
model = dr.train(at_home, settings, track=False).model

# %% [markdown]
# The new district: the labels of 6 May 2025 look 90 school days ahead, so they are known in the autumn, before
# 1 December, the day on which risks are wanted. To have another base rate, half of the pupils who stay are left out.

# %%
away = dr.simulate_district(n_students=4000, seed=2)
cohort = dr.Cohort.on(away, ["2025-05-06", "2025-12-01"]).with_labels(away, horizon_days=90)
X, y = dr.build_features(away, cohort), cohort.labels
pupils, days = X.index.get_level_values("student_id"), X.index.get_level_values("as_of")
rng = np.random.default_rng(0)
leavers = set(pupils[y.to_numpy() == 1])
everybody = rng.permutation(pupils.unique())
here = [name for name in everybody if name in leavers or rng.random() < 0.5]

# %% [markdown]
# Half of the pupils, drawn over all schools, give labels; the other half is judged: nobody is on both sides.

# %%
labelled = X.index[(days == "2025-05-06") & pupils.isin(here[::2])]
asked = X.index[(days == "2025-12-01") & pupils.isin(here[1::2])]
assert not set(labelled.get_level_values("student_id")) & set(asked.get_level_values("student_id"))
print(
    len(labelled),
    "pupils may give labels,",
    len(asked),
    "are judged,",
    cohort.frame["school_id"].nunique(),
    "schools",
)


def judged(model):
    risks = model.score_features(X.loc[asked]).frame().set_index("student_id")["risk"]
    found = ranking_and_probability_metrics(
        y.loc[asked].to_numpy(), risks.loc[asked.get_level_values("student_id")].to_numpy()
    )
    return {name: found[name] for name in ("auc", "log_loss", "base_rate", "mean_risk", "calibration_slope")}


# %% [markdown]
# How many labels are enough? Each number is drawn ten times; shown are means, and the lowest and highest mean risk.

# %%
rows = {"as it came": [judged(model)]}
for n in (30, 100, 300):
    drawn = [labelled[rng.choice(len(labelled), n, replace=False)] for _ in range(10)]
    rows[f"with {n} labels"] = [judged(model.recalibrated(X.loc[one], y.loc[one])) for one in drawn]
local = model.recalibrated(X.loc[labelled], y.loc[labelled])
rows["with all labels"] = [judged(local)]
rate = float(y.loc[labelled].mean())
rows["with the base rate alone"] = [judged(model.recalibrated(X.loc[labelled], base_rate=rate))]
table = pd.DataFrame({words: pd.DataFrame(found).mean() for words, found in rows.items()}).T
table["lowest"] = [min(one["mean_risk"] for one in found) for found in rows.values()]
table["highest"] = [max(one["mean_risk"] for one in found) for found in rows.values()]
print(table.round(3).to_string())

# %% [markdown]
# The AUC is the same in every line: recalibration moves the level of the risks and not the order of pupils. The level
# comes nearer to the share that dropped out, in the mean over draws. A single draw of 30 or 100 labels holds a handful
# of dropouts, and some leave the level further off than before: wait for a few hundred, or give the base rate, if it is
# known of this district. It stays a little too low even so: other pupils, on another day.

# %%
print(local.card["en"][-300:])
