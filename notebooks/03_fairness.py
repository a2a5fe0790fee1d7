# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # Fairness: whom does the list miss, and for what reasons?
# Simulated pupils: nothing here says anything about real groups. Sex and ethnicity are never features; they are used
# for this only.

# %%
import dropout_risk as dr
from dropout_risk.evaluation import FairnessReport, audit_groups

records = dr.simulate_district(n_students=4000, seed=11)
cohort = dr.Cohort.on(records, ["2025-02-05", "2025-03-05"]).with_labels(records, horizon_days=90)
X = dr.build_features(records, cohort)
odd = X.index.get_level_values("student_id").map(lambda name: sum(map(ord, str(name))) % 2 == 1)
clf = dr.RiskClassifier(model="logistic", catalogue=dr.default_catalogue()).fit(X[odd], cohort.labels[odd])

# %% [markdown]
# The other half of the pupils is judged. `audit_groups` reads sex, ethnicity, school, grade level, and from the family
# factors valid on the day who is left behind or disabled. What was not recorded is a group of its own.

# %%
groups = audit_groups(records, cohort)[~odd]
risks = clf.predict_proba(X[~odd])[:, 1]
days = X.index.get_level_values("as_of")[~odd].astype(str).to_numpy()
pupils = X.index.get_level_values("student_id")[~odd].to_numpy()
report = FairnessReport.of(cohort.labels[~odd].to_numpy(), risks, days, groups, share=0.1, pupils=pupils)
print(report.frame().head(12).to_string())

# %% [markdown]
# Groups with fewer than ten dropouts get no figure: a false negative rate of three pupils is noise, and a rate shrunk
# towards zero would make small groups look safe. The gaps, with intervals that count the right pupils (a false negative
# rate is a share of those who dropped out, not of everybody):

# %%
print(report.section().to_text("en"))

# %%
report.chart()

# %% [markdown]
# A gap says that the list serves one group less well. It does not say why, and closing it has a price, which the table
# of thresholds shows. Thresholds are never set by group in silence: people decide.
