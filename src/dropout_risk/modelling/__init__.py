"""Risk models: candidates, calibration, splits in time and selection."""
