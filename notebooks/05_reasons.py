# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # Reasons, in shap's own plots
# A score is a base and what each feature adds to it, in log-odds. The base is the mean score of the pupils of the same
# grade level who stayed, so a contribution says how far a pupil differs from them. Everything here is made up: the
# pupils are simulated, and say nothing about a real school.

# %%
import matplotlib.pyplot as plt
import shap

import dropout_risk as dr

records = dr.simulate_district(n_students=600, seed=7)
settings = dr.Settings(language="en", models={"candidate": "lightgbm", "folds": 2})
run = dr.train(records, settings=settings, track=False)
scores = run.model.score(records, as_of="2025-06-02")
print(scores.model["explainer"], scores.model["background"])

# %% [markdown]
# All pupils at once, as a `shap.Explanation`: base and values, added in their order, are the log-odds of the scores to the
# bit, and the data are the features.

# %%
told = scores.explanation()
print(told.shape)

# %% [markdown]
# **One pupil**, the one with the highest risk: from the base below to the score above.

# %%
highest = max(range(len(scores)), key=lambda place: scores.pupils[place].risk)
shap.plots.waterfall(told[highest], max_display=12, show=False)
plt.show()

# %% [markdown]
# The same pupil as a teacher reads it: window variants of one fact are one reason, a value on the safe side never words a
# raising one, and points of probability add up to the risk less the risk of the base.

# %%
pupil = scores.pupils[highest]
for reason in pupil.raising:
    print(reason.text, reason.comparison, reason.own_past, round(reason.points, 3))

# %%
points = sum(reason.points for reason in (*pupil.raising, *pupil.lowering)) + pupil.other_points
print(pupil.risk, points)

# %% [markdown]
# **All pupils**: each dot is a pupil, far to the right where the feature raises the risk, red where its value is high.

# %%
shap.plots.beeswarm(told, max_display=12, show=False)
plt.show()

# %% [markdown]
# **One feature**: what an absence share adds, against its value. Pupils of one value differ where the trees let the feature
# work together with others.

# %%
shap.plots.scatter(told[:, "absence_share_60d"], show=False)
plt.show()

# %% [markdown]
# The classifier alone explains any table of features; its base is the mean of the rows that stayed, or of any rows that
# are handed in as a background.

# %%
cohort = dr.Cohort.on(records, as_of=["2024-11-04", "2024-12-02", "2025-01-06", "2025-03-03"]).with_labels(
    records, horizon_days=60
)
X = dr.build_features(records, cohort)
clf = dr.RiskClassifier("logistic", catalogue=dr.default_catalogue()).fit(X, cohort.labels)
often_absent = X[X["absence_share_20d"] > 0.1]
print(clf.background_, clf.explain(X).base_values[0], clf.explain(X, often_absent).base_values[0])
