"""Scoring on a Spark cluster with the very functions of one machine."""
