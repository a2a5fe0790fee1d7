# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # A first model, on simulated pupils
# Everything here is made up: the pupils, their marks, and who leaves. It shows the way, and says nothing about a real
# school. Change the first line to `dr.SchoolRecords.from_folder("…")` for your own records.

# %%
import dropout_risk as dr

records = dr.simulate_district(n_students=1500, seed=7)
print(records.check())

# %% [markdown]
# Who was at school on a day, and who had dropped out 90 school days later. Rows whose outcome nobody can know yet (or
# ever: transfers, deaths) are censored, not counted as staying.

# %%
cohort = dr.Cohort.on(records, as_of=["2025-03-03", "2025-04-01"]).with_labels(records, horizon_days=90)
print(cohort.labels.groupby("as_of").agg(["size", "mean"]))
print(cohort.censored["reason"].value_counts())

# %% [markdown]
# The features of those days, from what was known before each of them. Missing stays missing.

# %%
X = dr.build_features(records, cohort)
print(X.isna().mean().sort_values(ascending=False).head(8))

# %% [markdown]
# The candidates side by side; the simplest within one standard error wins.

# %%
clf = dr.RiskClassifier(catalogue=dr.default_catalogue()).fit(X, cohort.labels)
print(clf.selection_.frame().to_string())

# %% [markdown]
# One pupil's risk, taken apart: base and values add up to the log-odds of `predict_proba`. Any plot of shap works on it.

# %%
explanation = clf.explain(X.iloc[[0]])
print(explanation.base_values[0] + explanation.values[0].sum(), clf.decision_function(X.iloc[[0]])[0])

# %% [markdown]
# `train` does all of this on monthly snapshots, with a test in time, calibration, four baselines, and MLflow.

# %%
run = dr.train(records, settings=dr.Settings(language="en"), track=False)
print(run.report)

# %%
scores = run.model.score(records, as_of="2025-06-02")
print(scores.frame()[["student_id", "risk", "band", "reasons"]].head().to_string())
