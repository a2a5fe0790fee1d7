"""Evaluation: metrics, capacity, baselines and the report."""
