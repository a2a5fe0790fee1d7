"""Monitoring: has the population drifted from the one the model was trained on?"""
