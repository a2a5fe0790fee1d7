"""Histories: one row per pupil, columnar and compact, with the day each thing became known."""
