"""Alerts by rule, independent of any model, and the kinds of help that fit."""
