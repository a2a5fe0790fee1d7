"""What a trained model keeps of the classes, schools and days that it learned from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dropout_risk.evaluation.trained_model import TrainedModel
from dropout_risk.scoring.group_profiles import GroupProfiles
from dropout_risk.scoring.unlike_groups import profiled_columns

MOST_ROWS = 5000


def group_profiles_of(trained: TrainedModel) -> GroupProfiles:
    """Learn the ranges of the groups of all rows before the test."""
    parts, rows = trained.parts, trained.parts.before_test
    X, frame = parts.X(rows), parts.cohort.frame.iloc[rows]
    classes = trained.histories.classes
    code = classes.codes[frame["pupil"].to_numpy()]
    where = pd.DataFrame(
        {
            "day": frame["as_of"].to_numpy(),
            "school": frame["school_id"].astype(object).to_numpy(),
            "class": np.where(code >= 0, code, np.nan),
        }
    )
    step = max(1, -(-len(X) // MOST_ROWS))
    added = trained.classifier.calibrated_model_.contributions(X.iloc[::step]).values
    names = [name for name in profiled_columns(trained.catalogue) if name in X]
    places = [X.columns.get_loc(name) for name in names]
    return GroupProfiles.of(X[names], where, np.abs(added).mean(axis=0)[places])
