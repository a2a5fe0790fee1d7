"""Scoring: the risk model, its bundle and the one scoring function."""
