"""Who learns and who is held out: folds by group, splits in time."""
